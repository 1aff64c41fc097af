"""The supervisor's loop: fills free agents, handles runner events, and carries out requests."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from wandb_magic.arguments import MAX_RUNS
from wandb_magic.disk import WaitNote
from wandb_magic.errors import RemoteError, SweepError
from wandb_magic.processes import current_process, process_age
from wandb_magic.records import (
    Params,
    Proposer,
    RunId,
    RunRecord,
    RunState,
    SpecVersion,
    SweepState,
    Trial,
    flatten_keys,
    new_id,
)
from wandb_magic.requests import ONLINE_EDIT, REQUESTS
from wandb_magic.runner.events import (
    ResourcesChanged,
    RunExited,
    RunLogged,
    RunnerEvent,
    RunnerFailed,
    RunnerNotice,
    RunnerReady,
    RunStarted,
    UploadRefused,
)
from wandb_magic.runner.exit_cause import shorten
from wandb_magic.runner.launcher import PREEMPTED, Launcher, NoSlotError
from wandb_magic.runner.run_process import Job, prepare_run_dir
from wandb_magic.search.population import explore
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import Spec
from wandb_magic.spec.edits import Filled
from wandb_magic.spec.fields import encode_nonfinite
from wandb_magic.spec.own_params import complete_params, forked_params, require_complete
from wandb_magic.store import Answer, StoreReader
from wandb_magic.supervisor.asked_runs import AskedRuns, DeferredAnswer, result_records
from wandb_magic.supervisor.backends import (
    BackendEvent,
    BackendFactory,
    StopRun,
    Suggestion,
    SweepChanged,
)
from wandb_magic.supervisor.control import handle_request
from wandb_magic.supervisor.disk_retry import DiskRetry
from wandb_magic.supervisor.early_stopping import EarlyStopping
from wandb_magic.supervisor.job_factory import RUN_FOLDER_ENV, JobFactory, params_yaml
from wandb_magic.supervisor.limits import FLAT, Limits
from wandb_magic.supervisor.missing_metric import MissingMetricDetector
from wandb_magic.supervisor.repeats import Repeats, runs_of_each
from wandb_magic.supervisor.resender import Resender
from wandb_magic.supervisor.run_outcome import StopReason, classify_exit
from wandb_magic.supervisor.spec_editor import (
    SpecEdit,
    SpecState,
    logged_values,
    plan_edit,
    write_spec,
)
from wandb_magic.supervisor.state import SchedulerState
from wandb_magic.supervisor.storage_watchdog import StorageWatchdog
from wandb_magic.supervisor.termination import Terminator
from wandb_magic.sweep_limits import check_limits, has_end

TICK_S = 0.1

SLOT = "slot"  # the key of what the next run waits for

MANY_PREEMPTIONS = 5  # of one run
OWN_CODE = "the sweep executes its runs itself: ask and tell are for sweeps that have no code"

NO_CHECKPOINTS = (
    "pbt: no run was replaced, because the best ones have saved nothing in the folder that "
    f"{RUN_FOLDER_ENV} names: save a checkpoint there, and continue from it if there is one"
)

PAUSED_ON_REQUEST = "paused on request"

# The state changes that the server may make: from, to.
_PAUSE_CHANGES = {
    (SweepState.RUNNING, SweepState.PAUSED),
    (SweepState.PAUSED, SweepState.RUNNING),
}

log = logging.getLogger(__name__)

Written = TypeVar("Written")

LauncherFactory = Callable[[Callable[[RunnerEvent], None]], Launcher]
RunStarter = Callable[[Job, Mapping[str, int]], Awaitable[None]]


class Supervisor:
    """One sweep's owner; all its methods belong to one event loop.

    Parameters
    ----------
    state
        The sweep and its runs.
    spec
        The sweep config.
    make_backend
        Makes the backend, given the callback for its events.
    make_launcher
        Makes the launcher, given the callback for its events.
    job_factory
        Makes the runs' folders and jobs.
    disk_retry
        Waits until the disk can be written.
    wait_note
        Shows others what the sweep waits for.
    filled
        What runs had of the parameters that were added after them.
    """

    def __init__(
        self,
        state: SchedulerState,
        spec: Spec,
        make_backend: BackendFactory,
        make_launcher: LauncherFactory,
        job_factory: JobFactory,
        disk_retry: DiskRetry,
        wait_note: WaitNote,
        filled: Filled | None = None,
    ) -> None:
        self.state = state
        self._filled = filled or {}
        self._wait_note = wait_note
        self._disk_retry = disk_retry
        self._resender = Resender(job_factory.paths, job_factory.environment, state.add_notice)
        self.runs = state.runs
        self._spec = spec
        self._backend = make_backend(self.on_backend_event)
        self._limits = Limits(state)
        self._repeats = Repeats(state, spec, self._filled)
        self._limited = ""  # why no more runs start
        self._asked = AskedRuns(state, self._backend, self._repeats)
        self._launcher = make_launcher(self._on_runner_event)
        self._job_factory = job_factory
        self._terminator = Terminator(
            self._signal, self._record_stop_reason, state.sweep.options.grace
        )
        self._scheduling: asyncio.Task[None] | None = None
        self._pending_suggestion: asyncio.Future[Suggestion | None] | None = None
        self._early_stopping = EarlyStopping(
            spec, self._backend, state.runs, repeat=runs_of_each(state.sweep)
        )
        self._metric_detector = _metric_detector(spec)
        self._storage = StorageWatchdog(job_factory.paths, state.sweep.options.grace)
        self._preemptions: Counter[int] = Counter()
        self._first_seen: dict[RunId, float] = {}
        self._exhausted = False
        self._ready = False
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Run the sweep to its end."""
        sweep = self.state.sweep
        self.state.update_sweep(supervisor=current_process(), started=sweep.started or time.time())
        if sweep.state is SweepState.PENDING:
            self.state.update_sweep(state=SweepState.RUNNING)
        await self._retry_io(self._handle_requests)
        await self._retry_io(self.state.store.commit)
        if not self._is_done():
            await self._run()
        self.state.store.set_resources(None)
        self.state.update_sweep(ended=max(time.time(), self.state.sweep.started or 0.0))
        await self._retry_io(self.state.store.commit)
        self.state.store.close()

    async def _run(self) -> None:
        starting = asyncio.create_task(self._launcher.start())
        # An error in it must reach the loop's handler at once, not when the sweep ends.
        starting.add_done_callback(lambda task: task.cancelled() or task.result())
        await self._recover_runs()
        while not self._is_done():
            await self._tick()
            self._wake.clear()
            waiting = asyncio.ensure_future(self._wake.wait())
            await asyncio.wait([waiting], timeout=TICK_S)
            waiting.cancel()
        self._limits.close()
        await self._backend.close()
        await starting
        await self._launcher.close()

    async def _recover_runs(self) -> None:
        """Adopt the runs of an earlier supervisor, and complete the stops that it had begun."""
        intents = self.state.store.stop_reasons()
        sweep = self.state.sweep
        if sweep.state is SweepState.STOPPING or sweep.cause == PAUSED_ON_REQUEST:
            # The server may not know of it.
            self._backend.set_state(sweep.state, drain=not intents)
        queued = set(self.runs.queued())
        for run, record in list(self.runs.active.items()):
            if run in intents:
                intent = StopReason(*intents[run])
                if record.state is RunState.PENDING and await self._retry_io(
                    partial(self._job_factory.claim_unstarted, run)
                ):
                    ended = RunExited(run, None, None, "", time.time())
                    self._finish_run(ended, intent.state, intent.cause)
                    continue
                signalled = self._job_factory.was_signalled(run)
                self._terminator.resume(run, intent, signalled=signalled)
            if run not in queued and not sweep.options.external:
                await self._hand_to_launcher(record, self._launcher.recover)

    def _signal(self, run: RunId, number: int, reason: str) -> bool:
        record = self.runs.active.get(run)
        if record is None:
            return False
        self._launcher.signal(run, number, reason)
        return record.state is RunState.RUNNING

    def _record_stop_reason(self, run: RunId, reason: StopReason) -> None:
        self.state.store.set_stop_reason(run, reason.state, reason.cause)

    def _is_scheduling(self) -> bool:
        return self._scheduling is not None and not self._scheduling.done()

    def _is_done(self) -> bool:
        busy = self.runs.active or self._is_scheduling() or not self._resender.is_done
        return self.state.sweep.state.has_ended and not busy

    async def _tick(self) -> None:
        self._storage.exit_if_lost()
        self._limits.tick()
        if self._scheduling is not None and self._scheduling.done():
            task, self._scheduling = self._scheduling, None
            if (error := task.exception()) is not None:
                # The next supervisor would fail in the same way: record why.
                log.error("no run can start", exc_info=error)
                cause = f"no run can start: {type(error).__name__}: {error}"
                self.state.update_sweep(state=SweepState.FAILED, cause=cause)
        await self._retry_io(self._handle_requests)
        if self._pending_suggestion is not None and (
            self.state.sweep.state is not SweepState.RUNNING or self.runs.has_waiting
        ):
            self._pending_suggestion.cancel()
        self._prune()
        self._terminator.tick()
        self._stop_late_runs()
        self._apply_limits()
        self._schedule()
        self._update_sweep_state()
        await self._retry_io(self.state.store.commit)
        self._resender.tick()

    async def _retry_io(self, write: Callable[[], Written]) -> Written:
        """Write, retrying until the disk has space; meanwhile no run starts."""

        def is_transient(error: Exception) -> bool:
            self._storage.exit_if_lost(error)
            return True

        return await self._disk_retry.retry(write, is_transient)

    def _handle_requests(self) -> None:
        for request in self.state.store.take_requests():
            if self._asked.is_deferred(request.id):
                continue
            answer = handle_request(self, request)
            if isinstance(answer, DeferredAnswer):
                self._asked.defer(request.id, answer.runs)
            else:
                self.state.store.answer(request.id, answer.refusal, answer.result)

    # Starting runs

    def _schedule(self) -> None:
        if not self._ready or self._is_scheduling():
            return
        if self.state.sweep.options.external:
            self._answer_asked()
            return
        agent = self.runs.free_agent(self.state.sweep.agents)
        queued = next(self.runs.queued(), None)
        has_next = queued is not None or self.runs.retries or not self._has_started_all()
        if agent is None or not has_next or self.state.sweep.state is not SweepState.RUNNING:
            self._launcher.cancel_reservation()
            self._wait_note.clear(SLOT)
            return
        if not self._reserve_slot(agent, queued):
            return
        if queued is not None:
            self._scheduling = asyncio.create_task(self._start_queued(agent, queued))
        elif self.runs.retries:
            self._scheduling = asyncio.create_task(
                self._start_new(agent, *self.runs.retries.pop(0), proposer=Proposer.RETRY)
            )
        elif due := self._repeats.due():
            self._scheduling = asyncio.create_task(self._start_repeat(agent, due[0]))
        else:
            self._scheduling = asyncio.create_task(self._ask_backend(agent))

    def _answer_asked(self) -> None:
        """Answer who has asked for runs, one request at a time."""
        state = self.state.sweep.state
        if state is not SweepState.RUNNING:
            self._asked.refuse(REQUESTS["ask"].sweep_refusal(state) or "the sweep has ended")
        elif self._limited:
            self._asked.answer_none()
        elif self._asked.has_requests:
            self._scheduling = asyncio.create_task(self._answer_next())

    async def _answer_next(self) -> None:
        self._exhausted = await self._asked.answer_next()
        self._wake.set()

    def _reserve_slot(self, agent: int, queued: RunId | None) -> bool:
        """Reserve what the next run needs; if it has to wait, note what for."""
        number = None
        if queued is not None:
            number = self.runs.active[queued].number
        elif self.runs.retries:
            number = self.runs.retries[0][0]
        alone = number is not None and self.runs.must_run_alone(number)
        if not self.runs.can_start(alone=alone):
            reason = "waiting for the other runs to end: a run that ran out of memory runs alone"
        else:
            agents = self.state.sweep.agents
            reason = self._launcher.reserve_slot(agent, agents, alone=alone)
        if reason:
            self._wait_note.set(SLOT, reason)
        else:
            self._wait_note.clear(SLOT)
        return not reason

    def _has_started_all(self) -> bool:
        if self._limited or self._is_budget_used():
            return True
        return self._exhausted and not self._repeats.due()

    def demand(self) -> int:
        """Return how many more runs could start now, as far as is known."""
        sweep = self.state.sweep
        if sweep.state is not SweepState.RUNNING:
            return 0
        queued = sum(1 for _ in self.runs.queued())
        free = sweep.agents - (len(self.runs.active) - queued)
        wanted = queued + len(self.runs.retries)
        more = len(self._repeats.due()) if self._exhausted else free
        wanted += more if sweep.budget is None else min(more, sweep.budget - self.runs.next_number)
        return max(0, min(free, wanted))

    def _is_budget_used(self) -> bool:
        budget = self.state.sweep.budget
        return budget is not None and self.runs.next_number >= budget

    async def _ask_backend(self, agent: int) -> None:
        number, version = self.runs.next_number, self.state.sweep.version
        self._pending_suggestion = asyncio.ensure_future(
            self._backend.ask(agent, number, self.runs.trials())
        )
        await asyncio.wait([self._pending_suggestion])
        future, self._pending_suggestion = self._pending_suggestion, None
        if future.cancelled():
            return
        if (error := future.exception()) is not None:
            cause = str(error)
            if not isinstance(error, RemoteError):
                log.error("the search failed", exc_info=error)
                kind = "" if isinstance(error, SweepError) else f"{type(error).__name__}: "
                cause = f"the search failed: {kind}{error}"
            self.state.update_sweep(state=SweepState.FAILED, cause=cause)
            return
        suggestion = future.result()
        if (number, version) != (self.runs.next_number, self.state.sweep.version):
            pass  # a user has added a run or edited the spec meanwhile: the backend is asked again
        elif suggestion is None:
            self._exhausted = True
        elif self.state.sweep.state is not SweepState.RUNNING:
            pass
        elif suggestion.run is not None and self.runs.get_ended(suggestion.run):
            # The server resumes it.
            self.state.requeue(suggestion.run)
            await self._start_queued(agent, suggestion.run)
        elif not self._is_budget_used():
            await self._start_new(agent, number, 0, suggestion.params, suggestion.run)
        self._wake.set()

    async def _start_new(
        self,
        agent: int,
        number: int,
        attempt: int,
        params: Params,
        run_id: RunId | None = None,
        proposer: Proposer | None = None,
        repeat_of: int | None = None,
    ) -> None:
        is_online = self.state.sweep.mode == "online"
        run = RunRecord(
            id=run_id or RunId(new_id()),
            number=number,
            attempt=max(attempt, self.runs.next_attempt(number)),
            agent=agent,
            params=params,
            state=RunState.PENDING,
            created=time.time(),
            proposer=proposer or (Proposer.WANDB if is_online else Proposer.SEARCH),
            version=self.runs.version_of(number if repeat_of is None else repeat_of)
            or self.state.sweep.version,
            repeat_of=self.runs.repeat_of(number) if repeat_of is None else repeat_of,
            parent=self.runs.parent_of(number),
        )
        self.state.add_run(run)
        await self._start_run(run)

    async def _start_repeat(self, agent: int, first: Trial) -> None:
        """Run a set of parameters again: with a number of its own, it has another seed."""
        await self._start_new(
            agent,
            self.runs.next_number,
            0,
            first.params,
            proposer=Proposer.REPEAT,
            repeat_of=first.repeat_group,
        )

    async def _start_queued(self, agent: int, run: RunId) -> None:
        # Begin the next execution's files before the store assigns an agent, so that nothing reads
        # an earlier execution's files as this one's.
        await self._retry_io(lambda: self._job_factory.start_next_execution(run))
        if run in self.runs.queued():
            await self._start_run(self.state.assign(run, agent))

    async def _start_run(self, run: RunRecord) -> None:
        # From here on it counts towards the budget, whatever happens.
        await self._retry_io(self.state.store.commit)
        self._notify_backend(run)
        await self._hand_to_launcher(run, self._launcher.launch)
        self._wake.set()

    async def _hand_to_launcher(self, run: RunRecord, start: RunStarter) -> None:
        """Hand a run to the launcher; a failure ends this run alone."""

        async def hand_over() -> None:
            job = self._job_factory.make_job(run, self.state.sweep.agents)
            if run.parent is not None:
                await asyncio.to_thread(self._job_factory.copy_saved_state, run.parent, run.id)
            await self._retry_io(partial(prepare_run_dir, job, params_yaml(run.params)))
            await start(job, self.state.store.positions(run.id))

        try:
            await self._disk_retry.retry_async(hand_over)
        except NoSlotError as error:
            log.info("run %s: %s", run.id, error)
            self._requeue(RunExited(run.id, None, None, "", time.time()), str(error))
        except Exception as error:  # noqa: BLE001 - the run's own parameters or files may be the cause
            self._fail_run(run.id, "it could not be started", error)

    def _fail_run(self, run: RunId, what: str, error: Exception) -> None:
        """End a run that cannot be handled, and continue with the others."""
        log.error("run %s: %s", run, what, exc_info=error)
        record = self.runs.active.get(run)
        if record is None:
            return
        intent = StopReason(RunState.FAILED, f"{what}: {type(error).__name__}: {error}")
        if record.state is RunState.RUNNING:
            self._terminator.stop(run, intent)
        else:
            self._finish_run(
                RunExited(run, None, None, "", time.time()), intent.state, intent.cause
            )

    def _notify_backend(self, run: RunRecord) -> None:
        try:
            self._backend.on_run_changed(run)
        except Exception:
            log.exception("the backend could not handle a change of run %s", run.id)

    # Ending runs, and the sweep

    def _prune(self) -> None:
        try:
            self._exploit()
            for run in self._early_stopping.runs_to_prune():
                if not self._job_factory.is_pruning_exempt(run):
                    self._terminator.stop(run, self._early_stopping.reason)
        except Exception as error:
            log.exception("early termination failed")
            self.state.add_notice(
                f"early termination failed, and ended no runs: {type(error).__name__}"
            )

    def _exploit(self) -> None:
        """Replace poor runs by forks of good ones: population-based training."""
        sweep = self.state.sweep
        if sweep.state is not SweepState.RUNNING or self._limited:
            return
        seed, latest = sweep.options.seed, self.runs.latest_runs()
        ending = {number for number, run in latest.items() if run in self._terminator.ending}
        for exploit in self._early_stopping.exploits(seed, ending):
            if self._job_factory.is_pruning_exempt(latest[exploit.run]):
                continue
            parents = (self.runs.find(latest[number]) for number in exploit.parents)
            parent = next(
                (run for run in parents if run and self._job_factory.has_saved_state(run.id)), None
            )
            if parent is None:
                self.state.add_notice(NO_CHECKPOINTS)
                continue
            if (self.state.sweep.budget or 0) >= MAX_RUNS:
                return
            params = explore(self._spec, parent.params, self.runs.next_number, seed)
            self._queue_fork(parent, params)
            self._terminator.stop(latest[exploit.run], self._early_stopping.reason)

    def _queue_fork(self, parent: RunRecord, params: Params) -> RunId:
        """Queue a fork in addition to the other runs."""
        if self.state.sweep.budget is not None:
            self.state.update_sweep(budget=self.state.sweep.budget + 1)
        return self.state.queue_fork(parent, params)

    def _update_sweep_state(self) -> None:
        """End the sweep once all of its runs have ended."""
        if self.runs.active or self._is_scheduling():
            return
        if self.state.sweep.state is SweepState.STOPPING:
            self.state.update_sweep(state=SweepState.STOPPED)
        if self.state.sweep.state is not SweepState.RUNNING or self.runs.retries:
            return
        if self._has_started_all():
            self._limits.store()
            self.state.update_sweep(state=SweepState.FINISHED)

    def _apply_limits(self) -> None:
        """Start no more runs once a limit is reached; those that are active may finish."""
        if self.state.sweep.state is not SweepState.RUNNING:
            return
        self._limits.observe(self._spec)
        if not (reason := self._limits.reason()):
            return
        if not self._limited:
            self._limited = reason
            self._limits.store()
            self.state.update_sweep(cause=reason)
            self.state.store.add_event("sweep", f"no more runs start: {reason}")
        self.runs.retries.clear()
        self.state.cancel_all_queued(reason)

    def _stop_late_runs(self) -> None:
        limit = self.state.sweep.options.run_timeout
        if limit is None:
            return
        for run, record in self.runs.running():
            if self._run_time(record) > limit and not self._job_factory.is_held(run):
                cause = f"it ran longer than the run timeout of {limit:g} s"
                self._terminator.stop(run, StopReason(RunState.STOPPED, cause))

    def _run_time(self, run: RunRecord) -> float:
        """Return how long a run has been running, in seconds, even if a clock was set."""
        age = process_age(run.process)
        if age is not None:
            return age
        now = time.monotonic()
        return now - self._first_seen.setdefault(run.id, now)

    def _on_value(self, run: RunId) -> None:
        cause = self._early_stopping.on_value(run)
        if cause:
            self._stop_runs(StopReason(RunState.STOPPED, f"the sweep has ended: {cause}"))
            self.state.update_sweep(state=SweepState.FINISHED, cause=cause)

    def _stop_run(self, run: RunId, reason: StopReason) -> None:
        """End an active run, whether it has a process or waits for an agent."""
        if run in self.runs.queued():
            self.state.cancel_queued(run, reason.cause)
        else:
            self._terminator.stop(run, reason)

    def _stop_runs(self, reason: StopReason) -> None:
        """End all active runs."""
        self.state.cancel_all_queued(reason.cause)
        for run in list(self.runs.active):
            self._terminator.stop(run, reason)

    def _reconsider(self) -> None:
        """Reset what stopped the scheduling of runs: exhaustion and earlier failures."""
        self._exhausted = False
        self.runs.consecutive_failures = 0

    # Requests: see `ControlTarget`

    def sweep_state(self) -> SweepState:
        """Return the state of the sweep."""
        return self.state.sweep.state

    def run_state(self, run: RunId) -> RunState | None:
        """Return the state of a run; None if there is no such run."""
        record = self.runs.find(run)
        return None if record is None else record.state

    def stop(self, *, drain: bool) -> str:
        """End the sweep; with `drain`, let its active runs finish."""
        if self.state.sweep.state.has_ended:
            return ""
        self.state.update_sweep(state=SweepState.STOPPING, cause="stopped on request")
        self._backend.set_state(SweepState.STOPPING, drain=drain)
        if not drain:
            self._stop_runs(StopReason(RunState.STOPPED, "the sweep was stopped"))
        self.state.cancel_all_queued("the sweep was stopped")
        return ""

    def pause(self) -> str:
        """Start no more runs."""
        if self.state.sweep.state is SweepState.PAUSED:
            return ""
        self.state.update_sweep(state=SweepState.PAUSED, cause=PAUSED_ON_REQUEST)
        self._backend.set_state(SweepState.PAUSED)
        return ""

    def resume(self) -> str:
        """Continue after a pause or an end."""
        if self.state.sweep.state.has_ended and (refusal := self._limit_refusal()):
            return refusal
        if self.state.sweep.state is not SweepState.RUNNING:
            self.state.update_sweep(state=SweepState.RUNNING, cause="", ended=None)
            self._backend.set_state(SweepState.RUNNING)
        self._reconsider()
        return ""

    def stop_run(self, run: RunId) -> str:
        """End one run."""
        self._stop_run(run, StopReason(RunState.STOPPED, "stopped on request"))
        return ""

    def rerun(self, run: RunId) -> str:
        """Queue a new run with the parameters of a run."""
        if refusal := self._limit_refusal():
            return refusal
        record = self.runs.find(run)
        if record is None:
            return f"there is no run {run}"
        self.state.queue_rerun(record)
        return ""

    def resume_run(self, run: RunId) -> str:
        """Queue another execution of a run."""
        if refusal := self._limit_refusal():
            return refusal
        record = self.runs.get_ended(run)
        if record is not None and record.state is RunState.PRUNED:
            try:
                self._job_factory.exempt_from_pruning(run)
            except OSError as error:
                return f"run {run} cannot be resumed: {error.strerror or error}"
        self.state.queue_resume(run)
        return ""

    def fork(self, run: RunId, params: Mapping[str, Any], *, force: bool) -> str | Answer:
        """Queue a new run that starts from a run's checkpoint, in addition to the others."""
        if refusal := self._limit_refusal():
            return refusal
        record = self.runs.find(run)
        if record is None:
            return f"there is no run {run}"
        if not self._job_factory.has_saved_state(run):
            return (
                f"run {record.number} has saved nothing in the folder that {RUN_FOLDER_ENV} "
                "names, so there is no checkpoint to start from: add starts a run without one"
            )
        budget = self.state.sweep.budget
        if budget is not None and budget >= MAX_RUNS:
            return f"the sweep has {budget} runs already, which is the most that one can have"
        draws = RandomSearcher(self._spec, seed=self.state.sweep.options.seed)
        forked = forked_params(
            self._spec, record.params, params, draws.draws(self.runs.next_number), force=force
        )
        return Answer("", {"run": self._queue_fork(record, forked)})

    def rerun_failed(self, *, resume: bool) -> str:
        """Queue every failed run, as a new one or, with `resume`, as the same."""
        failed = self.runs.failed()
        if not failed:
            return "no run has failed, or each has been run again"
        for run in failed:
            refusal = self.resume_run(run.id) if resume else self.rerun(run.id)
            if refusal:
                return refusal
        return ""

    def edit(
        self, changes: Mapping[str, Any], earlier: Mapping[str, Any], version: int
    ) -> str | Answer:
        """Change the spec; the search continues with the runs that fit the new version."""
        sweep = self.state.sweep
        if sweep.mode == "online":
            return f"sweep {sweep.id} is online: {ONLINE_EDIT}"
        if version not in (0, sweep.version):
            return (
                f"version: the config has been edited meanwhile: it has version {sweep.version} "
                f"and no longer {version}: see what has changed, and edit that"
            )
        self.state.store.commit()  # for the reader
        with closing(StoreReader(self._job_factory.paths.store)) as reader:
            edit = plan_edit(
                SpecState(
                    self._spec,
                    self.runs.trials(),
                    self._filled,
                    sweep.budget,
                    runs_of_each(sweep),
                    has_end(sweep.options),
                ),
                changes,
                earlier,
                self._run_configs(reader),
            )
            values, summaries = logged_values(reader, edit.spec)
        self._backend.edit(edit.spec, edit.filled)  # raises if that is not possible
        self._apply_edit(edit)
        objectives = self.runs.set_metric(
            edit.spec.objective,
            values,
            summaries,
            keep_history=edit.spec.early_terminate is not None,
            result_keys=edit.spec.result_keys,
            several=bool(edit.spec.metrics),
        )
        self.state.set_values(edit.spec.objective, objectives)
        notice = f"version {self.state.sweep.version} of the config: {edit.notice}"
        self.state.add_notice(notice)
        if self._pending_suggestion is not None:
            self._pending_suggestion.cancel()
        self._continue_after_edit()
        return Answer("", {"version": self.state.sweep.version, "notice": notice})

    def _run_configs(self, reader: StoreReader) -> dict[int, dict[str, Any]]:
        configs = reader.configs()
        return {number: configs.get(run, {}) for number, run in self.runs.latest_runs().items()}

    def _apply_edit(self, edit: SpecEdit) -> None:
        sweep = self.state.sweep
        now, spec = time.time(), encode_nonfinite(edit.spec.to_dict())
        if sweep.version == 1:
            self.state.store.add_version(SpecVersion(1, sweep.created, sweep.spec))
        version = SpecVersion(sweep.version + 1, now, spec, edit.changes, edit.filled)
        self.state.store.add_version(version)
        self.state.update_sweep(spec=spec, version=version.version, budget=edit.budget)
        for notice in edit.spec.notices:
            self.state.add_notice(notice)
        self._spec, self._filled = edit.spec, edit.filled
        self._job_factory.spec = edit.spec
        self._repeats.edit(edit.spec, edit.filled)
        self._early_stopping = EarlyStopping(
            edit.spec, self._backend, self.runs, repeat=runs_of_each(sweep)
        )
        self._metric_detector = _metric_detector(edit.spec)
        write_spec(self._job_factory.paths, spec)

    def _continue_after_edit(self) -> None:
        """Continue a finished sweep that has more to run; end one whose target is reached."""
        self._reconsider()
        if self.state.sweep.state is SweepState.FINISHED and not self._is_budget_used():
            self.state.update_sweep(state=SweepState.RUNNING, cause="", ended=None)
        for run in self.runs.latest_runs().values():
            if self.state.sweep.state is SweepState.RUNNING:
                self._on_value(run)

    def add(self, params: Params, n: int, *, force: bool) -> str | Answer:
        """Queue runs with parameters of the user's own, in addition to the others."""
        if refusal := self._limit_refusal():
            return refusal
        budget = self.state.sweep.budget
        more = n * runs_of_each(self.state.sweep)
        if budget is not None and budget + more > MAX_RUNS:
            return f"n: a sweep has at most {MAX_RUNS} runs, and this one has {budget}"
        draws = RandomSearcher(self._spec, seed=self.state.sweep.options.seed)
        first = self.runs.next_number
        added = [
            complete_params(self._spec, params, draws.draws(number), force=force)
            for number in range(first, first + n)
        ]
        runs = [self.state.queue_added(each) for each in added]
        if budget is not None:
            self.state.update_sweep(budget=budget + more)
        return Answer("", {"runs": runs})

    def ask(self, n: int) -> str | Answer | DeferredAnswer:
        """Hand out runs, as many as are left of `n`."""
        if not self.state.sweep.options.external:
            return OWN_CODE
        if self.state.sweep.state is SweepState.FINISHED:
            return Answer("", {"runs": []})
        return DeferredAnswer(n)

    def tell(self, run: RunId, values: Mapping[str, Any], error: str) -> str:
        """Record the result of a run that was handed out."""
        if not self.state.sweep.options.external:
            return OWN_CODE
        if not error and (problem := self._missing_value(values)):
            return problem
        self._record_result(run, values, error)
        return ""

    def tell_own(
        self, params: Params, values: Mapping[str, Any], error: str, *, force: bool
    ) -> str | Answer:
        """Record the result of a run that nobody was asked to execute."""
        if not self.state.sweep.options.external:
            return OWN_CODE
        if not error and (problem := self._missing_value(values)):
            return problem
        complete = complete_params(self._spec, params, [{}], force=force)
        if not force:
            require_complete(self._spec, complete)
        run = self._asked.add_result(complete)
        budget = self.state.sweep.budget
        if budget is not None:
            self.state.update_sweep(budget=min(budget + 1, MAX_RUNS))
        self._record_result(run.id, values, error)
        return Answer("", {"run": run.id})

    def _missing_value(self, values: Mapping[str, Any]) -> str:
        """Return why values are not a result, or ""."""
        told = flatten_keys(values)
        names = self._spec.result_keys or [each.name for each in self._spec.objectives]
        missing = [name for name in names if name not in told]
        if not missing:
            return ""
        return f"values: they lack the sweep's metric {missing[0]!r}: tell it, or an error"

    def _record_result(self, run: RunId, values: Mapping[str, Any], error: str) -> None:
        self.state.on_run_logged(RunLogged(run, "", result_records(values), 0))
        state = RunState.FAILED if error else RunState.FINISHED
        self._finish_run(RunExited(run, None, None, error, time.time()), state, shorten(error))
        if self.state.sweep.state is SweepState.RUNNING:
            self._on_value(run)
        self._wake.set()

    def set_limits(self, limits: Mapping[str, Any]) -> str:
        """Change what ends the sweep; one that an earlier limit has ended continues."""
        sweep = self.state.sweep
        options = replace(sweep.options, **limits)
        check_limits(options, self._spec.objectives, self._spec.constraints)
        if sweep.budget is None and self._spec.method != "grid" and not has_end(options):
            return "limits: without one, the sweep runs forever: set its number of runs first"
        was_limited = bool(self._limits.reason()) or sweep.cause.startswith(FLAT)
        self.state.update_sweep(options=options)
        self._limited = ""
        self._limits.forget_flatness()
        if was_limited and not self._limits.reason():
            if sweep.state in (SweepState.FINISHED, SweepState.RUNNING):
                self.state.update_sweep(state=SweepState.RUNNING, cause="", ended=None)
            self._reconsider()
        return ""

    def _limit_refusal(self) -> str:
        """Return why no more runs can start, or ""."""
        reason = self._limits.reason()
        return f"{reason}: allow more first, with set_limits or resume --for" if reason else ""

    def set_agents(self, agents: int) -> str:
        """Change how many runs execute at a time."""
        self.state.update_sweep(agents=agents)
        return ""

    def set_count(self, count: int | None) -> str:
        """Change the total number of runs."""
        self.state.update_sweep(budget=count)
        if self.state.sweep.state is SweepState.FINISHED:
            self.state.update_sweep(state=SweepState.RUNNING, cause="", ended=None)
        self._reconsider()
        return ""

    # Events of the backend

    def on_backend_event(self, event: BackendEvent) -> None:
        """Apply a change that was made elsewhere; a failure is logged and affects nothing else."""
        try:
            if isinstance(event, StopRun):
                if event.run in self.runs.active:
                    self._stop_run(event.run, StopReason(event.state, event.cause))
            elif isinstance(event, SweepChanged):
                self._on_sweep_changed(event)
            else:
                self.state.add_notice(event.text)
        except Exception:
            log.exception("%s could not be handled", type(event).__name__)

    def _on_sweep_changed(self, event: SweepChanged) -> None:
        before = self.state.sweep.state
        if before.has_ended:
            return
        if event.state is SweepState.FINISHED:
            # No more runs will follow; the sweep ends when the active ones have ended.
            self._exhausted = True
            self.state.update_sweep(cause=event.cause)
        elif event.state is SweepState.STOPPING and before is not SweepState.STOPPING:
            self.state.update_sweep(state=event.state, cause=event.cause)
            self._stop_runs(StopReason(RunState.STOPPED, f"the sweep was {event.cause}"))
        elif (before, event.state) in _PAUSE_CHANGES or event.state is SweepState.FAILED:
            self.state.update_sweep(state=event.state, cause=event.cause)

    # Events of the runner

    def _on_runner_event(self, event: RunnerEvent) -> None:
        """Handle an event of the runner; if that fails, end the run that the event is about."""
        try:
            self._handle_runner_event(event)
        except Exception as error:
            run = getattr(event, "run", None)
            if run is None:
                raise
            problem = f"what became of it could not be recorded ({type(event).__name__})"
            if isinstance(event, RunExited) and run in self.runs.active:
                log.exception("run %s: %s", run, problem)
                exited = RunExited(run, None, None, "", time.time())
                self._finish_run(
                    exited, RunState.FAILED, f"{problem}: {type(error).__name__}: {error}"
                )
            else:
                self._fail_run(run, problem, error)

    def _handle_runner_event(self, event: RunnerEvent) -> None:
        if isinstance(event, RunLogged):
            self._metric_detector.on_logged(event.run, event.entries)
            if self.state.on_run_logged(event) and not self.state.sweep.state.has_ended:
                self._on_value(event.run)
            return
        if isinstance(event, ResourcesChanged):
            self.state.store.set_resources(event.resources)
            return
        if isinstance(event, RunStarted):
            self.state.on_run_started(event)
        elif isinstance(event, RunExited):
            self._on_run_exited(event)
        elif isinstance(event, RunnerNotice):
            self.state.add_notice(event.text)
        elif isinstance(event, UploadRefused):
            self._resender.on_upload_refused(event)
        elif isinstance(event, RunnerFailed):
            self._on_runner_failed(event)
        elif isinstance(event, RunnerReady):
            self._ready = True
        self._wake.set()

    def _on_run_exited(self, event: RunExited) -> None:
        if event.run not in self.runs.active:
            return  # it was abandoned before its process ended
        if note := self._job_factory.take_hold(event.run):
            event = replace(
                event, held=True, code=1, signal=None, error=note.error, cause=note.cause
            )
        intent = self._terminator.pop_reason(event.run)
        if intent is None and event.preempted:
            self._explain_preemption(self.runs.active[event.run])
        if intent is None and self._goes_on(event):
            self._requeue(event, PREEMPTED)
        elif intent is None and event.hung:
            # Its code has not failed: start it again, and no longer as a fork.
            self._requeue(event, "it hung after its fork")
        else:
            self._finish_run(event, *classify_exit(event, intent))

    def _goes_on(self, event: RunExited) -> bool:
        """Return whether a run is to continue elsewhere as the same run.

        One that has saved nothing would append the same curve once more: it starts over instead.
        One that handled the signal, so that it could exit, may have saved its state anywhere.
        """
        has_handled = event.signal is None and event.code is not None
        return event.preempted and (has_handled or self._job_factory.has_saved_state(event.run))

    def _explain_preemption(self, run: RunRecord) -> None:
        self._preemptions[run.number] += 1
        count = self._preemptions[run.number]
        self.state.add_notice(
            "a worker was shut down: its runs continue elsewhere as the same runs if they have "
            f"saved their state in the folder that {RUN_FOLDER_ENV} names, and start over if not"
        )
        if count % MANY_PREEMPTIONS == 0:
            self.state.add_notice(
                f"run {run.number} was interrupted {count} times because its "
                "worker was shut down: it may never end if it does not save its state"
            )

    def _requeue(self, event: RunExited, cause: str) -> None:
        """Let a run that says nothing about its code wait for an agent, as the same run."""
        self._first_seen.pop(event.run, None)
        self.state.on_run_ended(event, RunState.STOPPED, cause)
        self.state.requeue(event.run)
        if self.state.sweep.state not in (SweepState.RUNNING, SweepState.PAUSED):
            self.state.cancel_queued(event.run, f"{cause}, and the sweep starts no more runs")

    def _finish_run(self, event: RunExited, state: RunState, cause: str) -> None:
        run = self.state.on_run_ended(event, state, cause)
        self._first_seen.pop(run.id, None)
        self._resender.on_run_ended(run.id)
        options = self.state.sweep.options
        if options.repeat > 1 and self.state.sweep.state is SweepState.RUNNING:
            self._on_value(run.id)  # the mean of its set has changed
        self._notify_backend(run)
        if notice := self._metric_detector.on_run_ended(
            run, self.runs.trials(), self.state.sweep.notices
        ):
            self.state.add_notice(notice)
        if self.runs.should_retry(run, options.retries, self.state.sweep.agents):
            self.runs.retries.append((run.number, run.attempt + 1, run.params))
        failures = self.runs.consecutive_failures
        if not self.runs.is_of_code(run, self.state.sweep.agents):
            return
        if self.state.sweep.state is SweepState.RUNNING and (
            0 < options.failure_limit <= failures and not self.runs.success_count
        ):
            self.state.update_sweep(
                state=SweepState.PAUSED,
                cause=f"the first {failures} runs failed, the last with: {cause}"
                if failures > 1
                else f"the first run failed with: {cause}",
            )

    def _on_runner_failed(self, event: RunnerFailed) -> None:
        """Fail the sweep: the runner will never start a run."""
        log.error("%s", event.details)
        self.state.update_sweep(state=SweepState.FAILED, cause=f"no run can start: {event.reason}")
        for run, record in list(self.runs.active.items()):
            if record.state is RunState.PENDING:
                self._on_run_exited(RunExited(run, None, None, event.reason, time.time()))


def _metric_detector(spec: Spec) -> MissingMetricDetector:
    name = spec.objective.name if spec.objective is not None else ""
    return MissingMetricDetector(name, spec.result_keys)
