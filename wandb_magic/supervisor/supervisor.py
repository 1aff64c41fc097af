"""The supervisor's loop: fill free agents, hear the hosts, do what was asked."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeVar

from wandb_magic.backends import Backend, EndRun, Hear, Proposal, SweepChanged, Word
from wandb_magic.errors import RemoteError
from wandb_magic.host import Broken, Ended, Event, Logged, Notice, Ready, Refused, Started
from wandb_magic.launchers import Launcher
from wandb_magic.processes import age_of, current
from wandb_magic.records import Params, RunId, RunRecord, RunState, SweepState, new_id
from wandb_magic.run import Job, prepare
from wandb_magic.spec import Spec
from wandb_magic.supervisor.control import handle_request
from wandb_magic.supervisor.disk import Disk
from wandb_magic.supervisor.early_stopping import EarlyStopping
from wandb_magic.supervisor.endings import Intent, verdict
from wandb_magic.supervisor.footing import Footing
from wandb_magic.supervisor.jobs import Jobs, parameters
from wandb_magic.supervisor.ledger import Ledger
from wandb_magic.supervisor.metrics import MetricWatch
from wandb_magic.supervisor.resending import Resending
from wandb_magic.supervisor.stopping import Stopper

TICK_S = 0.1

PAUSED_ON_REQUEST = "paused on request"

PRUNED = Intent(
    RunState.PRUNED, "ended early: its objective fell behind the other runs (hyperband)"
)

# What the server may change: from one state to another.
_TURNS = {
    (SweepState.RUNNING, SweepState.PAUSED),
    (SweepState.PAUSED, SweepState.RUNNING),
}

log = logging.getLogger(__name__)

Written = TypeVar("Written")

MakeLauncher = Callable[[Callable[[Event], None]], Launcher]
TakeRun = Callable[[Job, Mapping[str, int]], Awaitable[None]]
MakeBackend = Callable[[Hear], Backend]


class Supervisor:
    """One sweep's owner; all its methods belong to one event loop.

    Parameters
    ----------
    ledger
        The sweep and its runs.
    spec
        The sweep config.
    make_backend
        Makes what chooses parameters, given who hears what it has to say.
    make_launcher
        Makes what runs the runs, given who hears of them.
    jobs
        Makes the runs' folders and jobs.
    disk
        Waits until the disk can be written.
    """

    def __init__(
        self,
        ledger: Ledger,
        spec: Spec,
        make_backend: MakeBackend,
        make_launcher: MakeLauncher,
        jobs: Jobs,
        disk: Disk,
    ) -> None:
        self.ledger = ledger
        self._disk = disk
        self._resending = Resending(jobs.paths, jobs.environment, ledger.notice)
        self.roster = ledger.roster
        self._spec = spec
        self._backend = make_backend(self.on_backend_event)
        self._launcher = make_launcher(self._hear)
        self._jobs = jobs
        self._stopper = Stopper(self._signal, self._intend, ledger.sweep.options.grace)
        self._asking: asyncio.Task[None] | None = None
        self._question: asyncio.Future[Proposal | None] | None = None
        self._early_stopping = EarlyStopping(spec, self._backend, ledger.roster)
        self._metric = MetricWatch(spec.metric.name if spec.metric is not None else "")
        self._footing = Footing(jobs.paths, ledger.sweep.options.grace)
        self._seen: dict[RunId, float] = {}
        self._exhausted = False
        self._ready = False
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Run the sweep to its end."""
        sweep = self.ledger.sweep
        self.ledger.change(supervisor=current(), started=sweep.started or time.time())
        if sweep.state is SweepState.PENDING:
            self.ledger.change(state=SweepState.RUNNING)
        await self._patiently(self._carry_out_requests)
        await self._patiently(self.ledger.store.commit)
        if not self._done():
            await self._run()
        self.ledger.change(ended=max(time.time(), self.ledger.sweep.started or 0.0))
        await self._patiently(self.ledger.store.commit)
        self.ledger.store.close()

    async def _run(self) -> None:
        starting = asyncio.create_task(self._launcher.start())
        # An error in it must reach the loop's handler at once, and not when the sweep is over.
        starting.add_done_callback(lambda task: task.cancelled() or task.result())
        await self._carry_on()
        while not self._done():
            await self._tick()
            self._wake.clear()
            waiting = asyncio.ensure_future(self._wake.wait())
            await asyncio.wait([waiting], timeout=TICK_S)
            waiting.cancel()
        await self._backend.close()
        await starting
        await self._launcher.close()

    async def _carry_on(self) -> None:
        """Take up the runs of an earlier supervisor, and what it had begun to do with them."""
        intents = self.ledger.store.intents()
        sweep = self.ledger.sweep
        if sweep.state is SweepState.STOPPING or sweep.cause == PAUSED_ON_REQUEST:
            # The server may not have heard of it.
            self._backend.changed(sweep.state, drain=not intents)
        queued = set(self.roster.queued())
        for run, record in list(self.roster.living.items()):
            if run in intents:
                intent = Intent(*intents[run])
                if record.state is RunState.PENDING and await self._patiently(
                    partial(self._jobs.forestall, run)
                ):
                    ended = Ended(run, None, None, "", time.time())
                    self._conclude(ended, intent.state, intent.cause)
                    continue
                told = self._jobs.told_to_stop(run)
                self._stopper.carry_on(run, intent, told=told)
            if run not in queued:
                await self._handing_over(record, self._launcher.recover)

    def _signal(self, run: RunId, number: int, reason: str) -> bool:
        record = self.roster.living.get(run)
        if record is None or record.state is not RunState.RUNNING:
            return False
        self._launcher.signal(run, number, reason)
        return True

    def _intend(self, run: RunId, intent: Intent) -> None:
        self.ledger.store.intend(run, intent.state, intent.cause)

    def _busy_asking(self) -> bool:
        return self._asking is not None and not self._asking.done()

    def _done(self) -> bool:
        busy = self.roster.living or self._busy_asking() or not self._resending.is_done
        return self.ledger.sweep.state.ended and not busy

    async def _tick(self) -> None:
        self._footing.leave_if_lost()
        if self._asking is not None and self._asking.done():
            asking, self._asking = self._asking, None
            if (error := asking.exception()) is not None:
                # The next supervisor would meet it, too: the sweep says why it cannot go on.
                log.error("no run can start", exc_info=error)
                cause = f"no run can start: {type(error).__name__}: {error}"
                self.ledger.change(state=SweepState.FAILED, cause=cause)
        await self._patiently(self._carry_out_requests)
        if self._question is not None and (
            self.ledger.sweep.state is not SweepState.RUNNING or self.roster.waiting
        ):
            self._question.cancel()
        self._prune()
        self._stopper.tick()
        self._stop_late_runs()
        self._fill_agents()
        self._settle()
        await self._patiently(self.ledger.store.commit)
        self._resending.tick()

    async def _patiently(self, write: Callable[[], Written]) -> Written:
        """Write, if need be once the disk has room again; meanwhile no run starts."""

        def may_pass(error: Exception) -> bool:
            self._footing.leave_if_lost(error)
            return True

        return await self._disk.patiently(write, may_pass)

    def _carry_out_requests(self) -> None:
        for request in self.ledger.store.requests():
            self.ledger.store.answer(request.id, handle_request(self, request))

    # Starting runs

    def _fill_agents(self) -> None:
        if not self._ready or self._busy_asking():
            return
        agent = self.roster.free_agent(self.ledger.sweep.agents)
        if agent is None or self.ledger.sweep.state is not SweepState.RUNNING:
            return
        queued = next(self.roster.queued(), None)
        if queued is not None:
            self._asking = asyncio.create_task(self._launch_queued(agent, queued))
        elif self.roster.again:
            self._asking = asyncio.create_task(self._launch(agent, *self.roster.again.pop(0)))
        elif not self._exhausted and not self._spent():
            self._asking = asyncio.create_task(self._ask(agent))

    def _spent(self) -> bool:
        budget = self.ledger.sweep.budget
        return budget is not None and self.roster.next_number >= budget

    async def _ask(self, agent: int) -> None:
        number = self.roster.next_number
        self._question = asyncio.ensure_future(
            self._backend.ask(agent, number, self.roster.trials())
        )
        await asyncio.wait([self._question])
        question, self._question = self._question, None
        if question.cancelled():
            return
        if (error := question.exception()) is not None:
            cause = str(error)
            if not isinstance(error, RemoteError):
                log.error("the search failed", exc_info=error)
                cause = f"the search cannot go on: {type(error).__name__}: {error}"
            self.ledger.change(state=SweepState.FAILED, cause=cause)
            return
        proposal = question.result()
        if proposal is None:
            self._exhausted = True
        elif self.ledger.sweep.state is not SweepState.RUNNING:
            pass
        elif proposal.run is not None and self.roster.ended_run(proposal.run):
            # The server wants it to go on.
            self.ledger.revive(proposal.run)
            await self._launch_queued(agent, proposal.run)
        elif not self._spent():
            await self._launch(agent, number, 0, proposal.params, proposal.run)
        self._wake.set()

    async def _launch(
        self, agent: int, number: int, attempt: int, params: Params, run_id: RunId | None = None
    ) -> None:
        run = RunRecord(
            id=run_id or RunId(new_id()),
            number=number,
            attempt=max(attempt, self.roster.next_attempt(number)),
            agent=agent,
            params=params,
            state=RunState.PENDING,
            created=time.time(),
        )
        self.ledger.enter(run)
        await self._begin(run)

    async def _launch_queued(self, agent: int, run: RunId) -> None:
        # The store must not give it an agent before what an earlier execution left is behind it.
        await self._patiently(lambda: self._jobs.begin_another(run))
        if run in self.roster.queued():
            await self._begin(self.ledger.assign(run, agent))

    async def _begin(self, run: RunRecord) -> None:
        # From here on it counts against the budget, whatever happens.
        await self._patiently(self.ledger.store.commit)
        self._tell_backend(run)
        await self._handing_over(run, self._launcher.launch)
        self._wake.set()

    async def _handing_over(self, run: RunRecord, take: TakeRun) -> None:
        """Hand a run to the launcher; whatever stands in its way ends this run alone."""

        async def hand_over() -> None:
            # A thread's work: nvidia-smi may hang, and the loop goes on.
            job = await asyncio.to_thread(self._jobs.job, run, self.ledger.sweep.agents)
            await self._patiently(partial(prepare, job, parameters(run.params)))
            await take(job, self.ledger.store.positions(run.id))

        try:
            await self._disk.patiently_await(hand_over)
        except Exception as error:  # noqa: BLE001 - its own parameters and files may be at fault
            self._give_up(run.id, "it could not be started", error)

    def _give_up(self, run: RunId, what: str, error: Exception) -> None:
        """End a run that cannot be looked after, and go on with the others."""
        log.error("run %s: %s", run, what, exc_info=error)
        record = self.roster.living.get(run)
        if record is None:
            return
        intent = Intent(RunState.FAILED, f"{what}: {type(error).__name__}: {error}")
        if record.state is RunState.RUNNING:
            self._stopper.stop(run, intent)
        else:
            self._conclude(Ended(run, None, None, "", time.time()), intent.state, intent.cause)

    def _tell_backend(self, run: RunRecord) -> None:
        try:
            self._backend.told(run)
        except Exception:
            log.exception("the backend could not be told of run %s", run.id)

    # Ending them, and the sweep

    def _prune(self) -> None:
        try:
            for run in self._early_stopping.runs_to_prune():
                if not self._jobs.spared(run):
                    self._stopper.stop(run, PRUNED)
        except Exception as error:
            log.exception("the rule for ending poor runs failed")
            self.ledger.notice(
                f"the rule for ending poor runs failed, and ends none: {type(error).__name__}"
            )

    def _settle(self) -> None:
        """Move the sweep on to the state that its runs have brought it to."""
        if self.roster.living or self._busy_asking():
            return
        if self.ledger.sweep.state is SweepState.STOPPING:
            self.ledger.change(state=SweepState.STOPPED)
        if self.ledger.sweep.state is not SweepState.RUNNING or self.roster.again:
            return
        if self._exhausted or self._spent():
            self.ledger.change(state=SweepState.FINISHED)

    def _stop_late_runs(self) -> None:
        limit = self.ledger.sweep.options.run_timeout
        if limit is None:
            return
        for run, record in self.roster.running():
            if self._time_of(record) > limit:
                cause = f"it ran longer than the run timeout of {limit:g} s"
                self._stopper.stop(run, Intent(RunState.STOPPED, cause))

    def _time_of(self, run: RunRecord) -> float:
        """Return how long a run has been running, in seconds, whatever the clocks were set to."""
        age = age_of(run.process)
        if age is not None:
            return age
        now = time.monotonic()
        return now - self._seen.setdefault(run.id, now)

    def _on_value(self, run: RunId) -> None:
        cause = self._early_stopping.on_value(run)
        if cause:
            self._stop_runs(Intent(RunState.STOPPED, f"the sweep has ended: {cause}"))
            self.ledger.change(state=SweepState.FINISHED, cause=cause)

    def _stop_run(self, run: RunId, intent: Intent) -> None:
        """End a living run, whether it has a process or waits for an agent."""
        if run in self.roster.queued():
            self.ledger.cancel_queued(run, intent.cause)
        else:
            self._stopper.stop(run, intent)

    def _stop_runs(self, intent: Intent) -> None:
        """End all living runs."""
        self.ledger.cancel_all_queued(intent.cause)
        for run in list(self.roster.living):
            self._stopper.stop(run, intent)

    def _reconsider(self) -> None:
        """Look again whether there is more to do, and forget earlier failures."""
        self._exhausted = False
        self.roster.broken_in_a_row = 0

    # Requests: see `ControlTarget`

    def stop(self, *, drain: bool) -> str:
        """End the sweep; with `drain`, let its active runs come to their own end."""
        if self.ledger.sweep.state.ended:
            return ""
        self.ledger.change(state=SweepState.STOPPING, cause="stopped on request")
        self._backend.changed(SweepState.STOPPING, drain=drain)
        if not drain:
            self._stop_runs(Intent(RunState.STOPPED, "the sweep was stopped"))
        self.ledger.cancel_all_queued("the sweep was stopped")
        return ""

    def pause(self) -> str:
        """Start no more runs."""
        state = self.ledger.sweep.state
        if state is SweepState.PAUSED:
            return ""
        if state is not SweepState.RUNNING:
            return f"the sweep is {state.value}: only a running one can be paused"
        self.ledger.change(state=SweepState.PAUSED, cause=PAUSED_ON_REQUEST)
        self._backend.changed(SweepState.PAUSED)
        return ""

    def resume(self) -> str:
        """Go on after a pause or an end."""
        if self.ledger.sweep.state is SweepState.STOPPING:
            return "the sweep is being stopped: resume it when it has stopped"
        if self.ledger.sweep.state is not SweepState.RUNNING:
            self.ledger.change(state=SweepState.RUNNING, cause="", ended=None)
            self._backend.changed(SweepState.RUNNING)
        self._reconsider()
        return ""

    def stop_run(self, run: RunId) -> str:
        """End one run."""
        if run not in self.roster.living:
            return f"run {run} is not running"
        self._stop_run(run, Intent(RunState.STOPPED, "stopped on request"))
        return ""

    def rerun(self, number: int) -> str:
        """Queue a new run with a set of parameters."""
        return self.ledger.queue_rerun(number)

    def resume_run(self, run: RunId) -> str:
        """Queue another execution of a run."""
        if refusal := self.ledger.resume_refusal(run):
            return refusal
        record = self.roster.ended_run(run)
        if record is not None and record.state is RunState.PRUNED:
            try:
                self._jobs.spare(run)
            except OSError as error:
                return f"run {run} cannot be resumed: {error.strerror or error}"
        self.ledger.queue_resume(run)
        return ""

    def rerun_failed(self, *, resume: bool) -> str:
        """Queue every failed run, as a new one or, with `resume`, as the same."""
        failed = self.roster.broken()
        if not failed:
            return "no run has failed, or each has been run again"
        for run in failed:
            refusal = self.resume_run(run.id) if resume else self.rerun(run.number)
            if refusal:
                return refusal
        return ""

    def set_agents(self, agents: int) -> str:
        """Change how many runs execute at a time."""
        self.ledger.change(agents=agents)
        return ""

    def set_count(self, count: int | None) -> str:
        """Change how many runs there will be in all."""
        self.ledger.change(budget=count)
        if self.ledger.sweep.state is SweepState.FINISHED:
            self.ledger.change(state=SweepState.RUNNING, cause="", ended=None)
        self._reconsider()
        return ""

    # Events of the backend

    def on_backend_event(self, event: Word) -> None:
        """Do here what was done elsewhere; what fails is logged, and stops nothing else."""
        try:
            if isinstance(event, EndRun):
                if event.run in self.roster.living:
                    self._stop_run(event.run, Intent(event.state, event.cause))
            elif isinstance(event, SweepChanged):
                self._on_sweep_changed(event)
            else:
                self.ledger.notice(event.text)
        except Exception:
            log.exception("%s could not be done", type(event).__name__)

    def _on_sweep_changed(self, event: SweepChanged) -> None:
        before = self.ledger.sweep.state
        if before.ended:
            return
        if event.state is SweepState.FINISHED:
            # No more runs will come; it ends with the active ones.
            self._exhausted = True
            self.ledger.change(cause=event.cause)
        elif event.state is SweepState.STOPPING and before is not SweepState.STOPPING:
            self.ledger.change(state=event.state, cause=event.cause)
            self._stop_runs(Intent(RunState.STOPPED, f"the sweep was {event.cause}"))
        elif (before, event.state) in _TURNS or event.state is SweepState.FAILED:
            self.ledger.change(state=event.state, cause=event.cause)

    # Hearing the hosts

    def _hear(self, event: Event) -> None:
        """Take up what a host says; what cannot be taken up ends the run that it is about."""
        try:
            self._take_up(event)
        except Exception as error:
            run = getattr(event, "run", None)
            if run is None:
                raise
            what = f"what became of it could not be recorded ({type(event).__name__})"
            if isinstance(event, Ended) and run in self.roster.living:
                log.exception("run %s: %s", run, what)
                plain = Ended(run, None, None, "", time.time())
                self._conclude(plain, RunState.FAILED, f"{what}: {type(error).__name__}: {error}")
            else:
                self._give_up(run, what, error)

    def _take_up(self, event: Event) -> None:
        if isinstance(event, Logged):
            self._metric.hear(event.run, event.entries)
            if self.ledger.logged(event) and not self.ledger.sweep.state.ended:
                self._on_value(event.run)
            return
        if isinstance(event, Started):
            self.ledger.started(event)
        elif isinstance(event, Ended):
            self._ended(event)
        elif isinstance(event, Notice):
            self.ledger.notice(event.text)
        elif isinstance(event, Refused):
            self._resending.refused(event)
        elif isinstance(event, Broken):
            self._break(event)
        elif isinstance(event, Ready):
            self._ready = True
        self._wake.set()

    def _ended(self, event: Ended) -> None:
        if event.run not in self.roster.living:
            return  # it was given up before its process ended
        intent = self._stopper.ended(event.run)
        if event.hung and intent is None:
            # Its code has not failed: it goes again, as the same run, and no longer as a fork.
            self._seen.pop(event.run, None)
            self.ledger.ended(event, RunState.STOPPED, "it hung after its fork")
            self.ledger.revive(event.run)
            return
        self._conclude(event, *verdict(event, intent))

    def _conclude(self, event: Ended, state: RunState, cause: str) -> None:
        run = self.ledger.ended(event, state, cause)
        self._seen.pop(run.id, None)
        self._resending.ended(run.id)
        options = self.ledger.sweep.options
        self._tell_backend(run)
        if said := self._metric.ended(run, self.roster.trials(), self.ledger.sweep.notices):
            self.ledger.notice(said)
        if self.roster.goes_again(run, options.retries):
            self.roster.again.append((run.number, run.attempt + 1, run.params))
        broken = self.roster.broken_in_a_row
        if state is RunState.LOST:
            return
        if self.ledger.sweep.state is SweepState.RUNNING and (
            0 < options.failure_limit <= broken and not self.roster.ended_well
        ):
            self.ledger.change(
                state=SweepState.PAUSED,
                cause=f"the first {broken} runs failed, the last with: {cause}"
                if broken > 1
                else f"the first run failed with: {cause}",
            )

    def _break(self, event: Broken) -> None:
        """Give up: the host will never start a run."""
        log.error("%s", event.details)
        self.ledger.change(state=SweepState.FAILED, cause=f"no run can start: {event.reason}")
        for run, record in list(self.roster.living.items()):
            if record.state is RunState.PENDING:
                self._ended(Ended(run, None, None, event.reason, time.time()))
