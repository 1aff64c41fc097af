"""How a sweep goes, in a terminal: one line in place, or lines where nothing can be moved."""

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
MIN_INTERVAL_S = 30.0  # a file or pipe gets a line no more often than this
CLEAR_LINE = "\r\x1b[2K"


def poll_status(sweep: Sweep, timeout: float | None) -> Iterator[Status]:
    """Yield how a sweep stands about twice a second, until it no longer goes on by itself.

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
        sweep.wait()  # its supervisor has a last word to say
    yield status


def watch_sweep(sweep: Sweep, timeout: float | None) -> Status:
    """Wait for the end of a sweep, and print meanwhile how it goes; return how it stands then."""
    show = make_progress()
    try:
        for status in poll_status(sweep, timeout):
            if formatting.is_active(status):
                show.update(status)
    finally:
        show.end()
    return status


def make_progress() -> TtyProgress | LineProgress:
    """Return what shows a changing line on this standard output."""
    return TtyProgress() if sys.stdout.isatty() else LineProgress()


class TtyProgress:
    """One line that changes."""

    def update(self, status: Status) -> None:
        """Show the line of now."""
        width = shutil.get_terminal_size().columns
        sys.stdout.write(
            CLEAR_LINE + formatting.truncate(formatting.status_line(status), width - 1)
        )
        sys.stdout.flush()

    def end(self) -> None:
        """Take the line away."""
        sys.stdout.write(CLEAR_LINE)
        sys.stdout.flush()


class LineProgress:
    """A new line when the state has changed, or when runs have ended, but these not too often."""

    def __init__(self) -> None:
        self._state = ""
        self._progress = ""
        self._next_update = 0.0

    def update(self, status: Status) -> None:
        """Show a line if it says enough that is new."""
        now, progress = time.monotonic(), formatting.progress(status)
        further = progress != self._progress and now >= self._next_update
        if further or status.state != self._state:
            sys.stdout.write(f"{formatting.status_line(status)}\n")
            sys.stdout.flush()
            self._state, self._progress, self._next_update = (
                status.state,
                progress,
                now + MIN_INTERVAL_S,
            )

    def end(self) -> None:
        """Keep what was said."""
