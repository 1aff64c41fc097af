"""The supervisor's state, kept in memory and in the store together, so the two never differ."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import replace

from wandb_magic.alert_rules import ALERT_PREFIX
from wandb_magic.arguments import brief
from wandb_magic.log_records import AlertRecord, OmittedRecord, OverwriteRecord
from wandb_magic.processes import process_age
from wandb_magic.records import (
    NO_AGENT,
    Params,
    Proposer,
    RunId,
    RunRecord,
    RunState,
    SweepRecord,
    SweepState,
    new_id,
    own_run,
)
from wandb_magic.runner.events import RunExited, RunLogged, RunStarted
from wandb_magic.spec import Metric
from wandb_magic.store import StoreReader, StoreWriter
from wandb_magic.supervisor.run_table import RunTable

CLOCK_TOLERANCE_S = 1.0  # between the wall clock and the kernel's clock of a process
MAX_ALERTS = 50  # notices at most, as below
MAX_OMISSIONS = 10  # notices at most: a program may log millions

OVERWRITTEN = (
    "a run called wandb.init again, and its steps began anew: as at W&B, the new history takes "
    "the place of the earlier one, whose log stays in W&B's folder; to keep all of it, call "
    "wandb.init once and log each part under a key of its own"
)


log = logging.getLogger(__name__)


class SchedulerState:
    """A sweep and its runs.

    Parameters
    ----------
    store
        The sweep's store, of which this is the only writer.
    metric
        The objective, if the sweep has one.
    keep_history
        Whether the search needs every value of the objective.
    result_keys
        The keys of a run's summary that the search reads.
    several
        Whether the objective is the first of several.
    """

    def __init__(
        self,
        store: StoreWriter,
        metric: Metric | None,
        *,
        keep_history: bool,
        result_keys: Collection[str] = (),
        several: bool = False,
    ) -> None:
        self.store = store
        self.sweep: SweepRecord = store.sweep()
        self.runs = RunTable(
            metric, keep_history=keep_history, result_keys=result_keys, several=several
        )
        self._metric = metric
        self._result_keys = result_keys
        self._omitted: set[str] = set()
        # By run: a run whose processes log at the same time has several; the newest counts.
        self._directories: dict[RunId, set[str]] = {}

    def restore(self, reader: StoreReader) -> None:
        """Load the state that an earlier supervisor left in the store."""
        runs = sorted(reader.runs(), key=lambda run: (run.number, run.attempt))
        name = self._metric.name if self._metric is not None else ""
        values = reader.objective(name) if name else {}
        summaries = reader.summaries() if name or self._result_keys else {}
        for run in runs:
            self.runs.add(run, values.get(run.id, ()), summaries.get(run.id))
        latest = {run.number: run for run in runs}
        for run in latest.values():
            if self.runs.should_retry(run, self.sweep.options.retries, self.sweep.agents):
                self.runs.retries.append((run.number, run.attempt + 1, run.params))

    def set_values(self, metric: Metric | None, objectives: Mapping[RunId, float | None]) -> None:
        """Record the objective of all runs, after the spec has another metric."""
        self._metric = metric
        for run, value in objectives.items():
            self.store.update_run(run, value=value)

    def update_sweep(self, **fields: object) -> None:
        """Change fields of the sweep; record a new state as an event."""
        self.store.update_sweep(**fields)
        self.sweep = replace(self.sweep, **fields)  # type: ignore[arg-type] # as the store's own
        if "state" in fields:
            text = f"{self.sweep.state.value}: {self.sweep.cause}".rstrip(": ")
            self.store.add_event("sweep", text)
            log.info("%s", text)

    def add_notice(self, text: str) -> None:
        """Add a notice for the user, once."""
        if text not in self.sweep.notices:
            self.update_sweep(notices=(*self.sweep.notices, text))

    def add_run(self, run: RunRecord) -> None:
        """Add a run; commit before its process starts."""
        self.store.add_run(run)
        self.runs.add(run)

    def requeue(self, run: RunId) -> None:
        """Let an ended run wait for an agent again, as the same run."""
        record = self.runs.requeue(run)
        self.store.update_run(
            run,
            state=record.state,
            agent=record.agent,
            started=None,
            ended=None,
            cause="",
            error="",
            exit_code=None,
            process=None,
        )

    def assign(self, run: RunId, agent: int) -> RunRecord:
        """Assign a waiting run to an agent; commit before its process starts."""
        record = self.runs.active[run] = replace(self.runs.active[run], agent=agent)
        self.store.update_run(run, agent=agent)
        return record

    def start_external(self, run: RunId, agent: int, at: float) -> RunRecord:
        """Record that a user executes a waiting run."""
        self.assign(run, agent)
        record = self.runs.on_started(run, at, None)
        self.store.update_run(run, state=record.state, started=record.started)
        return record

    # An accepted request becomes a run without an agent at once, stored together with the answer,
    # so a killed supervisor cannot lose it. The run starts like any other when an agent is free.

    def queue_rerun(self, run: RunRecord) -> None:
        """Queue a new run with the parameters of a run."""
        self.add_run(
            RunRecord(
                id=RunId(new_id()),
                number=run.number,
                attempt=self.runs.next_attempt(run.number),
                agent=NO_AGENT,
                params=run.params,
                state=RunState.PENDING,
                created=time.time(),
                proposer=Proposer.RERUN,
                version=run.version,
                repeat_of=run.repeat_of,
                parent=run.parent,
            )
        )
        self._reopen()

    def queue_added(self, params: Params) -> RunId:
        """Queue a run with parameters that a user has given; return its id."""
        run = own_run(self.runs.next_number, params, time.time(), self.sweep.version)
        self.add_run(run)
        self._reopen()
        return run.id

    def queue_fork(self, parent: RunRecord, params: Params) -> RunId:
        """Queue a run that starts from the checkpoint of another one; return its id."""
        run = replace(
            own_run(self.runs.next_number, params, time.time(), self.sweep.version),
            proposer=Proposer.FORK,
            parent=parent.id,
        )
        self.add_run(run)
        self._reopen()
        return run.id

    def queue_resume(self, run: RunId) -> None:
        """Queue another execution of a run that has ended, in place of any retry that is due."""
        self.requeue(run)
        number = self.runs.active[run].number
        self.runs.retries = [retry for retry in self.runs.retries if retry[0] != number]
        self._reopen()

    def cancel_queued(self, run: RunId, cause: str) -> None:
        """End a run that waits for an agent."""
        self.on_run_ended(RunExited(run, None, None, "", time.time()), RunState.STOPPED, cause)

    def cancel_all_queued(self, cause: str) -> None:
        """End all runs that wait for an agent."""
        for run in self.runs.queued():
            self.cancel_queued(run, cause)

    def _reopen(self) -> None:
        if self.sweep.state.has_ended:
            self.update_sweep(state=SweepState.RUNNING, cause="", ended=None)

    def on_run_started(self, event: RunStarted) -> None:
        """Record that a run has a process; an adopted run keeps its start time."""
        run = self.runs.on_started(event.run, time.time(), event.process)
        self.store.update_run(run.id, state=run.state, started=run.started, process=event.process)

    def on_run_logged(self, event: RunLogged) -> bool:
        """Record what a run logged; return whether it changed the objective."""
        entries, omitted = self.store.append(
            event.run, event.entries, event.directory, event.position
        )
        for kind in omitted:
            self._note_omission(f"an entry of the kind {kind}")
        for entry in entries:
            if isinstance(entry, OverwriteRecord):
                self.add_notice(OVERWRITTEN)
            elif isinstance(entry, AlertRecord):
                self._add_alert(event.run, entry)
            elif isinstance(entry, OmittedRecord):
                self._note_omission(
                    f"{brief(entry.key) if entry.key else 'an entry'}: {entry.reason}"
                )
        run = self.runs.active.get(event.run)
        directories = self._directories.setdefault(event.run, set())
        if run is not None and event.directory not in directories:
            directories.add(event.directory)
            self.runs.active[event.run] = replace(run, directory=event.directory)
            self.store.update_run(event.run, directory=event.directory)
        if not self.runs.on_logged(event.run, entries):
            return False
        self.store.update_run(event.run, value=self.runs.objective(event.run))
        return True

    def _add_alert(self, run: RunId, alert: AlertRecord) -> None:
        """Show what a run has passed to ``run.alert``."""
        notices = self.sweep.notices
        if sum(notice.startswith(ALERT_PREFIX) for notice in notices) < MAX_ALERTS:
            record = self.runs.active.get(run)
            label = run if record is None else record.number
            parts = filter(None, (alert.title.strip(), alert.text.strip()))
            self.add_notice(f"{ALERT_PREFIX}{label}: {': '.join(parts)}")

    def _note_omission(self, what: str) -> None:
        """Add a notice that something a run logged is left out, a few times at most."""
        if what in self._omitted or len(self._omitted) > MAX_OMISSIONS:
            return
        self._omitted.add(what)
        if len(self._omitted) > MAX_OMISSIONS:
            self.add_notice("more of what the runs logged was left out, for reasons like these")
        else:
            self.add_notice(f"a run logged what cannot be kept, and it was left out: {what}")

    def on_run_ended(self, event: RunExited, state: RunState, cause: str) -> RunRecord:
        """Record how a run ended; return its final record."""
        self._directories.pop(event.run, None)
        run = replace(
            self.runs.active[event.run],
            state=state,
            cause=cause,
            error=event.error,
            exit_code=(event.recorded_exit_code or 0) if event.code == 0 else event.code,
            ended=_end_time(self.runs.active[event.run], event.ended_at),
            value=self.runs.objective(event.run),
        )
        self.runs.on_ended(run, self.sweep.agents)
        self.store.clear_stop_reason(run.id)
        self.store.update_run(
            run.id,
            state=run.state,
            cause=run.cause,
            error=run.error,
            exit_code=run.exit_code,
            ended=run.ended,
            value=run.value,
        )
        return run


def _end_time(run: RunRecord, at: float) -> float:
    """Return when a run ended: the reported time, unless the clock was set meanwhile."""
    if run.started is None:
        return at
    age = process_age(run.process)
    if age is None:
        return max(at, run.started)
    latest = run.started + age
    return at if run.started <= at <= latest + CLOCK_TOLERANCE_S else latest
