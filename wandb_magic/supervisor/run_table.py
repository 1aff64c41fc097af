"""The supervisor's memory: which runs there are, what the search may know of them, who is free.

Plain bookkeeping without clock, disk or process; rebuilt from the store when a supervisor starts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from wandb_magic.log_records import HistoryRecord, LogRecord, OverwriteRecord, SummaryRecord
from wandb_magic.records import NO_AGENT, Params, ProcessId, RunId, RunRecord, RunState, Trial
from wandb_magic.search.objective import objective
from wandb_magic.spec import Metric

LOST_RETRIES = 3
"""How often a set of parameters is started again because its run was lost."""


class RunTable:
    """All runs of a sweep.

    Parameters
    ----------
    metric
        The objective, if the sweep has one.
    keep_history
        Whether the search needs the objective's every value (for early termination).
    """

    def __init__(self, metric: Metric | None, *, keep_history: bool) -> None:
        self._metric = metric
        self._keep_history = keep_history
        self.active: dict[RunId, RunRecord] = {}
        self._trackers: dict[RunId, _ObjectiveTracker] = {}
        self._trials: dict[int, Trial] = {}
        self._ended: dict[RunId, tuple[RunRecord, _ObjectiveTracker]] = {}
        self._latest: dict[int, tuple[int, RunId]] = {}  # by number: attempt and id
        self.retries: list[tuple[int, int, Params]] = []
        self._failures: Counter[tuple[int, bool]] = Counter()  # by number, and whether lost
        self.success_count = 0
        self.consecutive_failures = 0

    @property
    def next_number(self) -> int:
        """The number of the next set of parameters."""
        return len(self._trials)

    def free_agent(self, agents: int) -> int | None:
        """Return the first agent without a run; None if all are busy."""
        busy = {run.agent for run in self.active.values()}
        return next((agent for agent in range(agents) if agent not in busy), None)

    def add(self, run: RunRecord, values: Iterable[float] = ()) -> None:
        """Take up a run: a new one, or one of an earlier supervisor with its logged objective."""
        progress = self._trackers[run.id] = _ObjectiveTracker(list(values))
        if not self._keep_history:
            progress.compact(self._metric)
        self.active[run.id] = run
        newest = self._latest.get(run.number)
        if newest is None or newest[0] <= run.attempt:
            self._latest[run.number] = run.attempt, run.id
        self._update_trial(run)
        if run.state.has_ended:
            self._archive(run)
            self._failures[run.number, run.state is RunState.LOST] += run.state.is_failure
            self.success_count += run.state is RunState.FINISHED

    def on_started(self, run: RunId, at: float, process: ProcessId) -> RunRecord:
        """Note that a run has a process; an adopted one keeps the time when it began."""
        record = self.active[run]
        self.active[run] = replace(
            record, state=RunState.RUNNING, started=record.started or at, process=process
        )
        self._update_trial(self.active[run])
        return self.active[run]

    def on_logged(self, run: RunId, entries: Sequence[LogRecord]) -> bool:
        """Note what a run logged; tell whether the objective has new values."""
        record = self.active.get(run)
        if record is None or self._metric is None:
            return False
        progress = self._trackers[run]
        if not progress.observe(entries, self._metric.name):
            return False
        if not self._keep_history:
            progress.compact(self._metric)
        self._update_trial(record)
        return True

    def objective(self, run: RunId) -> float | None:
        """Return the objective of a living run so far."""
        return self._trackers[run].objective(self._metric)

    def on_ended(self, record: RunRecord) -> None:
        """Note how a run ended; `record` has its final state."""
        self._update_trial(record)
        self._archive(record)
        self._failures[record.number, record.state is RunState.LOST] += record.state.is_failure
        if record.state is RunState.FINISHED:
            self.success_count += 1
        if record.state is not RunState.LOST:  # which says nothing about the user's code
            self.consecutive_failures = (
                self.consecutive_failures + 1 if record.state.is_failure else 0
            )

    def get_ended(self, run: RunId) -> RunRecord | None:
        """Return the record of a run that has ended; None if there is none."""
        found = self._ended.get(run)
        return found[0] if found is not None else None

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
        """Whether a run waits for an agent, besides what the backend may propose."""
        return bool(self.retries) or next(self.queued(), None) is not None

    def queued(self) -> Iterator[RunId]:
        """Yield the runs that were asked for and wait for an agent, in order."""
        return (run for run, record in list(self.active.items()) if record.agent == NO_AGENT)

    def failed(self) -> list[RunRecord]:
        """Return the newest run of each set of parameters whose newest run broke."""
        due = {number for number, _, _ in self.retries}
        newest = (self.get_ended(run) for _, run in self._latest.values())
        return [
            run
            for run in newest
            if run is not None and run.state.is_failure and run.number not in due
        ]

    def is_latest(self, run: RunRecord) -> bool:
        """Tell whether no later run has the same set of parameters."""
        return self._latest[run.number][1] == run.id

    def should_retry(self, run: RunRecord, retries: int) -> bool:
        """Tell whether a run that has ended is started again with the same parameters.

        One that was lost says nothing about the user's code: it has a budget of its own.
        """
        if not run.state.is_failure or not self.is_latest(run):
            return False
        lost = run.state is RunState.LOST
        return self._failures[run.number, lost] <= (LOST_RETRIES if lost else retries)

    def next_attempt(self, number: int) -> int:
        """Return which try the next run with this set of parameters is."""
        newest = self._latest.get(number)
        return 0 if newest is None else newest[0] + 1

    def params(self, number: int) -> Params | None:
        """Return a set of parameters by its number; None if there is none."""
        trial = self._trials.get(number)
        return trial.params if trial is not None else None

    def trials(self) -> tuple[Trial, ...]:
        """Return all sets of parameters in their order, each as its newest run left it."""
        return tuple(self._trials.values())

    def running(self) -> Iterator[tuple[RunId, RunRecord]]:
        """Yield the runs that have a process."""
        for run, record in list(self.active.items()):
            if record.state is RunState.RUNNING:
                yield run, record

    def _update_trial(self, run: RunRecord) -> None:
        if not self.is_latest(run):
            return
        progress = self._trackers[run.id]
        self._trials[run.number] = Trial(
            number=run.number,
            params=run.params,
            state=run.state,
            value=progress.objective(self._metric),
            history=tuple(progress.values),
        )

    def _archive(self, run: RunRecord) -> None:
        self.active.pop(run.id, None)
        # A traceback may be long, and nobody looks for it here.
        self._ended[run.id] = replace(run, error=""), self._trackers.pop(run.id)


@dataclass
class _ObjectiveTracker:
    """What a run has said of the objective: its logged values, else what its summary says."""

    values: list[float]
    summary: float | None = None

    def observe(self, entries: Sequence[LogRecord], key: str) -> bool:
        """Take up what was logged; tell whether it concerns the objective."""
        before = len(self.values), self.summary
        overwritten = False
        for entry in entries:
            if isinstance(entry, OverwriteRecord):
                self.values, self.summary, overwritten = [], None, True
            elif isinstance(entry, HistoryRecord) and key in entry.scalars:
                self.values.append(float(entry.scalars[key]))
            elif isinstance(entry, SummaryRecord) and key in entry.update:
                value = entry.update[key]
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    with suppress(OverflowError):  # a number that no float can say is no value
                        self.summary = float(value)
        return overwritten or before != (len(self.values), self.summary)

    def compact(self, metric: Metric | None) -> None:
        """Keep the best and the last: a search without early termination looks at no more."""
        best = objective(self.values, metric) if metric is not None else None
        self.values = [] if best is None else [best, self.values[-1]]

    def objective(self, metric: Metric | None) -> float | None:
        """Return the objective; a summary that was set by hand counts where nothing was logged."""
        if metric is None:
            return None
        if not self.values and self.summary is not None:
            return objective((self.summary,), metric)
        return objective(self.values, metric)
