"""What a report contains besides plots; read from the sweep's folder, never from the notebook.

The environment of a run is its Python and its packages; environment variables are left out.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wandb_magic.analysis.plots.plot_data import PlotData
from wandb_magic.analysis.report.redaction import redact
from wandb_magic.bundle import Manifest
from wandb_magic.bundle.manifest import cell_path, split_magic
from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunRecord
from wandb_magic.safe_open import read_inside

LIST = Path("files", "requirements.txt")
"""W&B's list of packages, in the folder of a run."""

MOST_FAILURES = 50
MOST_PACKAGES = 1000
LOOKED_AT = 20  # runs whose folders are searched for a list of packages
TRACEBACK = 6000  # characters
_PACKAGE = re.compile(r"\s*([\w.-]+)\s*(?:==|@)\s*(\S+)")
_VARIED = re.compile(r"0x[0-9a-fA-F]+|\d+")


@dataclass(frozen=True)
class Code:
    """The code that the runs executed: its text, and the line or command that started them."""

    text: str
    command: str
    kind: str
    python: str
    notebook: str


@dataclass(frozen=True)
class Failure:
    """Runs that failed in the same way."""

    cause: str
    error: str
    runs: tuple[RunRecord, ...]


def code_of(paths: SweepPaths, plot_data: PlotData) -> Code:
    """Return what the runs executed, as far as the folder still contains it."""
    try:
        manifest = Manifest.read(paths.bundle)
    except (OSError, ValueError, TypeError, KeyError):  # a copy without its bundle
        return Code("", "", "", "", "")
    text = ""
    with contextlib.suppress(OSError):
        text = read_inside(paths.folder, cell_path(paths.bundle)).decode("utf-8", "replace")
    command, text = split_magic(text)
    if manifest.kind == "command":
        command = " ".join(map(str, plot_data.sweep.spec.get("command", ())))
        command = command or f"python {plot_data.sweep.spec.get('program', '')}"
    return Code(text, command, manifest.kind, manifest.python, Path(manifest.notebook).name)


def packages_of(paths: SweepPaths, runs: Sequence[RunRecord]) -> list[tuple[str, str]]:
    """Return the names and versions of packages, from the first run that has W&B's list."""
    for run in runs[:LOOKED_AT]:
        for folder in _folders(paths, run):
            with contextlib.suppress(OSError, UnicodeDecodeError):
                lines = read_inside(folder, folder / LIST).decode().splitlines()
                packages = [match.groups() for line in lines if (match := _PACKAGE.match(line))]
                if packages:
                    return [(name, version) for name, version in packages[:MOST_PACKAGES]]
    return []


def _folders(paths: SweepPaths, run: RunRecord) -> Iterator[Path]:
    """Yield the possible W&B folders of a run; the sweep's folder may have been moved."""
    if run.directory:
        recorded = Path(run.directory)
        yield from (recorded, paths.folder.parent / recorded.name)


def failures_of(runs: Sequence[RunRecord]) -> list[Failure]:
    """Return the failed runs, grouped by cause, the most frequent first."""
    groups: dict[str, list[RunRecord]] = {}
    for run in runs:
        if run.state.is_failure:
            groups.setdefault(_VARIED.sub("#", run.cause), []).append(run)
    ordered = sorted(groups.values(), key=lambda group: -len(group))[:MOST_FAILURES]
    return [
        # A secret that is cut in two would no longer be recognised.
        Failure(group[-1].cause, redact(group[-1].error)[-TRACEBACK:], tuple(group))
        for group in ordered
    ]


def span_of(plot_data: PlotData) -> float:
    """Return the duration of the sweep so far, in seconds."""
    sweep, runs = plot_data.sweep, plot_data.runs
    if any(not run.state.has_ended for run in runs) and sweep.ended is None:
        return time.time() - plot_data.began
    last = max((run.ended for run in runs if run.ended is not None), default=plot_data.began)
    return max(0.0, last - plot_data.began)
