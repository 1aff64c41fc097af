"""Plain-text tables with aligned columns."""

from __future__ import annotations

import time
from collections.abc import Sequence

from wandb_magic.api._sweep import Sweep
from wandb_magic.display import formatting
from wandb_magic.display.states import STATES
from wandb_magic.durations import format_duration
from wandb_magic.records import RunRecord


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a header and rows, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    )


def sweeps_table(sweeps: Sequence[Sweep]) -> str:
    """Return sweeps as a table."""
    if not sweeps:
        return "There are no sweeps yet: run a cell that begins with %%wandb_sweep CONFIG."
    rows = []
    for sweep in sweeps:
        status = sweep.status()
        best = "-" if status.best is None else formatting.number(status.best.value)
        age = format_duration(time.time() - status.sweep.created)
        symbol = formatting.status_style(status).symbol
        rows.append(
            (
                sweep.id,
                formatting.truncate(status.sweep.name, 40),
                f"{symbol} {status.state}",
                formatting.progress(status),
                best,
                f"{age} ago",
                str(sweep.path.parent.parent),
            )
        )
    return format_table(("id", "name", "state", "runs", "best", "started", "where"), rows)


def runs_table(runs: Sequence[RunRecord]) -> str:
    """Return runs as a table."""
    if not runs:
        return "No run has started yet."
    rows = [
        (
            str(run.number),
            run.id,
            f"{STATES[run.state.value].symbol} {run.state.value}",
            formatting.number(run.value),
            formatting.run_duration(run),
            formatting.truncate(formatting.params(run), 80),
            formatting.truncate(run.cause, 60),
        )
        for run in runs
    ]
    return format_table(("run", "id", "state", "value", "took", "parameters", "cause"), rows)
