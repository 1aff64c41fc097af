"""The supervisor's table of runs: their records, their trials for the search, and free agents.

In memory only, without clock, disk or process; rebuilt from the store when a supervisor starts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wandb_magic.log_records import HistoryRecord, LogRecord, OverwriteRecord, SummaryRecord
from wandb_magic.records import (
    NO_AGENT,
    Params,
    ProcessId,
    RunId,
    RunRecord,
    RunState,
    Trial,
    flatten_keys,
)
from wandb_magic.search.objective import DEFINED, counted_value, run_value
from wandb_magic.spec import Metric
from wandb_magic.spec.distributions import as_number
from wandb_magic.supervisor.run_outcome import FailureKind, failure_kind

LOST_RETRIES = 3
"""How often a set of parameters is started again because its run was lost."""
DEVICE_RETRIES = 2
"""The same because of a device error, if there are other GPUs."""
DISK_RETRIES = 3
"""The same because nothing that the run logged was written, as on a full disk."""
MEMORY_RETRIES = 1
"""The same because memory ran out while other runs were active: then it runs alone."""


class RunTable:
    """All runs of a sweep.

    Parameters
    ----------
    metric
        The objective, if the sweep has one.
    keep_history
        Whether the search needs every value of the objective (for early termination).
    result_keys
        The keys of a run's summary that the search reads: see `Spec.result_keys`.
    several
        Whether the objective is the first of several: then its value is the one in the summary,
        like those of the others, so that all are of the same step.
    """

    def __init__(
        self,
        metric: Metric | None,
        *,
        keep_history: bool,
        result_keys: Iterable[str] = (),
        several: bool = False,
    ) -> None:
        self._metric = metric
        self._keep_history = keep_history
        self._result_keys = frozenset(result_keys)
        self._several = several
        self.active: dict[RunId, RunRecord] = {}
        self._trackers: dict[RunId, _ObjectiveTracker] = {}
        self._trials: dict[int, Trial] = {}
        self._ended: dict[RunId, tuple[RunRecord, _ObjectiveTracker]] = {}
        self._latest: dict[int, tuple[int, RunId]] = {}  # by number: attempt and id
        self.retries: list[tuple[int, int, Params]] = []
        self._failures: Counter[tuple[int, FailureKind | None]] = Counter()  # by number and kind
        self.success_count = 0
        self.consecutive_failures = 0
        self.revision = 0  # changes with each change of a trial

    def set_metric(
        self,
        metric: Metric | None,
        values: Mapping[RunId, Sequence[float]],
        summaries: Mapping[RunId, Mapping[str, object]],
        *,
        keep_history: bool,
        result_keys: Iterable[str] = (),
        several: bool = False,
    ) -> dict[RunId, float | None]:
        """Judge all runs by another metric; return the objective of each run.

        Parameters
        ----------
        metric
            The new objective, if the sweep has one.
        values, summaries
            What runs logged of it, and their summaries by dotted key.
        keep_history, result_keys, several
            As for the table.
        """
        self.revision += 1
        self._metric, self._keep_history = metric, keep_history
        self._result_keys, self._several = frozenset(result_keys), several
        objectives: dict[RunId, float | None] = {}
        for run in (*self.active.values(), *(run for run, _ in self._ended.values())):
            tracker = self._tracker(values.get(run.id, ()), summaries.get(run.id, {}))
            if not keep_history:
                tracker.compact(metric)
            objectives[run.id] = self._objective(tracker)
            if run.id in self.active:
                self._trackers[run.id] = tracker
            else:
                self._ended[run.id] = replace(run, value=objectives[run.id]), tracker
            if self.is_latest(run):
                self._trials[run.number] = self._trial(run, tracker)
        return objectives

    @property
    def next_number(self) -> int:
        """The number of the next set of parameters."""
        return len(self._trials)

    def free_agent(self, agents: int) -> int | None:
        """Return the first agent without a run; None if all are busy."""
        busy = {run.agent for run in self.active.values()}
        return next((agent for agent in range(agents) if agent not in busy), None)

    def add(
        self,
        run: RunRecord,
        values: Iterable[float] = (),
        summary: Mapping[str, object] | None = None,
    ) -> None:
        """Add a run: a new one, or one of an earlier supervisor with what it has logged."""
        tracker = self._trackers[run.id] = self._tracker(values, summary or {})
        if not self._keep_history:
            tracker.compact(self._metric)
        self.active[run.id] = run
        latest = self._latest.get(run.number)
        if latest is None or latest[0] <= run.attempt:
            self._latest[run.number] = run.attempt, run.id
        self._update_trial(run)
        if run.state.has_ended:
            self._archive(run)
            self._failures[run.number, failure_kind(run)] += 1
            self.success_count += run.state is RunState.FINISHED

    def _tracker(
        self, values: Iterable[float], summary: Mapping[str, object]
    ) -> _ObjectiveTracker:
        tracker = _ObjectiveTracker(list(values))
        tracker.update_results(summary, self._result_keys)
        if self._metric is not None:
            tracker.update_summary(summary, self._metric.name)
        return tracker

    def on_started(self, run: RunId, at: float, process: ProcessId | None) -> RunRecord:
        """Record that a run has a process; an adopted run keeps its start time."""
        record = self.active[run]
        self.active[run] = replace(
            record, state=RunState.RUNNING, started=record.started or at, process=process
        )
        self._update_trial(self.active[run])
        return self.active[run]

    def on_logged(self, run: RunId, entries: Sequence[LogRecord]) -> bool:
        """Record what a run logged; return whether the objective has new values."""
        record = self.active.get(run)
        if record is None or self._metric is None:
            return False
        tracker = self._trackers[run]
        changed = tracker.observe_results(entries, self._result_keys)
        if not tracker.observe(entries, self._metric.name) and not changed:
            return False
        if not self._keep_history:
            tracker.compact(self._metric)
        self._update_trial(record)
        return True

    def objective(self, run: RunId) -> float | None:
        """Return the current objective of a run."""
        return self._objective(self._trackers.get(run) or self._ended[run][1])

    def results(self, run: RunId) -> Mapping[str, float]:
        """Return the current values of a run that constraints are about, among others."""
        return (self._trackers.get(run) or self._ended[run][1]).results

    def _objective(self, tracker: _ObjectiveTracker) -> float | None:
        if self._several and self._metric is not None and self._metric.name in tracker.results:
            return tracker.results[self._metric.name]
        return tracker.objective(self._metric)

    def on_ended(self, record: RunRecord, agents: int = 1) -> None:
        """Record how a run ended; `record` has its final state."""
        self._update_trial(record)
        self._archive(record)
        self._failures[record.number, failure_kind(record)] += 1
        if record.state is RunState.FINISHED:
            self.success_count += 1
        if self.is_of_code(record, agents):
            self.consecutive_failures = (
                self.consecutive_failures + 1 if record.state.is_failure else 0
            )

    def is_of_code(self, run: RunRecord, agents: int) -> bool:
        """Return whether how a run ended says something about the user's code."""
        kind = failure_kind(run)
        if kind is FailureKind.MEMORY:  # alone, it may have enough
            return agents == 1 or self._failures[run.number, kind] > MEMORY_RETRIES
        return kind in (None, FailureKind.MEMORY, FailureKind.CODE)

    def get_ended(self, run: RunId) -> RunRecord | None:
        """Return the record of a run that has ended, or None."""
        entry = self._ended.get(run)
        return entry[0] if entry is not None else None

    def find(self, run: RunId) -> RunRecord | None:
        """Return the record of a run, or None."""
        return self.active.get(run) or self.get_ended(run)

    def requeue(self, run: RunId) -> RunRecord:
        """Let an ended run wait for an agent again, with what it has logged so far."""
        record, self._trackers[run] = self._ended.pop(run)
        self.active[run] = replace(
            record,
            state=RunState.PENDING,
            agent=NO_AGENT,
            started=None,
            ended=None,
            cause="",
            exit_code=None,
            process=None,
        )
        self._update_trial(self.active[run])
        return self.active[run]

    @property
    def has_waiting(self) -> bool:
        """Whether a run waits for an agent, apart from what the backend may suggest."""
        return bool(self.retries) or next(self.queued(), None) is not None

    def queued(self) -> Iterator[RunId]:
        """Yield the requested runs that wait for an agent, in order."""
        return (run for run, record in list(self.active.items()) if record.agent == NO_AGENT)

    def failed(self) -> list[RunRecord]:
        """Return the latest run of each set of parameters, if it failed and no retry is due."""
        due = {number for number, _, _ in self.retries}
        latest = (self.get_ended(run) for _, run in self._latest.values())
        return [
            run
            for run in latest
            if run is not None and run.state.is_failure and run.number not in due
        ]

    def is_latest(self, run: RunRecord) -> bool:
        """Return whether no later run has the same set of parameters."""
        return self._latest[run.number][1] == run.id

    def should_retry(self, run: RunRecord, retries: int, agents: int) -> bool:
        """Return whether a run that has ended is started again with the same parameters.

        Failures that say nothing about the user's code have limits of their own. With one agent, a
        run that needs too much memory had all of it already.
        """
        kind = failure_kind(run)
        if kind is None or not self.is_latest(run):
            return False
        limit = {
            FailureKind.LOST: LOST_RETRIES,
            FailureKind.PREEMPTED: math.inf,
            FailureKind.DISK: max(DISK_RETRIES, retries),
            FailureKind.DEVICE: max(DEVICE_RETRIES, retries),
            FailureKind.MEMORY: max(MEMORY_RETRIES if agents > 1 else 0, retries),
            FailureKind.CODE: retries,
        }[kind]
        return self._failures[run.number, kind] <= limit

    def must_run_alone(self, number: int) -> bool:
        """Return whether a set of parameters runs alone, because memory ran out before."""
        return self._failures[number, FailureKind.MEMORY] > 0

    def can_start(self, *, alone: bool) -> bool:
        """Return whether a run can start beside the active ones."""
        started = [run for run in self.active.values() if run.agent != NO_AGENT]
        return (
            not started if alone else not any(self.must_run_alone(run.number) for run in started)
        )

    def next_attempt(self, number: int) -> int:
        """Return the attempt number of the next run with this set of parameters."""
        latest = self._latest.get(number)
        return 0 if latest is None else latest[0] + 1

    def version_of(self, number: int) -> int | None:
        """Return the version of the spec that a set of parameters is from; None if it is new."""
        latest = self._latest.get(number)
        run = None if latest is None else self.find(latest[1])
        return None if run is None else run.version

    def parent_of(self, number: int) -> RunId | None:
        """Return the run from whose checkpoint a set of parameters starts, if it is a fork."""
        latest = self._latest.get(number)
        run = None if latest is None else self.find(latest[1])
        return None if run is None else run.parent

    def group(self, group: int) -> list[Trial]:
        """Return the runs of a set of parameters and its repeats, each with its latest result."""
        return [trial for trial in self._trials.values() if trial.repeat_group == group]

    def repeat_of(self, number: int) -> int | None:
        """Return the number of the run that a run repeats; None if it repeats none."""
        trial = self._trials.get(number)
        return None if trial is None else trial.repeat_of

    def latest_runs(self) -> dict[int, RunId]:
        """Return the id of the latest run of each set of parameters."""
        return {number: run for number, (_, run) in self._latest.items()}

    def trials(self) -> tuple[Trial, ...]:
        """Return all sets of parameters in order, each with the result of its latest run."""
        return tuple(self._trials.values())

    def running(self) -> Iterator[tuple[RunId, RunRecord]]:
        """Yield the runs that have a process."""
        for run, record in list(self.active.items()):
            if record.state is RunState.RUNNING:
                yield run, record

    def _update_trial(self, run: RunRecord) -> None:
        if not self.is_latest(run):
            return
        self.revision += 1
        self._trials[run.number] = self._trial(run, self._trackers[run.id])

    def _trial(self, run: RunRecord, tracker: _ObjectiveTracker) -> Trial:
        return Trial(
            number=run.number,
            params=run.params,
            state=run.state,
            value=self._objective(tracker),
            history=tuple(tracker.values),
            results=dict(tracker.results),
            repeat_of=run.repeat_of,
            fork_of=self._number_of(run.parent),
        )

    def _number_of(self, run: RunId | None) -> int | None:
        record = None if run is None else self.find(run)
        return None if record is None else record.number

    def _archive(self, run: RunRecord) -> None:
        self.active.pop(run.id, None)
        # A traceback may be long, and is not needed here.
        self._ended[run.id] = replace(run, error=""), self._trackers.pop(run.id)


