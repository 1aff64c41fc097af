"""The card of a sweep, as HTML: a status line, the best value so far, the best and newest runs.

Text from users and runs is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from wandb_magic.analysis.ranking import curve_values, improvement_curve, ranking_metric
from wandb_magic.api._status import Status
from wandb_magic.api._sweep import Sweep
from wandb_magic.display import css, formatting, sparkline
from wandb_magic.display.states import STATES, StateStyle
from wandb_magic.records import RunRecord

NEWEST = 5  # runs that are listed, including the best one
_CELL = "padding:0 12px 0 0;line-height:1.6;text-align:left;white-space:nowrap;border:none"
_WIDTHS = ("8em", "6em", "4em", "3em", "0")  # keep the columns in place as states change


def card(sweep: Sweep, skip: int = 0, as_of: str = "") -> tuple[str, Status]:
    """Return the card, without the first `skip` notices, and the status that it shows.

    `as_of` follows the status line.
    """
    status, runs = sweep.status(), sweep.records()
    metric = ranking_metric(status.sweep)
    curve = improvement_curve(curve_values(runs, status.sweep), metric)
    newest = sorted(runs, key=lambda run: run.created, reverse=True)[:NEWEST]
    best = status.best
    is_shown = best is None or any(run.id == best.id for run in newest)
    shown = newest if best is None or is_shown else [best, *newest[: NEWEST - 1]]
    parts = (
        _line(status, as_of),
        _notices(status, skip),
        sparkline.svg(curve),
        _table(shown, best),
    )
    body = "".join(parts)
    return (
        f'<div style="{css.TEXT};max-height:240px;overflow:auto">{body}</div>',
        status,
    )


def _line(status: Status, as_of: str) -> str:
    parts = [
        f"{_state(status.state, formatting.status_style(status))} {formatting.progress(status)}",
        *map(escape, formatting.status_details(status)),
    ]
    if as_of:
        parts.append(f'<span style="{css.MUTED}">{escape(as_of)}</span>')
    return (
        f'<div style="{css.FIGURES}"><b>{escape(formatting.truncate(status.sweep.name, 60))}</b> '
        f"{' · '.join(parts)}</div>"
    )


def _notices(status: Status, skip: int) -> str:
    body = "<br>".join(map(escape, formatting.notices(status, skip)))
    return f'<div style="{css.MUTED}">{body}</div>' if body else ""


def _table(runs: Sequence[RunRecord], best: RunRecord | None) -> str:
    rows = "".join(
        _row(_cells(run, is_best=best is not None and run.id == best.id)) for run in runs
    )
    return (
        f'<table style="{css.FIGURES};border-collapse:collapse;font-size:.92em;margin:2px 0">'
        f"{rows}</table>"
        if rows
        else ""
    )


def _cells(run: RunRecord, *, is_best: bool) -> Iterable[str]:
    yield f"run {run.number}" + (" ★ best" if is_best else "")
    cause = f" {escape(formatting.truncate(run.cause, 60))}" if run.state.is_failure else ""
    yield _state(run.state.value, STATES[run.state.value]) + cause
    yield formatting.number(run.value)
    yield formatting.run_duration(run)
    params = formatting.params(run)
    yield f'<span title="{escape(params)}">{escape(formatting.truncate(params, 80))}</span>'


def _row(cells: Iterable[str]) -> str:
    columns = "".join(
        f'<td style="{_CELL};min-width:{width}">{cell}</td>'
        for cell, width in zip(cells, _WIDTHS, strict=True)
    )
    return f'<tr style="background:none">{columns}</tr>'


def _state(state: str, style: StateStyle) -> str:
    return f'<span style="color:{css.COLORS[style.tone]}">{style.symbol} {state}</span>'
