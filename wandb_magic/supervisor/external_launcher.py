"""The launcher of a sweep whose runs users execute themselves: there is nothing to start."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from wandb_magic.records import RunId
from wandb_magic.runner.events import RunExited, RunnerEvent, RunnerReady
from wandb_magic.runner.run_process import Job


class ExternalLauncher:
    """See `wandb_magic.runner.launcher.Launcher`.

    A run that is stopped ends at once: its result is refused then.

    Parameters
    ----------
    emit
        Called with the events.
    """

    def __init__(self, emit: Callable[[RunnerEvent], None]) -> None:
        self._emit = emit

    async def start(self) -> None:
        """Report that runs can be handed out."""
        self._emit(RunnerReady())

    def reserve_slot(self, agent: int, agents: int, *, alone: bool = False) -> str:  # noqa: ARG002 - nothing is limited here
        """Reserve nothing."""
        return ""

    def cancel_reservation(self) -> None:
        """Do nothing."""

    async def launch(self, job: Job, positions: Mapping[str, int]) -> None:
        """Do nothing."""

    async def recover(self, job: Job, positions: Mapping[str, int]) -> None:
        """Do nothing."""

    def signal(self, run: RunId, number: int, reason: str) -> None:  # noqa: ARG002 - any signal ends it
        """End a run."""
        ended = RunExited(run, None, None, "", time.time())
        asyncio.get_running_loop().call_soon(self._emit, ended)

    async def close(self) -> None:
        """Do nothing."""
