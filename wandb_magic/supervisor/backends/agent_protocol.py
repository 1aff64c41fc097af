"""W&B's agent protocol: our agents' requests about one sweep, and the server's commands.

The requests are made in threads so as not to block the loop. Nothing here retries or keeps
anything: `OnlineBackend` decides when to try again.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from wandb_magic.errors import RemoteError
from wandb_magic.records import Params, RunId, SweepRecord, SweepState
from wandb_magic.wandb_client import WandbClient, queries
from wandb_magic.wandb_client.sweeps import query_sweep, set_state

THREADS = 4

_Answer = TypeVar("_Answer")

STATE_NAMES = {
    SweepState.RUNNING: "RUNNING",
    SweepState.PAUSED: "PAUSED",
    SweepState.STOPPING: "CANCELED",
}
"""The server's name of each state that can be requested here."""


@dataclass(frozen=True)
class RunCommand:
    """Execute this run; with `is_resume`, one that has started before, under the same id."""

    run: RunId
    params: Params
    is_resume: bool


@dataclass(frozen=True)
class StopCommand:
    """End this run."""

    run: RunId


@dataclass(frozen=True)
class ExitCommand:
    """There are no more runs."""


AgentCommand = RunCommand | StopCommand | ExitCommand
"""What the server answers to an agent's heartbeat."""


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
        """Release the threads, once they have their answers."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def register(self) -> str:
        """Create an agent; return its id.

        Raises
        ------
        RemoteError
            As in all methods here: if there is no answer, or the server refuses.
        """
        answer = await self._query(
            queries.CREATE_AGENT,
            host=socket.gethostname(),
            projectName=self._sweep.project,
            entityName=self._sweep.entity,
            sweep=self._sweep.id,
        )
        return str(self._field(answer, "createAgent")["agent"]["id"])

    async def heartbeat(self, agent: str, runs: Iterable[RunId]) -> list[AgentCommand]:
        """Report which runs an agent has; return the commands for it."""
        run_state = json.dumps(dict.fromkeys(runs, True))
        answer = await self._query(queries.HEARTBEAT, id=agent, metrics="{}", runState=run_state)
        return list(_parse_commands(self._field(answer, "agentHeartbeat")["commands"]))

    async def state(self) -> str:
        """Return the sweep's state, as W&B names it."""
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


def _parse_commands(commands: str) -> Iterator[AgentCommand]:
    """Yield the commands of an answer; skip those that this version does not know."""
    for command in json.loads(commands):
        match command:
            case {
                "type": "run" | "resume" as kind,
                "run_id": str(run),
                "args": Mapping() as args,
            }:
                yield RunCommand(RunId(run), _params(args), kind == "resume")
            case {"type": "stop", "run_id": str(run)}:
                yield StopCommand(RunId(run))
            case {"type": "exit"}:
                yield ExitCommand()


def _params(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: arg["value"] for name, arg in args.items()}
