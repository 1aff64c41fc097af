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
from wandb_magic.supervisor.run_outcome import StopReason

SEQUENCE = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


@dataclass
class _Escalation:
    reason: StopReason
    step: int = 0  # the next signal
    due: float = field(default_factory=time.monotonic)


class Terminator:
    """Carries each stop through to its end.

    Parameters
    ----------
    send
        Signals a run, and gives the reason; tells whether there was a process to signal.
    record
        Keeps why a run is ended, for the next supervisor.
    grace
        Seconds between the signals.
    """

    def __init__(
        self,
        send: Callable[[RunId, int, str], bool],
        record: Callable[[RunId, StopReason], None],
        grace: float,
    ) -> None:
        self._send = send
        self._record = record
        self._grace = grace
        self._escalations: dict[RunId, _Escalation] = {}

    def stop(self, run: RunId, reason: StopReason) -> None:
        """Begin to end a run; the first reason stays the reason."""
        if run not in self._escalations:
            self._escalations[run] = _Escalation(reason)
            self._record(run, reason)
        self.tick()

    def resume(self, run: RunId, reason: StopReason, *, signalled: bool) -> None:
        """Go on with what an earlier supervisor began; it had `told` the run, or had not."""
        # A second interrupt would break off what the run does to end in order.
        begun = (
            _Escalation(reason, 1, time.monotonic() + self._grace)
            if signalled
            else _Escalation(reason)
        )
        self._escalations.setdefault(run, begun)

    def tick(self) -> None:
        """Send what is due."""
        now = time.monotonic()
        for run, stop in self._escalations.items():
            if now >= stop.due and self._send(run, SEQUENCE[stop.step], stop.reason.cause):
                stop.step = min(stop.step + 1, len(SEQUENCE) - 1)
                stop.due = now + self._grace

    def pop_reason(self, run: RunId) -> StopReason | None:
        """Return why the run was stopped, None if it was not; forget it."""
        stop = self._escalations.pop(run, None)
        return stop.reason if stop is not None else None
