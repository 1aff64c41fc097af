"""What to say when a run misses a name that the notebook has, and that stayed behind."""

from __future__ import annotations

import linecache
import re
from pathlib import Path

from wandb_magic.bundle.manifest import Manifest

# As Python, pandas, numexpr, patsy, DuckDB, SQLite and polars say it.
_MISSING = re.compile(
    r"(?:name|variable|relation) ['\"](\w+)['\"] (?:is not defined|was not found)"
    r"|Table with name \"?(\w+)\"? does not exist|no such table: (\w+)"
)
_NAMESPACE = re.compile(r"\b(?:globals|locals|vars)\(\)")


def explain_missing_name(error: BaseException, folder: Path) -> None:
    """Add to an exception's message what to do, if the notebook has what it misses.

    Parameters
    ----------
    error
        What ends the run.
    folder
        The bundle that the run executes.
    """
    try:
        text = str(error)
        names = _names(error, text)
        name = next((each for each in names if each in Manifest.read(folder).left), None)
        if name is None:
            return
        first, newline, rest = text.partition("\n")
        hint = (
            f"the notebook has {name!r}, which stayed behind, for the cell names it at most in a "
            f"string: start the sweep with --include {name}"
        )
        error.args = (f"{first} ({hint}){newline}{rest}", *error.args[1:])
    except Exception:  # noqa: BLE001 - a user's exception may be any; it is told as it is
        return


def _names(error: BaseException, text: str) -> list[str]:
    if isinstance(error, KeyError) and error.args and _NAMESPACE.search(_line_of(error)):
        return [str(error.args[0])]
    found = [error.name] if isinstance(error, NameError) and error.name else []
    return [*found, *(word for words in _MISSING.findall(text) for word in words if word)]


def _line_of(error: BaseException) -> str:
    """Return the line that raised it."""
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None:
        frames = frames.tb_next
    if frames is None:
        return ""
    return linecache.getline(frames.tb_frame.f_code.co_filename, frames.tb_lineno)
