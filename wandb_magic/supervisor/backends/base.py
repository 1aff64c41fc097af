"""The `Backend` protocol, which chooses parameters, and the events that backends emit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from wandb_magic.records import Params, RunId, RunRecord, RunState, SweepState, Trial
from wandb_magic.spec import Spec
from wandb_magic.spec.edits import Filled


@dataclass(frozen=True)
class Suggestion:
    """The next run.

    Attributes
    ----------
    params
        Its parameters, nested as in the spec.
    run
        Its id, if the W&B server chooses it.
    """

    params: Params
    run: RunId | None = None


@dataclass(frozen=True)
class StopRun:
    """A running run is to be ended: its new state, and the cause."""

    run: RunId
    state: RunState
    cause: str


@dataclass(frozen=True)
class SweepChanged:
    """The sweep's state was changed elsewhere; ``FAILED`` means that no more runs will follow."""

    state: SweepState
    cause: str


@dataclass(frozen=True)
class BackendNotice:
    """A message to the user, shown once."""

    text: str


BackendEvent = StopRun | SweepChanged | BackendNotice
EventCallback = Callable[[BackendEvent], None]


class Backend(Protocol):
    """Chooses parameters and selects runs to prune.

    The supervisor owns it and calls it from its event loop only; `ask` may take long, and is
    awaited one call at a time without blocking the loop. It emits events of its own through an
    `EventCallback`, in the same loop.
    """

    async def ask(self, agent: int, number: int, trials: Sequence[Trial]) -> Suggestion | None:
        """Return run `number` for `agent`, given all runs so far; None if there are no more.

        If it is cancelled, nothing is lost: the next call returns what it would have returned.
        """
        ...

    def runs_to_prune(self, trials: Sequence[Trial]) -> frozenset[int]:
        """Return the numbers of the running runs to end early."""
        ...

    def on_run_changed(self, run: RunRecord) -> None:
        """Handle a run that has started, continues after a restart, or has ended."""
        ...

    def set_state(self, state: SweepState, *, drain: bool = False) -> None:
        """Handle a state change by the user; with `drain`, the active runs may finish."""
        ...

    def edit(self, spec: Spec, filled: Filled) -> None:
        """Search in another version of the spec from now on; a pending `ask` is of no use.

        Raises
        ------
        SweepError
            If that is not possible; then nothing has changed.
        """
        ...

    async def close(self) -> None:
        """Flush pending updates, then release threads and connections."""
        ...


BackendFactory = Callable[[EventCallback], Backend]
"""Makes a backend, given the callback for its events."""
