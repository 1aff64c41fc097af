"""How things are said in text: states, numbers, sizes, and a sweep in one line."""

from __future__ import annotations

import math
import time

from wandb_magic.api._mode import MODE_HINT
from wandb_magic.api._status import Status, format_duration
from wandb_magic.records import RunRecord, flatten_keys

# A state is a mark and a word, so that nobody has to know colours or marks by heart.
SYMBOLS = {
    "pending": "○",
    "running": "◐",
    "paused": "‖",
    "stopping": "◐",
    "finished": "✓",
    "stopped": "■",
    "failed": "✗",
    "died": "✗",
    "killed": "✗",
    "pruned": "✂",
    "lost": "✗",
}
_ACTIVE_STATES = ("pending", "running", "stopping")
_KIB = 1024
_MAX_CAUSE = 200  # characters of a cause that a line has room for
_MAX_NOTICE = 500


def is_active(status: Status) -> bool:
    """Tell whether the sweep will go on by itself."""
    return status.state in _ACTIVE_STATES


def progress(status: Status) -> str:
    """Return how many runs are over, and of how many."""
    budget = status.sweep.budget
    return str(status.ended) if budget is None else f"{status.ended}/{budget}"


def status_line(status: Status) -> str:
    """Return the sweep in one line: ``digits ◐ 18/30 · best 0.9134 · 4 m 2 s left``."""
    word = "" if status.state == "running" else f" {status.state}"
    parts = [
        f"{status.sweep.name} {SYMBOLS[status.state]}{word} {progress(status)}",
        *status_details(status),
    ]
    return " · ".join(parts)


def status_lines(status: Status, skip: int = 0) -> str:
    """Return the sweep in one line, and below it its notices, but for the first `known` ones."""
    return "\n".join((status_line(status), *notices(status, skip)))


def notices(status: Status, skip: int = 0) -> list[str]:
    """Return what the user has to know of a sweep, but for the first `known` notices.

    Why it is online or offline is said once, where it starts.
    """
    later = (text for text in status.sweep.notices[skip:] if not text.endswith(f"({MODE_HINT})"))
    return [truncate(text, _MAX_NOTICE) for text in later]


def status_details(status: Status) -> list[str]:
    """Return what a line says behind the sweep's name and progress."""
    details = []
    if status.best is not None:
        details.append(f"best {number(status.best.value)} (run {status.best.number})")
    if status.failed:
        details.append(f"{status.failed} failed")
    if status.lost:
        details.append(f"{status.lost} lost")
    if status.remaining is not None:
        details.append(f"{format_duration(status.remaining)} left")
    if status.died:
        details.append("its supervisor is gone: `%wandb_sweep resume` starts it again")
    elif status.cause:
        details.append(truncate(status.cause, _MAX_CAUSE))
    if status.sync is not None:
        details.append(truncate(str(status.sync), _MAX_CAUSE))
    return details


def number(value: float | None) -> str:
    """Return a number with the digits that matter; a dash for none."""
    if value is None:
        return "-"
    return f"{value:.4g}" if math.isfinite(value) else str(value)


def size(byte_count: int) -> str:
    """Return a size for people."""
    value, units = float(byte_count), iter(("B", "KiB", "MiB", "GiB"))
    unit = next(units)
    while value >= _KIB and (larger := next(units, None)):
        value, unit = value / _KIB, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"  # noqa: PLR2004 - three digits are enough


def run_duration(run: RunRecord) -> str:
    """Return how long a run took, or has taken so far; a dash if it has not begun."""
    if run.started is None:
        return "-"
    return format_duration((run.ended or time.time()) - run.started)


def params(run: RunRecord) -> str:
    """Return a run's parameters in one line."""
    return ", ".join(
        f"{key}={_format_value(value)}" for key, value in flatten_keys(run.params, "").items()
    )


def truncate(text: str, length: int) -> str:
    """Return `text` on one line, cut after `length` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else f"{flat[: length - 1]}…"


def _format_value(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
