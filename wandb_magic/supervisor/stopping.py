"""Ending a run from outside: SIGINT, then SIGTERM, then SIGKILL, with a grace period between.

SIGINT loses nothing: the run raises ``KeyboardInterrupt`` and wandb writes its record. The others
are for runs that do not listen.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from wandb_magic.records import RunId
from wandb_magic.supervisor.endings import Intent

SEQUENCE = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


@dataclass
class _Stop:
    intent: Intent
    step: int = 0
    due: float = field(default_factory=time.monotonic)


class Stopper:
    """Carries each stop through to its end.

    Parameters
    ----------
    send
        Signals a run, and gives the reason.
    grace
        Seconds between the signals.
    """

    def __init__(self, send: Callable[[RunId, int, str], None], grace: float) -> None:
        self._send = send
        self._grace = grace
        self._stops: dict[RunId, _Stop] = {}

    def stop(self, run: RunId, intent: Intent) -> None:
        """Begin to end a run; the first reason stays the reason."""
        self._stops.setdefault(run, _Stop(intent))
        self.tick()

    def tick(self) -> None:
        """Send what is due."""
        now = time.monotonic()
        for run, stop in self._stops.items():
            if now >= stop.due:
                self._send(run, SEQUENCE[stop.step], stop.intent.cause)
                stop.step = min(stop.step + 1, len(SEQUENCE) - 1)
                stop.due = now + self._grace

    def ended(self, run: RunId) -> Intent | None:
        """Return why the run was stopped, None if it was not; forget it."""
        stop = self._stops.pop(run, None)
        return stop.intent if stop is not None else None
