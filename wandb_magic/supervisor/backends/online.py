"""The backend of online sweeps: the W&B server chooses, through W&B's agent protocol.

Each of our agents is one W&B agent. A free agent asks at once, and again after growing pauses if
there is nothing to do yet; all others send their heartbeat. Calls are retried during an outage.
What the server assigns is never lost: a run that cannot be started now is kept for the agent, also
on disk, with the agent's id at W&B. Nor is it duplicated: each run id is accepted once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any

from wandb_magic.errors import RemoteError, SweepStateError
from wandb_magic.records import RunId, RunRecord, RunState, SweepRecord, SweepState, Trial, is_id
from wandb_magic.requests import ONLINE_EDIT
from wandb_magic.spec import Spec
from wandb_magic.spec.edits import Filled
from wandb_magic.supervisor.backends.agent_protocol import (
    STATE_NAMES,
    AgentCommand,
    RunCommand,
    StopCommand,
    WandbSweepClient,
)
from wandb_magic.supervisor.backends.base import (
    BackendNotice,
    EventCallback,
    StopRun,
    Suggestion,
    SweepChanged,
)
from wandb_magic.supervisor.backends.pending_assignments import PendingAssignments
from wandb_magic.wandb_client import WandbClient

HEARTBEAT_S = 5.0
FIRST_PAUSE_S = 0.1
CLOSE_TIMEOUT_S = 10.0  # for the sweep's last state to reach the server

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
        The file with our agents' ids there and their pending assignments.
    runs
        All runs of the sweep on this machine.
    on_event
        Called with the backend's events.
    """

    def __init__(
        self,
        client: WandbClient,
        sweep: SweepRecord,
        agents: Path,
        runs: Iterable[RunRecord],
        on_event: EventCallback,
    ) -> None:
        self._client = WandbSweepClient(client, sweep)
        self._sweep = sweep
        self._on_event = on_event
        self._assignments = PendingAssignments(agents)
        self._seen: set[RunId] = set(self._assignments.assignments)
        self._agent_of: dict[RunId, int] = {}
        self._unreported: dict[RunId, int] = {}
        for run in runs:
            self.on_run_changed(run)
        for run_id, (agent, _) in self._assignments.assignments.items():
            self._agent_of[run_id] = self._unreported[run_id] = agent
        self._locks: dict[int, asyncio.Lock] = {}
        self._state = ""
        self._target_state = ""
        self._push_task: asyncio.Task[None] | None = None
        self._exhausted = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._heartbeat_task = self._spawn(self._heartbeat_loop())

    async def ask(self, agent: int, number: int, trials: Sequence[Trial]) -> Suggestion | None:  # noqa: ARG002 - the server counts by itself
        """See `Backend`.

        Raises
        ------
        RemoteError
            If the server rejects our requests for good.
        """
        pause = FIRST_PAUSE_S
        while True:
            if self._push_task is not None:
                # Until the server knows that the sweep continues, it would tell the agent to exit.
                await asyncio.shield(self._push_task)
            if suggestion := self._assignments.peek(agent):
                return suggestion
            if self._exhausted:
                # Is it finished, or was it cancelled?
                await self._retry_until_online(self._poll_state)
                return None
            await self._retry_until_online(self._shielded_heartbeat, agent)
            if self._assignments.peek(agent) or self._exhausted:
                continue
            await asyncio.sleep(pause)
            pause = min(2 * pause, HEARTBEAT_S)

    def runs_to_prune(self, trials: Sequence[Trial]) -> frozenset[int]:  # noqa: ARG002 - as above
        """Return nothing: the server sends a command instead."""
        return frozenset()

    def on_run_changed(self, run: RunRecord) -> None:
        """See `Backend`."""
        self._seen.add(run.id)
        self._assignments.acknowledge(run.id)
        if run.state.has_ended or run.agent < 0:  # it waits for an agent
            self._agent_of.pop(run.id, None)
        else:
            self._agent_of[run.id] = run.agent
        if (agent := self._unreported.get(run.id)) is not None:
            # However soon it ends, the server must learn that it was not lost.
            self._spawn(self._report_run(agent))

    def set_state(self, state: SweepState, *, drain: bool = False) -> None:
        """See `Backend`; a sweep that was created elsewhere is never changed from here."""
        state_name = STATE_NAMES.get(state)
        if state is SweepState.RUNNING:
            self._exhausted = False
            if self._heartbeat_task.done():  # the server rejected us, and may accept us now
                self._heartbeat_task = self._spawn(self._heartbeat_loop())
        if state_name is not None and not self._sweep.options.attached:
            self._state = self._target_state = "FINISHED" if drain else state_name
            if self._push_task is None:
                self._push_task = self._spawn(self._push_state())

    def edit(self, spec: Spec, filled: Filled) -> None:  # noqa: ARG002 - the server has the spec
        """Refuse: the server has the spec, and cannot change it.

        Raises
        ------
        SweepStateError
            Always.
        """
        raise SweepStateError(f"sweep {self._sweep.id} is online: {ONLINE_EDIT}")

    async def close(self) -> None:
        """See `Backend`; an outage delays the sweep's end only briefly."""
        if self._push_task is not None:
            await asyncio.wait([self._push_task], timeout=CLOSE_TIMEOUT_S)
        if self._target_state:
            self._on_event(
                BackendNotice(
                    f"could not set the sweep's state at W&B to {self._target_state}: "
                    "the server does not respond; set it on the sweep's page"
                )
            )
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._client.close()

    # Requests to the server

    async def _heartbeat(self, agent: int) -> None:
        """Send one agent's heartbeat, and carry out the commands in the answer."""
        async with self._locks.setdefault(agent, asyncio.Lock()):
            id_ = self._assignments.agent_ids.get(agent) or await self._register(agent)
            if not id_:
                return
            assigned = {**self._agent_of, **self._unreported}
            runs = [run for run, slot in assigned.items() if slot == agent]
            commands = await self._client.heartbeat(id_, runs)
            for run in runs:
                self._unreported.pop(run, None)
            self._handle_commands(agent, commands)

    async def _shielded_heartbeat(self, agent: int) -> None:
        """Send a heartbeat, and handle the answer even if the caller no longer waits for it."""
        heartbeat = asyncio.ensure_future(self._heartbeat(agent))
        self._tasks.add(heartbeat)
        heartbeat.add_done_callback(self._tasks.discard)
        await asyncio.shield(heartbeat)

    async def _report_run(self, agent: int) -> None:
        await self._try(self._heartbeat, agent)

    async def _register(self, agent: int) -> str:
        """Return the id of a new agent, or "" if the sweep has ended meanwhile."""
        try:
            id_ = await self._client.register()
        except RemoteError as error:
            if error.lasting:
                await self._poll_state()
            if self._exhausted:
                return ""
            raise
        self._assignments.add_agent(agent, id_)
        return id_

    async def _push_state(self) -> None:
        """Set the sweep's state at W&B to the latest target, once the server can be reached."""
        try:
            while self._target_state:
                await self._retry_until_online(self._push_state_once)
        except RemoteError as error:
            self._target_state = ""
            self._on_event(BackendNotice(f"the sweep's state at W&B was not changed: {error}"))
        finally:
            self._push_task = None

    async def _push_state_once(self) -> None:
        state = self._target_state
        await self._client.set_state(state)
        if self._target_state == state:
            self._target_state = ""

    async def _heartbeat_loop(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            for agent in sorted({*self._agent_of.values()}):
                await self._try(self._heartbeat, agent)
            await self._try(self._poll_state)

    async def _poll_state(self) -> None:
        """Emit what has changed in the sweep's state since the last poll."""
        before = self._state
        state = await self._client.state()
        if self._push_task is not None or self._state != before:
            return  # it was changed from here meanwhile
        self._state = state
        if state != before:
            self._emit_state(state, before)

    def _emit_state(self, state: str, before: str) -> None:
        if state == "PAUSED":
            self._on_event(SweepChanged(SweepState.PAUSED, "paused at W&B"))
        elif state == "RUNNING" and before == "PAUSED":
            self._on_event(SweepChanged(SweepState.RUNNING, ""))
        elif state == "FINISHED":
            self._exhausted = True
            self._on_event(SweepChanged(SweepState.FINISHED, "finished at W&B"))
        elif state == "CANCELED":
            self._exhausted = True
            self._on_event(SweepChanged(SweepState.STOPPING, "cancelled at W&B"))

    def _handle_commands(self, agent: int, commands: Iterable[AgentCommand]) -> None:
        for command in commands:
            if isinstance(command, RunCommand):
                self._assign(agent, command)
            elif isinstance(command, StopCommand):
                self._on_event(StopRun(command.run, *self._stop_reason()))
            else:
                self._exhausted = True

    def _assign(self, agent: int, command: RunCommand) -> None:
        if not is_id(command.run):
            self._on_event(BackendNotice(f"ignoring run with invalid id {command.run!r} from W&B"))
        elif command.run not in self._seen or (
            command.is_resume and command.run not in self._agent_of
        ):
            self._seen.add(command.run)
            self._agent_of[command.run] = self._unreported[command.run] = agent
            self._assignments.add(agent, command.run, Suggestion(command.params, command.run))

    def _stop_reason(self) -> tuple[RunState, str]:
        if "early_terminate" in self._sweep.spec:
            return RunState.PRUNED, "ended early by W&B"
        return RunState.STOPPED, "stopped at W&B"

    # Outages

    async def _retry_until_online(
        self, call: Callable[..., Awaitable[None]], *args: object
    ) -> None:
        """Call something, and retry until the server can be reached."""
        pause = FIRST_PAUSE_S
        while error := await self._try(call, *args):
            if pause == HEARTBEAT_S:
                self._on_event(BackendNotice(f"the sweep waits for W&B: {error}"))
            await asyncio.sleep(pause)
            pause = min(2 * pause, HEARTBEAT_S)

    async def _try(
        self, call: Callable[..., Awaitable[None]], *args: object
    ) -> RemoteError | None:
        """Call something; return the error if it is temporary, or None.

        Raises
        ------
        RemoteError
            If retrying is pointless.
        """
        try:
            await call(*args)
        except RemoteError as error:
            if error.lasting:
                raise
            log.warning("%s", error)
            return error
        return None

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)
        return task

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        try:
            task.result()  # an unexpected error ends the supervisor
        except RemoteError as error:
            self._on_event(SweepChanged(SweepState.FAILED, str(error)))
