"""Shows a sweep's progress as text: one line that changes, or new lines in files and pipes."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Iterator

from wandb_magic.api._status import Status
from wandb_magic.api._sweep import Sweep
from wandb_magic.display import formatting

TICK_S = 0.5
MIN_INTERVAL_S = 30.0  # minimum time between two lines in a file or pipe
CLEAR_LINE = "\r\x1b[2K"


def poll_status(sweep: Sweep, timeout: float | None) -> Iterator[Status]:
    """Yield the status of a sweep about twice a second, until the sweep is no longer active.

    Parameters
    ----------
    sweep
        The sweep.
    timeout
        Seconds after which to give up.
    """
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    while formatting.is_active(status := sweep.status()) and time.monotonic() < deadline:
        yield status
        sweep.wait(min(TICK_S, max(0.0, deadline - time.monotonic())))
    if not formatting.is_active(status):
        sweep.wait()  # its supervisor may still write a last state
    yield status


def watch_sweep(sweep: Sweep, timeout: float | None) -> Status:
    """Wait for the end of a sweep while printing its progress; return its last status."""
    display = make_progress()
    try:
        for status in poll_status(sweep, timeout):
            if formatting.is_active(status):
                display.update(status)
    finally:
        display.end()
    return status


def make_progress() -> TtyProgress | LineProgress:
    """Return the progress display that suits standard output."""
    return TtyProgress() if sys.stdout.isatty() else LineProgress()


class TtyProgress:
    """A single line that is updated in place."""

    def update(self, status: Status) -> None:
        """Show the current status."""
        width = shutil.get_terminal_size().columns
        sys.stdout.write(
            CLEAR_LINE + formatting.truncate(formatting.status_line(status), width - 1)
        )
        sys.stdout.flush()

    def end(self) -> None:
        """Clear the line."""
        sys.stdout.write(CLEAR_LINE)
        sys.stdout.flush()


class LineProgress:
    """Prints a new line when the state changes, and at intervals when runs have ended."""

    def __init__(self) -> None:
        self._state = ""
        self._progress = ""
        self._next_update = 0.0

    def update(self, status: Status) -> None:
        """Print a line if the state has changed, or runs have ended."""
        now, progress = time.monotonic(), formatting.progress(status)
        is_due = progress != self._progress and now >= self._next_update
        if is_due or status.state != self._state:
            sys.stdout.write(f"{formatting.status_line(status)}\n")
            sys.stdout.flush()
            self._state, self._progress, self._next_update = (
                status.state,
                progress,
                now + MIN_INTERVAL_S,
            )

    def end(self) -> None:
        """Do nothing: printed lines are kept."""
