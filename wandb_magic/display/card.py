"""A sweep at a glance, as HTML: one line, the best value so far, the newest runs.

Whatever a user or a run wrote is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from wandb_magic.display import sparkline, style, words
from wandb_magic.records import RunRecord, metric_of
from wandb_magic.verbs.handle import Sweep
from wandb_magic.verbs.status import Status

NEWEST = 5
_CELL = "padding:0 12px 0 0;line-height:1.6;text-align:left;white-space:nowrap;border:none"
_WIDTHS = ("4em", "6em", "4em", "3em", "0")  # columns that stay where they are as states change


def card(sweep: Sweep, known: int = 0) -> tuple[str, Status]:
    """Return the card, without the first `known` notices, and the status that it shows."""
    status, runs = sweep.status(), sweep.records()
    metric = metric_of(status.sweep)
    values = [] if metric is None else [run.value for run in runs]
    curve = sparkline.best_so_far(values, maximize=metric is not None and metric.maximize)
    newest = sorted(runs, key=lambda run: run.created, reverse=True)[:NEWEST]
    body = "".join((_line(status), _notices(status, known), sparkline.svg(curve), _table(newest)))
    return (
        f'<div style="{style.TEXT};max-height:240px;overflow:auto">{body}</div>',
        status,
    )


def _line(status: Status) -> str:
    parts = [f"{_state(status.state)} {words.progress(status)}", *map(escape, words.facts(status))]
    return (
        f'<div style="{style.FIGURES}"><b>{escape(words.shortened(status.sweep.name, 60))}</b> '
        f"{' · '.join(parts)}</div>"
    )


def _notices(status: Status, known: int) -> str:
    found = "<br>".join(map(escape, words.notices(status, known)))
    return f'<div style="{style.MUTED}">{found}</div>' if found else ""


def _table(runs: Sequence[RunRecord]) -> str:
    rows = "".join(_row(_cells(run)) for run in runs)
    return (
        f'<table style="{style.FIGURES};border-collapse:collapse;font-size:.92em;margin:2px 0">'
        f"{rows}</table>"
        if rows
        else ""
    )


def _cells(run: RunRecord) -> Iterable[str]:
    yield f"run {run.number}"
    cause = f" {escape(words.shortened(run.cause, 60))}" if run.state.crashed else ""
    yield _state(run.state.value) + cause
    yield words.number(run.value)
    yield words.took(run)
    chosen = words.choice(run)
    yield f'<span title="{escape(chosen)}">{escape(words.shortened(chosen, 80))}</span>'


def _row(cells: Iterable[str]) -> str:
    columns = "".join(
        f'<td style="{_CELL};min-width:{width}">{cell}</td>'
        for cell, width in zip(cells, _WIDTHS, strict=True)
    )
    return f'<tr style="background:none">{columns}</tr>'


def _state(state: str) -> str:
    return f'<span style="color:{style.COLOURS[state]}">{words.MARKS[state]} {state}</span>'
