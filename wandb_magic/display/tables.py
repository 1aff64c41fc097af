"""Tables as plain text, columns under each other."""

from __future__ import annotations

import time
from collections.abc import Sequence

from wandb_magic.display import words
from wandb_magic.records import RunRecord
from wandb_magic.verbs.handle import Sweep
from wandb_magic.verbs.status import duration


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under a head, each column as wide as it must be."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    )


def of_sweeps(sweeps: Sequence[Sweep]) -> str:
    """Return sweeps as a table."""
    if not sweeps:
        return "There are no sweeps yet: run a cell that begins with %%wandb_sweep CONFIG."
    rows = []
    for sweep in sweeps:
        status = sweep.status()
        best = "-" if status.best is None else words.number(status.best.value)
        age = duration(time.time() - status.sweep.created)
        mark = words.MARKS[status.state]
        rows.append(
            (
                sweep.id,
                words.shortened(status.sweep.name, 40),
                f"{mark} {status.state}",
                words.progress(status),
                best,
                f"{age} ago",
                str(sweep.path.parent.parent),
            )
        )
    return table(("id", "name", "state", "runs", "best", "started", "where"), rows)


def of_runs(runs: Sequence[RunRecord]) -> str:
    """Return runs as a table."""
    if not runs:
        return "No run has started yet."
    rows = [
        (
            str(run.number),
            run.id,
            f"{words.MARKS[run.state.value]} {run.state.value}",
            words.number(run.value),
            words.took(run),
            words.shortened(words.choice(run), 80),
            words.shortened(run.cause, 60),
        )
        for run in runs
    ]
    return table(("run", "id", "state", "value", "took", "parameters", "cause"), rows)
