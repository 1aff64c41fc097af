"""The W&B server chooses: one W&B agent for each agent of ours, through W&B's agent protocol.

A free agent asks at once, and again after growing pauses if there is nothing to do yet; all others
send their heartbeat. An outage is waited for. What the server hands out is never lost: a run that
cannot be started now is kept for the agent, on the disk, too, with the agent's id at W&B. Nor is
it doubled: a run's id is taken once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any

from wandb_magic.backends.base import EndRun, Hear, Proposal, SweepChanged, Trouble
from wandb_magic.backends.counterpart import WORDS, Counterpart
from wandb_magic.backends.orders import Exit, Run, Stop
from wandb_magic.backends.owed import Owed
from wandb_magic.errors import RemoteError
from wandb_magic.records import RunId, RunRecord, RunState, SweepRecord, SweepState, Trial, is_id
from wandb_magic.remote import Client

HEARTBEAT_S = 5.0
FIRST_PAUSE_S = 0.1
CLOSING_S = 10.0  # for the sweep's last state to reach the server

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
        The file that keeps who our agents are there, and what they owe.
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
        self._there = Counterpart(client, sweep)
        self._sweep = sweep
        self._hear = hear
        self._owed = Owed(agents)
        self._known: set[RunId] = set(self._owed.offers)
        self._mine: dict[RunId, int] = {}
        self._unreported: dict[RunId, int] = {}
        for run in runs:
            self.told(run)
        for run_id, (agent, _) in self._owed.offers.items():
            self._mine[run_id] = self._unreported[run_id] = agent
        self._locks: dict[int, asyncio.Lock] = {}
        self._state = ""
        self._wanted = ""
        self._turning: asyncio.Task[None] | None = None
        self._over = False
        self._pending: set[asyncio.Task[None]] = set()
        self._beating = self._spawn(self._beat_forever())

    async def ask(self, agent: int, number: int, trials: Sequence[Trial]) -> Proposal | None:  # noqa: ARG002 - the server counts by itself
        """See `Backend`.

        Raises
        ------
        RemoteError
            If the server will not talk to us any more.
        """
        pause = FIRST_PAUSE_S
        while True:
            if self._turning is not None:
                # Until it is told that the sweep goes on, the server would send the agent home.
                await asyncio.shield(self._turning)
            if proposal := self._owed.next(agent):
                return proposal
            if self._over:
                await self._patiently(self._compare)  # is it finished, or was it cancelled?
                return None
            await self._patiently(self._beat_to_the_end, agent)
            if self._owed.next(agent) or self._over:
                continue
            await asyncio.sleep(pause)
            pause = min(2 * pause, HEARTBEAT_S)

    def stoppable(self, trials: Sequence[Trial]) -> frozenset[int]:  # noqa: ARG002 - as above
        """Return nothing: the server says it by a command."""
        return frozenset()

    def told(self, run: RunRecord) -> None:
        """See `Backend`."""
        self._known.add(run.id)
        self._owed.begun(run.id)
        if run.state.ended or run.agent < 0:  # it waits for an agent
            self._mine.pop(run.id, None)
        else:
            self._mine[run.id] = run.agent
        if (agent := self._unreported.get(run.id)) is not None:
            self._spawn(self._report(agent))  # it was not lost, however soon it ends

    def changed(self, state: SweepState, *, drain: bool = False) -> None:
        """See `Backend`; a sweep that was made elsewhere is not ours to change."""
        word = WORDS.get(state)
        if state is SweepState.RUNNING:
            self._over = False
            if self._beating.done():  # the server would not talk to us, and now perhaps it does
                self._beating = self._spawn(self._beat_forever())
        if word is not None and not self._sweep.options.attached:
            self._state = self._wanted = "FINISHED" if drain else word
            if self._turning is None:
                self._turning = self._spawn(self._turn())

    async def close(self) -> None:
        """See `Backend`; an outage does not hold up the sweep's end for long."""
        if self._turning is not None:
            await asyncio.wait([self._turning], timeout=CLOSING_S)
        if self._wanted:
            self._hear(
                Trouble(
                    f"W&B could not be told that the sweep is {self._wanted}: it does not answer; "
                    "say it on the sweep's page"
                )
            )
        for task in self._pending:
            task.cancel()
        if self._pending:
            await asyncio.wait(self._pending)
        self._there.close()

    # What is asked of the server

    async def _beat(self, agent: int) -> None:
        """Send one agent's heartbeat, and do what the answer says."""
        async with self._locks.setdefault(agent, asyncio.Lock()):
            id_ = self._owed.ids.get(agent) or await self._register(agent)
            if not id_:
                return
            going = {**self._mine, **self._unreported}
            runs = [run for run, slot in going.items() if slot == agent]
            commands = await self._there.heartbeat(id_, runs)
            for run in runs:
                self._unreported.pop(run, None)
            self._obey(agent, commands)

    async def _beat_to_the_end(self, agent: int) -> None:
        """Send a heartbeat, and hear the answer even if nobody waits for it any more."""
        beat = asyncio.ensure_future(self._beat(agent))
        self._pending.add(beat)
        beat.add_done_callback(self._pending.discard)
        await asyncio.shield(beat)

    async def _report(self, agent: int) -> None:
        await self._try(self._beat, agent)

    async def _register(self, agent: int) -> str:
        """Return the id of a new agent, "" if the sweep has come to its end meanwhile."""
        try:
            id_ = await self._there.register()
        except RemoteError as error:
            if error.lasting:
                await self._compare()
            if self._over:
                return ""
            raise
        self._owed.register(agent, id_)
        return id_

    async def _turn(self) -> None:
        """Change the sweep's state there, once the server can be reached, to the last wanted."""
        try:
            while self._wanted:
                await self._patiently(self._turn_now)
        except RemoteError as error:
            self._wanted = ""
            self._hear(Trouble(f"the sweep's state at W&B stays as it is: {error}"))
        finally:
            self._turning = None

    async def _turn_now(self) -> None:
        state = self._wanted
        await self._there.set_state(state)
        if self._wanted == state:
            self._wanted = ""

    async def _beat_forever(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            for agent in sorted({*self._mine.values()}):
                await self._try(self._beat, agent)
            await self._try(self._compare)

    async def _compare(self) -> None:
        """Say what has become of the sweep since the last look."""
        before = self._state
        state = await self._there.state()
        if self._turning is not None or self._state != before:
            return  # it is changed from here meanwhile
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

    def _obey(self, agent: int, commands: Iterable[Run | Stop | Exit]) -> None:
        for order in commands:
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
            self._owed.offer(agent, order.run, Proposal(order.params, order.run))

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
                self._hear(Trouble(f"the sweep waits for W&B: {error}"))
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

    def _spawn(self, deed: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(deed)
        self._pending.add(task)
        task.add_done_callback(self._over_with)
        return task

    def _over_with(self, task: asyncio.Task[None]) -> None:
        self._pending.discard(task)
        if task.cancelled():
            return
        try:
            task.result()  # what nobody expected ends the supervisor
        except RemoteError as error:
            self._hear(SweepChanged(SweepState.FAILED, str(error)))
