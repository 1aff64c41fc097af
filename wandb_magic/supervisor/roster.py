"""The supervisor's memory: which runs there are, what the search may know of them, who is free.

Plain bookkeeping without clock, disk or process; rebuilt from the store when a supervisor starts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from wandb_magic.entries import Entry, HistoryEntry, OverwriteEntry, SummaryEntry
from wandb_magic.records import NO_AGENT, Params, Process, RunId, RunRecord, RunState, Trial
from wandb_magic.search.objective import objective
from wandb_magic.spec import Metric

LOST_RETRIES = 3
"""How often a set of parameters is started again because its run was lost."""


class Roster:
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
        self._keep = keep_history
        self.living: dict[RunId, RunRecord] = {}
        self._progress: dict[RunId, _Progress] = {}
        self._trials: dict[int, Trial] = {}
        self._ended: dict[RunId, tuple[RunRecord, _Progress]] = {}
        self._newest: dict[int, tuple[int, RunId]] = {}  # by number: attempt and id
        self.again: list[tuple[int, int, Params]] = []
        self._crashes: Counter[tuple[int, bool]] = Counter()  # by number, and whether lost
        self.ended_well = 0
        self.broken_in_a_row = 0

    @property
    def next_number(self) -> int:
        """The number of the next set of parameters."""
        return len(self._trials)

    def free_agent(self, agents: int) -> int | None:
        """Return the first agent without a run; None if all are busy."""
        busy = {run.agent for run in self.living.values()}
        return next((agent for agent in range(agents) if agent not in busy), None)

    def add(self, run: RunRecord, values: Iterable[float] = ()) -> None:
        """Take up a run: a new one, or one of an earlier supervisor with its logged objective."""
        progress = self._progress[run.id] = _Progress(list(values))
        if not self._keep:
            progress.shorten(self._metric)
        self.living[run.id] = run
        newest = self._newest.get(run.number)
        if newest is None or newest[0] <= run.attempt:
            self._newest[run.number] = run.attempt, run.id
        self._retell(run)
        if run.state.ended:
            self._forget(run)
            self._crashes[run.number, run.state is RunState.LOST] += run.state.crashed
            self.ended_well += run.state is RunState.FINISHED

    def started(self, run: RunId, at: float, process: Process) -> RunRecord:
        """Note that a run has a process; an adopted one keeps the time when it began."""
        record = self.living[run]
        self.living[run] = replace(
            record, state=RunState.RUNNING, started=record.started or at, process=process
        )
        self._retell(self.living[run])
        return self.living[run]

    def logged(self, run: RunId, entries: Sequence[Entry]) -> bool:
        """Note what a run logged; tell whether the objective has new values."""
        record = self.living.get(run)
        if record is None or self._metric is None:
            return False
        progress = self._progress[run]
        if not progress.hear(entries, self._metric.name):
            return False
        if not self._keep:
            progress.shorten(self._metric)
        self._retell(record)
        return True

    def value(self, run: RunId) -> float | None:
        """Return the objective of a living run so far."""
        return self._progress[run].worth(self._metric)

    def ended(self, record: RunRecord) -> None:
        """Note how a run ended; `record` has its final state."""
        self._retell(record)
        self._forget(record)
        self._crashes[record.number, record.state is RunState.LOST] += record.state.crashed
        if record.state is RunState.FINISHED:
            self.ended_well += 1
        if record.state is not RunState.LOST:  # which says nothing about the user's code
            self.broken_in_a_row = self.broken_in_a_row + 1 if record.state.crashed else 0

    def ended_run(self, run: RunId) -> RunRecord | None:
        """Return the record of a run that has ended; None if there is none."""
        found = self._ended.get(run)
        return found[0] if found is not None else None

    def revive(self, run: RunId) -> RunRecord:
        """Let an ended run wait for an agent again, with what it has logged so far."""
        record, self._progress[run] = self._ended.pop(run)
        self.living[run] = replace(
            record,
            state=RunState.PENDING,
            agent=NO_AGENT,
            started=None,
            ended=None,
            cause="",
            exit_code=None,
            process=None,
        )
        self._retell(self.living[run])
        return self.living[run]

    @property
    def waiting(self) -> bool:
        """Whether a run waits for an agent, besides what the backend may propose."""
        return bool(self.again) or next(self.queued(), None) is not None

    def queued(self) -> Iterator[RunId]:
        """Yield the runs that were asked for and wait for an agent, in order."""
        return (run for run, record in list(self.living.items()) if record.agent == NO_AGENT)

    def broken(self) -> list[RunRecord]:
        """Return the newest run of each set of parameters whose newest run broke."""
        due = {number for number, _, _ in self.again}
        newest = (self.ended_run(run) for _, run in self._newest.values())
        return [
            run
            for run in newest
            if run is not None and run.state.crashed and run.number not in due
        ]

    def is_newest(self, run: RunRecord) -> bool:
        """Tell whether no later run has the same set of parameters."""
        return self._newest[run.number][1] == run.id

    def goes_again(self, run: RunRecord, retries: int) -> bool:
        """Tell whether a run that has ended is started again with the same parameters.

        One that was lost says nothing about the user's code: it has a budget of its own.
        """
        if not run.state.crashed or not self.is_newest(run):
            return False
        lost = run.state is RunState.LOST
        return self._crashes[run.number, lost] <= (LOST_RETRIES if lost else retries)

    def next_attempt(self, number: int) -> int:
        """Return which try the next run with this set of parameters is."""
        newest = self._newest.get(number)
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
        for run, record in list(self.living.items()):
            if record.state is RunState.RUNNING:
                yield run, record

    def _retell(self, run: RunRecord) -> None:
        if not self.is_newest(run):
            return
        progress = self._progress[run.id]
        self._trials[run.number] = Trial(
            number=run.number,
            params=run.params,
            state=run.state,
            value=progress.worth(self._metric),
            history=tuple(progress.values),
        )

    def _forget(self, run: RunRecord) -> None:
        self.living.pop(run.id, None)
        # A traceback may be long, and nobody looks for it here.
        self._ended[run.id] = replace(run, error=""), self._progress.pop(run.id)


@dataclass
class _Progress:
    """What a run has said of the objective: its logged values, else what its summary says."""

    values: list[float]
    summary: float | None = None

    def hear(self, entries: Sequence[Entry], key: str) -> bool:
        """Take up what was logged; tell whether it concerns the objective."""
        before = len(self.values), self.summary
        overwritten = False
        for entry in entries:
            if isinstance(entry, OverwriteEntry):
                self.values, self.summary, overwritten = [], None, True
            elif isinstance(entry, HistoryEntry) and key in entry.scalars:
                self.values.append(float(entry.scalars[key]))
            elif isinstance(entry, SummaryEntry) and key in entry.update:
                value = entry.update[key]
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    with suppress(OverflowError):  # a number that no float can say is no value
                        self.summary = float(value)
        return overwritten or before != (len(self.values), self.summary)

    def shorten(self, metric: Metric | None) -> None:
        """Keep the best and the last: a search without early termination looks at no more."""
        best = objective(self.values, metric) if metric is not None else None
        self.values = [] if best is None else [best, self.values[-1]]

    def worth(self, metric: Metric | None) -> float | None:
        """Return the objective; a summary that was set by hand counts where nothing was logged."""
        if metric is None:
            return None
        if not self.values and self.summary is not None:
            return objective((self.summary,), metric)
        return objective(self.values, metric)
