"""The `Launcher` protocol: how the supervisor starts and signals runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from wandb_magic.records import RunId
from wandb_magic.runner.run_process import Job

PREEMPTED = "its worker was shut down"
"""Why a run was ended if what executed it is being shut down."""


class NoSlotError(Exception):
    """What a run needs is not free."""


class Launcher(Protocol):
    """Starts and signals runs on one or more machines.

    The supervisor owns it and calls it from its event loop only. Events of the runs are emitted in
    the same loop, as the records of `wandb_magic.runner.events`.
    """

    async def start(self) -> None:
        """Start the runners; return when runs can be launched, or never will be."""
        ...

    def reserve_slot(self, agent: int, agents: int, *, alone: bool = False) -> str:
        """Reserve what the next run of an agent needs; return what it waits for, or "".

        The reservation is for the next call of `launch`. With `alone`, the run shares its GPUs
        with no other.
        """
        ...

    def cancel_reservation(self) -> None:
        """Give up what is reserved, because no run is to start."""
        ...

    async def launch(self, job: Job, positions: Mapping[str, int]) -> None:
        """Start a run whose folder is prepared; `positions` as for `recover`.

        Raises
        ------
        NoSlotError
            If nothing is reserved for it, and nothing is free: it has to wait for an agent again.
        """
        ...

    async def recover(self, job: Job, positions: Mapping[str, int]) -> None:
        """Adopt a run that an earlier supervisor may have started; otherwise start it.

        `positions` has the position up to which each of its logs was read and stored.
        """
        ...

    def signal(self, run: RunId, number: int, reason: str) -> None:
        """Signal a run's whole process group.

        A run that has no process yet, and is being stopped, is signalled again and again: where it
        waits for something before it starts, it should end.
        """
        ...

    async def close(self) -> None:
        """Release the runners, once everything that was logged has been emitted."""
        ...
