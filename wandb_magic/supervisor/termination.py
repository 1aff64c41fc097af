"""Terminates runs: SIGINT, then SIGTERM, then SIGKILL, with a grace period between.

SIGINT loses nothing: the run raises ``KeyboardInterrupt`` and wandb writes its record. The others
are for runs that do not respond.
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
    """Sends each run that is being stopped its signals, until it has ended.

    Parameters
    ----------
    send
        Signals a run, with the reason; returns whether there was a process to signal.
    record
        Stores why a run is ended, for the next supervisor.
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
        """Start to end a run; if it is being ended already, the first reason counts."""
        if run not in self._escalations:
            self._escalations[run] = _Escalation(reason)
            self._record(run, reason)
        self.tick()

    @property
    def ending(self) -> frozenset[RunId]:
        """The runs that are being ended."""
        return frozenset(self._escalations)

    def resume(self, run: RunId, reason: StopReason, *, signalled: bool) -> None:
        """Continue a stop of an earlier supervisor; `signalled` if the run was sent a signal."""
        # A second interrupt would abort the run's orderly shutdown.
        escalation = (
            _Escalation(reason, 1, time.monotonic() + self._grace)
            if signalled
            else _Escalation(reason)
        )
        self._escalations.setdefault(run, escalation)

    def tick(self) -> None:
        """Send what is due."""
        now = time.monotonic()
        for run, escalation in self._escalations.items():
            if now >= escalation.due and self._send(
                run, SEQUENCE[escalation.step], escalation.reason.cause
            ):
                escalation.step = min(escalation.step + 1, len(SEQUENCE) - 1)
                escalation.due = now + self._grace

    def pop_reason(self, run: RunId) -> StopReason | None:
        """Remove and return why the run was stopped; None if it was not."""
        escalation = self._escalations.pop(run, None)
        return escalation.reason if escalation is not None else None
