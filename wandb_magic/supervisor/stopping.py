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
    step: int = 0  # the next signal
    due: float = field(default_factory=time.monotonic)


class Stopper:
    """Carries each stop through to its end.

    Parameters
    ----------
    send
        Signals a run, and gives the reason; tells whether there was a process to signal.
    intend
        Keeps why a run is ended, for the next supervisor.
    grace
        Seconds between the signals.
    """

    def __init__(
        self,
        send: Callable[[RunId, int, str], bool],
        intend: Callable[[RunId, Intent], None],
        grace: float,
    ) -> None:
        self._send = send
        self._intend = intend
        self._grace = grace
        self._stops: dict[RunId, _Stop] = {}

    def stop(self, run: RunId, intent: Intent) -> None:
        """Begin to end a run; the first reason stays the reason."""
        if run not in self._stops:
            self._stops[run] = _Stop(intent)
            self._intend(run, intent)
        self.tick()

    def carry_on(self, run: RunId, intent: Intent, *, told: bool) -> None:
        """Go on with what an earlier supervisor began; it had `told` the run, or had not."""
        # A second interrupt would break off what the run does to end in order.
        begun = _Stop(intent, 1, time.monotonic() + self._grace) if told else _Stop(intent)
        self._stops.setdefault(run, begun)

    def tick(self) -> None:
        """Send what is due."""
        now = time.monotonic()
        for run, stop in self._stops.items():
            if now >= stop.due and self._send(run, SEQUENCE[stop.step], stop.intent.cause):
                stop.step = min(stop.step + 1, len(SEQUENCE) - 1)
                stop.due = now + self._grace

    def ended(self, run: RunId) -> Intent | None:
        """Return why the run was stopped, None if it was not; forget it."""
        stop = self._stops.pop(run, None)
        return stop.intent if stop is not None else None
