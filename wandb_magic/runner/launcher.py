"""What the supervisor asks of whoever runs its runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from wandb_magic.records import RunId
from wandb_magic.runner.run_process import Job


class Launcher(Protocol):
    """Starts and signals runs on one or more hosts.

    The supervisor owns it and calls it from its event loop only; what happens to the runs comes
    back in the same loop, as `wandb_magic.runner` events.
    """

    async def start(self) -> None:
        """Bring the hosts up; returns when runs can be launched, or never will be."""
        ...

    async def launch(self, job: Job, positions: Mapping[str, int]) -> None:
        """Start a run whose folder is prepared; `positions` as for `recover`."""
        ...

    async def recover(self, job: Job, positions: Mapping[str, int]) -> None:
        """See a run through that an earlier supervisor had begun, or perhaps had not.

        `positions` says how far each of its logs had been read and was kept.
        """
        ...

    def signal(self, run: RunId, number: int, reason: str) -> None:
        """Signal a run's whole process group."""
        ...

    async def close(self) -> None:
        """Let the hosts go, once all that was logged has been said."""
        ...
