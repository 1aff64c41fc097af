"""The supervisor's memory: which runs there are, what the search may know of them, who is free.

Plain bookkeeping without clock, disk or process; rebuilt from the store when a supervisor starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from wandb_magic.entries import Entry, HistoryEntry, SummaryEntry
from wandb_magic.records import Params, RunId, RunRecord, RunState, Trial
from wandb_magic.search.objective import objective
from wandb_magic.spec import Metric


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
        self.again: list[tuple[int, int, Params]] = []
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
        self._progress[run.id] = _Progress(list(values))
        self.living[run.id] = run
        self._retell(run)
        if run.state.ended:
            self._forget(run)
            self.ended_well += run.state is RunState.FINISHED

    def started(self, run: RunId, at: float) -> RunRecord:
        """Note that a run has a process; an adopted one keeps the time when it began."""
        record = self.living[run]
        self.living[run] = replace(record, state=RunState.RUNNING, started=record.started or at)
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
            # The best and the last are all that a search without early termination looks at.
            best = objective(progress.values, self._metric)
            progress.values = [] if best is None else [best, progress.values[-1]]
        self._retell(record)
        return True

    def value(self, run: RunId) -> float | None:
        """Return the objective of a living run so far."""
        return self._progress[run].worth(self._metric)

    def ended(self, record: RunRecord) -> None:
        """Note how a run ended; `record` has its final state."""
        self._retell(record)
        self._forget(record)
        if record.state is RunState.FINISHED:
            self.ended_well += 1
        self.broken_in_a_row = self.broken_in_a_row + 1 if record.state.crashed else 0

    def trials(self) -> tuple[Trial, ...]:
        """Return all sets of parameters in their order, each as its newest run left it."""
        return tuple(self._trials.values())

    def running(self) -> Iterator[tuple[RunId, RunRecord]]:
        """Yield the runs that have a process."""
        for run, record in list(self.living.items()):
            if record.state is RunState.RUNNING:
                yield run, record

    def _retell(self, run: RunRecord) -> None:
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
        del self._progress[run.id]


@dataclass
class _Progress:
    """What a run has said of the objective: its logged values, else what its summary says."""

    values: list[float]
    summary: float | None = None

    def hear(self, entries: Sequence[Entry], key: str) -> bool:
        """Take up what was logged; tell whether it concerns the objective."""
        before = len(self.values), self.summary
        for entry in entries:
            if isinstance(entry, HistoryEntry) and key in entry.scalars:
                self.values.append(entry.scalars[key])
            elif isinstance(entry, SummaryEntry) and key in entry.update:
                value = entry.update[key]
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    self.summary = float(value)
        return before != (len(self.values), self.summary)

    def worth(self, metric: Metric | None) -> float | None:
        """Return the objective; a summary that was set by hand counts where nothing was logged."""
        if metric is None:
            return None
        if not self.values and self.summary is not None:
            return objective((self.summary,), metric)
        return objective(self.values, metric)
