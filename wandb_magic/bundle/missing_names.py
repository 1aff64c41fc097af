"""Explains that a run lacks a name that the notebook has but that was not captured."""

from __future__ import annotations

import linecache
import re
from pathlib import Path

from wandb_magic.bundle.manifest import Manifest

# The messages of Python, pandas, numexpr, patsy, DuckDB, SQLite and polars.
_MISSING = re.compile(
    r"(?:name|variable|relation) ['\"](\w+)['\"] (?:is not defined|was not found)"
    r"|Table with name \"?(\w+)\"? does not exist|no such table: (\w+)"
)
_NAMESPACE = re.compile(r"\b(?:globals|locals|vars)\(\)")


def explain_missing_name(error: BaseException, folder: Path) -> None:
    """Add a remedy to an exception's message if the notebook has the missing name.

    Parameters
    ----------
    error
        The exception that ends the run.
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
            f"the notebook has {name!r}, which was not captured because the cell mentions it at "
            f"most in a string: start the sweep with --include {name}"
        )
        error.args = (f"{first} ({hint}){newline}{rest}", *error.args[1:])
    except Exception:  # noqa: BLE001 - a user's exception may do anything; it is reported unchanged
        return


def _names(error: BaseException, text: str) -> list[str]:
    if isinstance(error, KeyError) and error.args and _NAMESPACE.search(_line_of(error)):
        return [str(error.args[0])]
    names = [error.name] if isinstance(error, NameError) and error.name else []
    return [*names, *(word for words in _MISSING.findall(text) for word in words if word)]


def _line_of(error: BaseException) -> str:
    """Return the source line that raised it."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return ""
    return linecache.getline(traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
