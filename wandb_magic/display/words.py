"""How things are said in text: states, numbers, sizes, and a sweep in one line."""

from __future__ import annotations

import math
import time

from wandb_magic.records import RunRecord, documents
from wandb_magic.verbs.mode import HOW
from wandb_magic.verbs.status import Status, duration

# A state is a mark and a word, so that nobody has to know colours or marks by heart.
MARKS = {
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
_ACTIVE = ("pending", "running", "stopping")
_KIB = 1024
_CAUSE = 200  # characters of a cause that a line has room for
_NOTICE = 500


def active(status: Status) -> bool:
    """Tell whether the sweep will go on by itself."""
    return status.state in _ACTIVE


def progress(status: Status) -> str:
    """Return how many runs are over, and of how many."""
    budget = status.sweep.budget
    return str(status.ended) if budget is None else f"{status.ended}/{budget}"


def line(status: Status) -> str:
    """Return the sweep in one line: ``digits ◐ 18/30 · best 0.9134 · 4 m 2 s left``."""
    word = "" if status.state == "running" else f" {status.state}"
    parts = [f"{status.sweep.name} {MARKS[status.state]}{word} {progress(status)}", *facts(status)]
    return " · ".join(parts)


def lines(status: Status, known: int = 0) -> str:
    """Return the sweep in one line, and below it its notices, but for the first `known` ones."""
    return "\n".join((line(status), *notices(status, known)))


def notices(status: Status, known: int = 0) -> list[str]:
    """Return what the user has to know of a sweep, but for the first `known` notices.

    Why it is online or offline is said once, where it starts.
    """
    later = (text for text in status.sweep.notices[known:] if not text.endswith(f"({HOW})"))
    return [shortened(text, _NOTICE) for text in later]


def facts(status: Status) -> list[str]:
    """Return what a line says behind the sweep's name and progress."""
    found = []
    if status.best is not None:
        found.append(f"best {number(status.best.value)} (run {status.best.number})")
    if status.failed:
        found.append(f"{status.failed} failed")
    if status.lost:
        found.append(f"{status.lost} lost")
    if status.remaining is not None:
        found.append(f"{duration(status.remaining)} left")
    if status.died:
        found.append("its supervisor is gone: `%wandb_sweep resume` starts it again")
    elif status.cause:
        found.append(shortened(status.cause, _CAUSE))
    if status.sync is not None:
        found.append(shortened(str(status.sync), _CAUSE))
    return found


def number(value: float | None) -> str:
    """Return a number with the digits that matter; a dash for none."""
    if value is None:
        return "-"
    return f"{value:.4g}" if math.isfinite(value) else str(value)


def size(octets: int) -> str:
    """Return a size for people."""
    value, units = float(octets), iter(("B", "KiB", "MiB", "GiB"))
    unit = next(units)
    while value >= _KIB and (larger := next(units, None)):
        value, unit = value / _KIB, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"  # noqa: PLR2004 - three digits are enough


def took(run: RunRecord) -> str:
    """Return how long a run took, or has taken so far; a dash if it has not begun."""
    if run.started is None:
        return "-"
    return duration((run.ended or time.time()) - run.started)


def choice(run: RunRecord) -> str:
    """Return a run's parameters in one line."""
    return ", ".join(f"{key}={_value(value)}" for key, value in documents(run.params, "").items())


def shortened(text: str, length: int) -> str:
    """Return `text` on one line, cut after `length` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else f"{flat[: length - 1]}…"


def _value(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
