"""The sweep as the W&B server has it, asked in threads so that the supervisor's loop goes on.

It asks once, and keeps nothing: `OnlineBackend` knows when to ask again.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from wandb_magic.errors import RemoteError
from wandb_magic.records import RunId, SweepRecord, SweepState
from wandb_magic.supervisor.backends.agent_protocol import (
    ExitCommand,
    RunCommand,
    StopCommand,
    parse_commands,
)
from wandb_magic.wandb_client import WandbClient, queries
from wandb_magic.wandb_client.sweeps import query_sweep, set_state

THREADS = 4

_Answer = TypeVar("_Answer")

STATE_NAMES = {
    SweepState.RUNNING: "RUNNING",
    SweepState.PAUSED: "PAUSED",
    SweepState.STOPPING: "CANCELED",
}
"""What the server calls a state that is asked for here."""


class WandbSweepClient:
    """One sweep at the server.

    Parameters
    ----------
    client
        The server.
    sweep
        The sweep, which has the same id there.
    """

    def __init__(self, client: WandbClient, sweep: SweepRecord) -> None:
        self._client = client
        self._sweep = sweep
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="wandb")

    def close(self) -> None:
        """Let the threads go, once they have their answers."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def register(self) -> str:
        """Make an agent; return its id.

        Raises
        ------
        RemoteError
            As all others here: if there is no answer, or it says no.
        """
        answer = await self._query(
            queries.CREATE_AGENT,
            host=socket.gethostname(),
            projectName=self._sweep.project,
            entityName=self._sweep.entity,
            sweep=self._sweep.id,
        )
        return str(self._field(answer, "createAgent")["agent"]["id"])

    async def heartbeat(
        self, agent: str, runs: Iterable[RunId]
    ) -> list[RunCommand | StopCommand | ExitCommand]:
        """Say which runs an agent has; return what it shall do."""
        told = json.dumps(dict.fromkeys(runs, True))
        answer = await self._query(queries.HEARTBEAT, id=agent, metrics="{}", runState=told)
        return list(parse_commands(self._field(answer, "agentHeartbeat")["commands"]))

    async def state(self) -> str:
        """Return the sweep's state in W&B's words."""
        return str((await self._fetch_sweep())["state"]).upper()

    async def set_state(self, state: str) -> None:
        """Change the sweep's state there."""
        sweep = self._sweep
        await self._in_thread(
            lambda: set_state(self._client, sweep.entity, sweep.project, sweep.id, state)
        )

    async def _fetch_sweep(self) -> dict[str, Any]:
        sweep = self._sweep
        return await self._in_thread(
            lambda: query_sweep(self._client, sweep.entity, sweep.project, sweep.id)
        )

    async def _query(self, statement: str, **variables: object) -> dict[str, Any]:
        return await self._in_thread(lambda: self._client.execute(statement, **variables))

    async def _in_thread(self, function: Callable[[], _Answer]) -> _Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    def _field(self, answer: dict[str, Any], name: str) -> dict[str, Any]:
        part: dict[str, Any] | None = answer.get(name)
        if part is None:
            sweep = self._sweep
            raise RemoteError(
                f"W&B at {self._client.base_url} has no agents for sweep {sweep.entity}/"
                f"{sweep.project}/{sweep.id}: check whether it was deleted"
            )
        return part
