"""What the supervisor asks of whoever chooses parameters, and what it is told by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from wandb_magic.records import Params, RunId, RunRecord, RunState, SweepState, Trial


@dataclass(frozen=True)
class Suggestion:
    """The next run.

    Attributes
    ----------
    params
        Its parameters, nested as in the spec.
    run
        Its id, where that is not ours to choose.
    """

    params: Params
    run: RunId | None = None


@dataclass(frozen=True)
class StopRun:
    """A running run is to be ended: why, and what becomes of it."""

    run: RunId
    state: RunState
    cause: str


@dataclass(frozen=True)
class SweepChanged:
    """The sweep's state was changed elsewhere: ``FAILED`` says that no run will come any more."""

    state: SweepState
    cause: str


@dataclass(frozen=True)
class BackendNotice:
    """Something that the user has to know, once."""

    text: str


BackendEvent = StopRun | SweepChanged | BackendNotice
EventCallback = Callable[[BackendEvent], None]


class Backend(Protocol):
    """Chooses parameters and ends poor runs.

    The supervisor owns it and calls it from its event loop only; `ask` may take long, and is
    awaited one call at a time, beside the loop. What it has to say by itself reaches the
    supervisor through a `EventCallback`, in the same loop.
    """

    async def ask(self, agent: int, number: int, trials: Sequence[Trial]) -> Suggestion | None:
        """Return run `number`, for `agent`, given all runs so far; None if there is none.

        If it is cancelled, nothing is lost: the next call returns what it would have returned.
        """
        ...

    def runs_to_prune(self, trials: Sequence[Trial]) -> frozenset[int]:
        """Return the numbers of the running runs to end early."""
        ...

    def on_run_changed(self, run: RunRecord) -> None:
        """Hear that a run has begun, goes on after a restart, or has ended."""
        ...

    def set_state(self, state: SweepState, *, drain: bool = False) -> None:
        """Hear that people asked for another state; with `drain`, the living runs may end."""
        ...

    async def close(self) -> None:
        """Say what is still to be said, and let go of threads and connections."""
        ...


BackendFactory = Callable[[EventCallback], Backend]
"""Makes a backend, given what is called with its events."""
