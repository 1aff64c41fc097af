"""Formats states, numbers, sizes and the status of a sweep as text."""

from __future__ import annotations

import math
import time

from wandb_magic.analysis.escape_sequences import plain_line
from wandb_magic.api._mode import MODE_HINT
from wandb_magic.api._status import Status
from wandb_magic.display.states import STATES, StateStyle
from wandb_magic.durations import format_duration
from wandb_magic.records import RunRecord, flatten_keys

_ACTIVE_STATES = ("pending", "running", "stopping")
_KIB = 1024
_MAX_CAUSE = 200  # maximum characters of a cause in a line
_MAX_NOTICE = 500
_MAX_NAME = 200


def is_active(status: Status) -> bool:
    """Return whether the sweep will continue without a request."""
    return status.state in _ACTIVE_STATES


def status_style(status: Status) -> StateStyle:
    """Return the style of a sweep's state: it looks failed if all of its runs failed."""
    return STATES["failed" if status.all_failed else status.state]


def progress(status: Status) -> str:
    """Return the number of ended runs, and the total if there is one."""
    budget = status.sweep.budget
    return str(status.ended) if budget is None else f"{status.ended}/{budget}"


def status_line(status: Status) -> str:
    """Return the sweep in one line: ``digits ◐ 18/30 · best 0.9134 · 4 m 2 s left``."""
    name, symbol = truncate(status.sweep.name, _MAX_NAME), status_style(status).symbol
    word = "" if status.state == "running" else f" {status.state}"
    parts = [
        f"{name} {symbol}{word} {progress(status)}",
        *status_details(status),
    ]
    return " · ".join(parts)


def status_lines(status: Status, skip: int = 0, as_of: str = "") -> str:
    """Return the status line and `as_of`, followed by the notices after the first `skip`."""
    line = " · ".join(filter(None, (status_line(status), as_of)))
    return "\n".join((line, *notices(status, skip)))


def notices(status: Status, skip: int = 0) -> list[str]:
    """Return the notices of a sweep after the first `skip`, each on one line.

    The reason why it is online or offline is omitted: it is shown once, when the sweep starts.
    """
    remaining = (
        text for text in status.sweep.notices[skip:] if not text.endswith(f"({MODE_HINT})")
    )
    return [truncate(text, _MAX_NOTICE) for text in remaining]


def status_details(status: Status) -> list[str]:
    """Return the parts of the status line after the sweep's name and progress."""
    details = []
    if status.best is not None:
        spread = "" if status.best_spread is None else f" ± {number(status.best_spread)}"
        details.append(f"best {number(status.best.value)}{spread} ({status.best_name})")
    if status.others:
        details.append(f"{1 + len(status.others)} objectives")
    if status.failed:
        details.append(f"{status.failed} failed")
    if status.lost:
        details.append(f"{status.lost} lost")
    details += map(str, (*status.held, *status.quiet))
    if status.eta is not None:
        details.append(status.time_left)
    if status.cost is not None:
        limit = status.sweep.options.max_cost
        details.append(f"cost {status.cost:.2f}" + ("" if limit is None else f" of {limit:g}"))
    if status.died:
        details.append("its supervisor is not running: `%wandb_sweep resume` starts it again")
    elif status.cause:
        details.append(truncate(status.cause, _MAX_CAUSE))
    if status.sync is not None:
        details.append(truncate(str(status.sync), _MAX_CAUSE))
    return details


def number(value: float | None) -> str:
    """Return a number with four significant digits; a dash for None."""
    if value is None:
        return "-"
    return f"{value:.4g}" if math.isfinite(value) else str(value)


def size(byte_count: int) -> str:
    """Return a human-readable size."""
    value, units = float(byte_count), iter(("B", "KiB", "MiB", "GiB"))
    unit = next(units)
    while value >= _KIB and (larger := next(units, None)):
        value, unit = value / _KIB, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"  # noqa: PLR2004 - three digits are enough


def run_duration(run: RunRecord) -> str:
    """Return how long a run took, or has taken so far; a dash if it has not started."""
    if run.started is None:
        return "-"
    return format_duration((run.ended or time.time()) - run.started)


def params(run: RunRecord) -> str:
    """Return a run's parameters in one line."""
    return ", ".join(
        f"{key}={_format_value(value)}" for key, value in flatten_keys(run.params).items()
    )


def truncate(text: str, length: int) -> str:
    """Return `text` on one line that no terminal obeys, cut after `length` characters."""
    flat = " ".join(plain_line(text).split())
    return flat if len(flat) <= length else f"{flat[: length - 1]}…"


def _format_value(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