@dataclass
class _ObjectiveTracker:
    """A run's values of the objective: the logged ones, or else the one in its summary.

    Several objectives, and constraints, have the values in its summary.
    """

    values: list[float]
    summary: dict[str, object] = field(default_factory=dict)
    results: dict[str, float] = field(default_factory=dict)

    def observe_results(self, entries: Sequence[LogRecord], keys: Collection[str]) -> bool:
        """Record the changes to the summary; return whether they changed a result."""
        if not keys:
            return False
        before = dict(self.results)
        for entry in entries:
            if isinstance(entry, OverwriteRecord):
                self.results.clear()
            elif isinstance(entry, SummaryRecord):
                self.update_results(entry.update, keys)
                for key in entry.remove:
                    self.results.pop(key, None)
        return before != self.results

    def update_results(self, summary: Mapping[str, object], keys: Collection[str]) -> None:
        """Record values of the summary; one that is no finite number is none."""
        flat = flatten_keys(summary)
        for key in keys & flat.keys():
            value = as_number(flat[key])
            if value is None:
                self.results.pop(key, None)
            else:
                self.results[key] = value

    def observe(self, entries: Sequence[LogRecord], key: str) -> bool:
        """Record what was logged; return whether it changed the objective."""
        before = len(self.values), dict(self.summary)
        overwritten = False
        for entry in entries:
            if isinstance(entry, OverwriteRecord):
                self.values, self.summary, overwritten = [], {}, True
            elif isinstance(entry, HistoryRecord) and key in entry.scalars:
                self.values.append(float(entry.scalars[key]))
            elif isinstance(entry, SummaryRecord):
                self.update_summary(entry.update, key)
        return overwritten or before != (len(self.values), self.summary)

    def update_summary(self, summary: Mapping[str, object], key: str) -> None:
        """Record what a summary has of the objective: numbers, not what they are replaced with."""
        for name in (key, *(f"{key}.{kind}" for kind in DEFINED)):
            if as_number(summary.get(name)) is not None:
                self.summary[name] = summary[name]

    def compact(self, metric: Metric | None) -> None:
        """Keep what counts and the last value, if nothing else is needed."""
        if metric is not None and metric.summary == "last":
            self.values = self.values[-1:]
            return
        counted = counted_value(self.values, metric) if metric is not None else None
        self.values = [] if counted is None else [counted, self.values[-1]]

    def objective(self, metric: Metric | None) -> float | None:
        """Return the objective, from the summary if no value was logged."""
        if metric is None:
            return None
        return run_value(self.values, self.summary, metric)
