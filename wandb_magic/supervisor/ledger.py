"""What the supervisor knows, in memory and in the store at once, so that the two never differ."""

from __future__ import annotations

import logging
import time
from dataclasses import replace

from wandb_magic.entries import OmittedEntry, OverwriteEntry
from wandb_magic.host import Ended, Logged, Started
from wandb_magic.processes import age_of
from wandb_magic.records import (
    NO_AGENT,
    RunId,
    RunRecord,
    RunState,
    SweepRecord,
    SweepState,
    new_id,
)
from wandb_magic.spec import Metric
from wandb_magic.store import StoreReader, StoreWriter
from wandb_magic.supervisor.roster import Roster
from wandb_magic.validation import shown

CLOCK_TOLERANCE_S = 1.0  # what the kernel's clocks of a process and of the day may differ
MOST_OMISSIONS = 10  # of which people are told: a program may log millions

OVERWRITTEN = (
    "a run called wandb.init again, and its steps began anew: as at W&B, the new history takes "
    "the place of the earlier one, whose log stays in W&B's folder; to keep all of it, call "
    "wandb.init once and log each part under a key of its own"
)

STOPPING_REFUSAL = "the sweep is being stopped: ask again when it has stopped"

log = logging.getLogger(__name__)


class Ledger:
    """A sweep and its runs.

    Parameters
    ----------
    store
        The sweep's store, of which this is the only writer.
    metric
        The objective, if the sweep has one.
    keep_history
        Whether the search needs the objective's every value.
    """

    def __init__(self, store: StoreWriter, metric: Metric | None, *, keep_history: bool) -> None:
        self.store = store
        self.sweep: SweepRecord = store.sweep()
        self.roster = Roster(metric, keep_history=keep_history)
        self._metric = metric
        self._omitted: set[str] = set()
        # By run: one whose processes log at once has several, and the newest counts.
        self._directories: dict[RunId, set[str]] = {}

    def remember(self, reader: StoreReader) -> None:
        """Take up what an earlier supervisor left behind."""
        runs = sorted(reader.runs(), key=lambda run: (run.number, run.attempt))
        name = self._metric.name if self._metric is not None else ""
        values = reader.objective(name) if name else {}
        for run in runs:
            self.roster.add(run, values.get(run.id, ()))
        newest = {run.number: run for run in runs}
        for run in newest.values():
            if self.roster.goes_again(run, self.sweep.options.retries):
                self.roster.again.append((run.number, run.attempt + 1, run.params))

    def change(self, **fields: object) -> None:
        """Change fields of the sweep; a new state is an event."""
        self.store.update_sweep(**fields)
        self.sweep = replace(self.sweep, **fields)  # type: ignore[arg-type] # as the store's own
        if "state" in fields:
            text = f"{self.sweep.state.value}: {self.sweep.cause}".rstrip(": ")
            self.store.event("sweep", text)
            log.info("%s", text)

    def notice(self, text: str) -> None:
        """Tell the user something once."""
        if text not in self.sweep.notices:
            self.change(notices=(*self.sweep.notices, text))

    def enter(self, run: RunRecord) -> None:
        """Add a run; commit before its process starts."""
        self.store.add_run(run)
        self.roster.add(run)

    def revive(self, run: RunId) -> None:
        """Let an ended run wait for an agent again, as the same run."""
        record = self.roster.revive(run)
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
        """Give a run that waits to an agent; commit before its process starts."""
        record = self.roster.living[run] = replace(self.roster.living[run], agent=agent)
        self.store.update_run(run, agent=agent)
        return record

    # What is accepted is a run without an agent at once, and so in the store with the answer: no
    # death of a supervisor can lose it. When an agent is free it starts like any other.

    def queue_rerun(self, number: int) -> str:
        """Queue a new run with a set of parameters; return why not, or ""."""
        params = self.roster.params(number)
        if params is None:
            return f"there is no run {number}"
        if self.sweep.state is SweepState.STOPPING:
            return STOPPING_REFUSAL
        run = RunRecord(
            id=RunId(new_id()),
            number=number,
            attempt=self.roster.next_attempt(number),
            agent=NO_AGENT,
            params=params,
            state=RunState.PENDING,
            created=time.time(),
        )
        self.enter(run)
        self._reopen()
        return ""

    def resume_refusal(self, run: RunId) -> str:
        """Return why a run cannot be resumed, or ""."""
        if run in self.roster.living:
            return f"run {run} has not ended: only a run that has ended can be resumed"
        record = self.roster.ended_run(run)
        if record is None:
            return f"there is no run {run}"
        if record.state is RunState.FINISHED:
            return f"run {run} has finished: rerun it, for a new run with the same parameters"
        return STOPPING_REFUSAL if self.sweep.state is SweepState.STOPPING else ""

    def queue_resume(self, run: RunId) -> None:
        """Queue another execution of a run that has ended, in place of the retry that is due."""
        self.revive(run)
        number = self.roster.living[run].number
        self.roster.again = [due for due in self.roster.again if due[0] != number]
        self._reopen()

    def cancel_queued(self, run: RunId, cause: str) -> None:
        """End a run that waits for an agent."""
        self.ended(Ended(run, None, None, "", time.time()), RunState.STOPPED, cause)

    def cancel_all_queued(self, cause: str) -> None:
        """End all runs that wait for an agent."""
        for run in self.roster.queued():
            self.cancel_queued(run, cause)

    def _reopen(self) -> None:
        if self.sweep.state.ended:
            self.change(state=SweepState.RUNNING, cause="", ended=None)

    def started(self, event: Started) -> None:
        """Note that a run has a process; an adopted one keeps the time when it began."""
        run = self.roster.started(event.run, time.time(), event.process)
        self.store.update_run(run.id, state=run.state, started=run.started, process=event.process)

    def logged(self, event: Logged) -> bool:
        """Note what a run logged; tell whether it concerns the objective."""
        entries, omitted = self.store.append(
            event.run, event.entries, event.directory, event.position
        )
        for what in omitted:
            self._omit(f"an entry of the kind {what}")
        for entry in entries:
            if isinstance(entry, OverwriteEntry):
                self.notice(OVERWRITTEN)
            elif isinstance(entry, OmittedEntry):
                self._omit(f"{shown(entry.key) if entry.key else 'an entry'}: {entry.reason}")
        run = self.roster.living.get(event.run)
        known = self._directories.setdefault(event.run, set())
        if run is not None and event.directory not in known:
            known.add(event.directory)
            self.roster.living[event.run] = replace(run, directory=event.directory)
            self.store.update_run(event.run, directory=event.directory)
        if not self.roster.logged(event.run, entries):
            return False
        self.store.update_run(event.run, value=self.roster.value(event.run))
        return True

    def _omit(self, what: str) -> None:
        """Say that something which a run logged is left out, a few times at most."""
        if what in self._omitted or len(self._omitted) > MOST_OMISSIONS:
            return
        self._omitted.add(what)
        if len(self._omitted) > MOST_OMISSIONS:
            self.notice("more of what the runs logged was left out, for reasons like these")
        else:
            self.notice(f"a run logged what cannot be kept, and it was left out: {what}")

    def ended(self, event: Ended, state: RunState, cause: str) -> RunRecord:
        """Note how a run ended; return its last record."""
        self._directories.pop(event.run, None)
        run = replace(
            self.roster.living[event.run],
            state=state,
            cause=cause,
            error=event.error,
            exit_code=(event.recorded or 0) if event.code == 0 else event.code,
            ended=_end_of(self.roster.living[event.run], event.at),
            value=self.roster.value(event.run),
        )
        self.roster.ended(run)
        self.store.forget_intent(run.id)
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


def _end_of(run: RunRecord, at: float) -> float:
    """Return when a run ended: as it was told, unless the clock was set meanwhile."""
    if run.started is None:
        return at
    age = age_of(run.process)
    if age is None:
        return max(at, run.started)
    latest = run.started + age
    return at if run.started <= at <= latest + CLOCK_TOLERANCE_S else latest
