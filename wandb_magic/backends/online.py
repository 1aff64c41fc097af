"""The W&B server chooses: one W&B agent for each agent of ours, through W&B's agent protocol.

A free agent asks at once, and again after growing pauses if there is nothing to do yet; all others
send their heartbeat. An outage is waited for. What the server hands out is never lost: a run that
cannot be started now is kept for the agent, and the agents keep their ids when the supervisor is
killed, so that the server knows what they still owe. Nor is it doubled: a run's id is taken once.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from wandb_magic.backends.agents import AgentIds
from wandb_magic.backends.base import EndRun, Hear, Proposal, SweepChanged, Trouble
from wandb_magic.backends.orders import Run, Stop, orders
from wandb_magic.errors import RemoteError
from wandb_magic.records import RunId, RunRecord, RunState, SweepRecord, SweepState, Trial, is_id
from wandb_magic.remote import Client, statements
from wandb_magic.remote.finding import look_up

HEARTBEAT_S = 5.0
FIRST_PAUSE_S = 0.1
THREADS = 4

_Answer = TypeVar("_Answer")

log = logging.getLogger(__name__)


class OnlineBackend:
    """Asks the W&B server.

    Parameters
    ----------
    client
        The server.
    sweep
        The sweep, which has the same id there.
    agents
        The file that keeps the ids of our agents there.
    runs
        All runs that the sweep has here.
    hear
        The supervisor's ear.
    """

    def __init__(
        self,
        client: Client,
        sweep: SweepRecord,
        agents: Path,
        runs: Iterable[RunRecord],
        hear: Hear,
    ) -> None:
        self._client = client
        self._sweep = sweep
        self._hear = hear
        self._known: set[RunId] = set()
        self._mine: dict[RunId, int] = {}
        self._offered: dict[RunId, Proposal] = {}
        self._unreported: dict[RunId, int] = {}
        for run in runs:
            self.told(run)
        self._ids = AgentIds(agents)
        self._locks: dict[int, asyncio.Lock] = {}
        self._state = ""
        self._over = False
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="wandb")
        self._pending: set[asyncio.Task[None]] = set()
        self._spawn(self._beat_forever())

    async def ask(self, agent: int, number: int, trials: Sequence[Trial]) -> Proposal | None:  # noqa: ARG002 - the server counts by itself
        """See `Backend`.

        Raises
        ------
        RemoteError
            If the server will not talk to us any more.
        """
        pause = FIRST_PAUSE_S
        while True:
            if proposal := self._next(agent):
                return proposal
            if self._over:
                return None
            await self._patiently(self._beat, agent)
            if self._next(agent) or self._over:
                continue
            await asyncio.sleep(pause)
            pause = min(2 * pause, HEARTBEAT_S)

    def stoppable(self, trials: Sequence[Trial]) -> frozenset[int]:  # noqa: ARG002 - as above
        """Return nothing: the server says it by a command."""
        return frozenset()

    def told(self, run: RunRecord) -> None:
        """See `Backend`."""
        self._known.add(run.id)
        self._offered.pop(run.id, None)
        if run.state.ended or run.agent < 0:  # it waits for an agent
            self._mine.pop(run.id, None)
        else:
            self._mine[run.id] = run.agent
        if self._unreported.get(run.id) == run.agent:
            self._spawn(self._report(run.agent))

    def changed(self, state: SweepState, *, drain: bool = False) -> None:
        """See `Backend`; a sweep that was made elsewhere is not ours to change."""
        word = _WORDS.get(state)
        if state is SweepState.RUNNING:
            self._over = False
        if word is not None and not self._sweep.options.attached:
            self._state = "FINISHED" if drain else word
            self._spawn(self._set_state(self._state))

    def close(self) -> None:
        """See `Backend`."""
        for task in self._pending:
            task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    # What is asked of the server

    async def _in_thread(self, function: Callable[..., _Answer], *given: object) -> _Answer:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: function(*given))

    async def _ask(self, statement: str, **variables: object) -> dict[str, Any]:
        return await self._in_thread(lambda: self._client.ask(statement, **variables))

    async def _beat(self, agent: int) -> None:
        """Send one agent's heartbeat, and do what the answer says."""
        async with self._locks.setdefault(agent, asyncio.Lock()):
            id_ = self._ids.of(agent) or await self._register(agent)
            going = {**self._mine, **self._unreported}
            runs = {run: True for run, slot in going.items() if slot == agent}
            answer = await self._ask(
                statements.HEARTBEAT, id=id_, metrics="{}", runState=json.dumps(runs)
            )
            for run in runs:
                self._unreported.pop(run, None)
            self._obey(agent, answer["agentHeartbeat"]["commands"])

    async def _report(self, agent: int) -> None:
        """Tell the server that a run has begun, however soon it ends: it was not lost."""
        await self._try(self._beat, agent)

    async def _register(self, agent: int) -> str:
        answer = await self._ask(
            statements.CREATE_AGENT,
            host=socket.gethostname(),
            projectName=self._sweep.project,
            entityName=self._sweep.entity,
            sweep=self._sweep.id,
        )
        return self._ids.keep(agent, str(answer["createAgent"]["agent"]["id"]))

    async def _look(self) -> dict[str, Any]:
        sweep = self._sweep
        return await self._in_thread(look_up, self._client, sweep.entity, sweep.project, sweep.id)

    async def _set_state(self, word: str) -> None:
        """Change the sweep's state there, once the server can be reached."""
        try:
            await self._patiently(self._set_state_now, word)
        except RemoteError as error:
            self._hear(Trouble(f"the sweep's state at W&B stays as it is: {error}"))

    async def _set_state_now(self, word: str) -> None:
        await self._ask(
            statements.SET_STATE,
            id=(await self._look())["id"],
            state=word,
            entityName=self._sweep.entity,
            projectName=self._sweep.project,
        )

    async def _beat_forever(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            for agent in sorted({*self._mine.values()}):
                await self._try(self._beat, agent)
            await self._try(self._compare)

    async def _compare(self) -> None:
        """Say what has become of the sweep since the last look."""
        before = self._state
        state = str((await self._look())["state"]).upper()
        if self._state != before:
            return  # it was changed from here meanwhile
        self._state = state
        if state != before:
            self._tell(state, before)

    def _tell(self, state: str, before: str) -> None:
        if state == "PAUSED":
            self._hear(SweepChanged(SweepState.PAUSED, "paused at W&B"))
        elif state == "RUNNING" and before == "PAUSED":
            self._hear(SweepChanged(SweepState.RUNNING, ""))
        elif state == "FINISHED":
            self._over = True
            self._hear(SweepChanged(SweepState.FINISHED, "finished at W&B"))
        elif state == "CANCELED":
            self._over = True
            self._hear(SweepChanged(SweepState.STOPPING, "cancelled at W&B"))

    def _obey(self, agent: int, commands: str) -> None:
        for order in orders(commands):
            if isinstance(order, Run):
                self._offer(agent, order)
            elif isinstance(order, Stop):
                self._hear(EndRun(order.run, *self._why_stopped()))
            else:
                self._over = True

    def _offer(self, agent: int, order: Run) -> None:
        if not is_id(order.run):
            self._hear(Trouble(f"W&B names a run {order.run!r}, which is no id: it is left out"))
        elif order.run not in self._known or (order.again and order.run not in self._mine):
            self._known.add(order.run)
            self._mine[order.run] = self._unreported[order.run] = agent
            self._offered[order.run] = Proposal(order.params, order.run)

    def _next(self, agent: int) -> Proposal | None:
        """Return what was handed out to an agent and has not begun; it stays until it has."""
        offers = (each for run, each in self._offered.items() if self._mine[run] == agent)
        return next(offers, None)

    def _why_stopped(self) -> tuple[RunState, str]:
        if "early_terminate" in self._sweep.spec:
            return RunState.PRUNED, "ended early by W&B"
        return RunState.STOPPED, "stopped at W&B"

    # Outages

    async def _patiently(self, deed: Callable[..., Awaitable[None]], *given: object) -> None:
        """Do something, however often it takes until the server can be reached."""
        pause = FIRST_PAUSE_S
        while error := await self._try(deed, *given):
            if pause == HEARTBEAT_S:
                self._hear(Trouble(f"{error}. Until then the sweep waits"))
            await asyncio.sleep(pause)
            pause = min(2 * pause, HEARTBEAT_S)

    async def _try(
        self, deed: Callable[..., Awaitable[None]], *given: object
    ) -> RemoteError | None:
        """Do something; return why it cannot be done at present, or None.

        Raises
        ------
        RemoteError
            If it never will.
        """
        try:
            await deed(*given)
        except RemoteError as error:
            if error.lasting:
                raise
            log.warning("%s", error)
            return error
        return None

    def _spawn(self, deed: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(deed)
        self._pending.add(task)
        task.add_done_callback(self._over_with)

    def _over_with(self, task: asyncio.Task[None]) -> None:
        self._pending.discard(task)
        if task.cancelled() or task.exception() is None:
            return
        error = task.exception()
        if isinstance(error, RemoteError):
            self._hear(SweepChanged(SweepState.FAILED, str(error)))
        else:
            task.result()  # nobody expected it: it ends the supervisor


_WORDS = {
    SweepState.RUNNING: "RUNNING",
    SweepState.PAUSED: "PAUSED",
    SweepState.STOPPING: "CANCELED",
}
