"""The `Launcher` protocol: how the supervisor starts and signals runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from wandb_magic.records import RunId
from wandb_magic.runner.run_process import Job


class Launcher(Protocol):
    """Starts and signals runs on one or more machines.

    The supervisor owns it and calls it from its event loop only. Events of the runs are emitted in
    the same loop, as the records of `wandb_magic.runner.events`.
    """

    async def start(self) -> None:
        """Start the runners; return when runs can be launched, or never will be."""
        ...

    async def launch(self, job: Job, positions: Mapping[str, int]) -> None:
        """Start a run whose folder is prepared; `positions` as for `recover`."""
        ...

    async def recover(self, job: Job, positions: Mapping[str, int]) -> None:
        """Adopt a run that an earlier supervisor may have started; otherwise start it.

        `positions` has the position up to which each of its logs was read and stored.
        """
        ...

    def signal(self, run: RunId, number: int, reason: str) -> None:
        """Signal a run's whole process group."""
        ...

    async def close(self) -> None:
        """Release the runners, once everything that was logged has been emitted."""
        ...
