"""Sets of parameters with repeats, as results: the mean of their runs, and its spread.

A set counts once it has all its runs; as long as none has, all count. So a single lucky run is
never the best one while others have been repeated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wandb_magic.records import RunRecord, RunState, SweepRecord
from wandb_magic.search.repeats import mean, spread


@dataclass(frozen=True)
class RepeatedSet:
    """A set of parameters.

    Attributes
    ----------
    run
        Its first run, with the mean of all as its value.
    runs
        How many runs the mean is of.
    spread
        Their standard deviation; None of a single run.
    """

    run: RunRecord
    runs: int
    spread: float | None


def has_repeats(sweep: SweepRecord) -> bool:
    """Return whether a sweep repeats each set of parameters."""
    return sweep.options.repeat > 1 and sweep.mode == "offline"


def repeated_sets(runs: Sequence[RunRecord], repeat: int) -> list[RepeatedSet]:
    """Return the sets of parameters that count, in order.

    Parameters
    ----------
    runs
        All runs, or those that may be the best.
    repeat
        How many runs each set has.
    """
    newest = {run.number: run for run in sorted(runs, key=lambda run: run.attempt)}
    groups: dict[int, list[RunRecord]] = {}
    for run in sorted(newest.values(), key=lambda run: run.number):
        groups.setdefault(run.repeat_group, []).append(run)
    sets = [(members, _finished(members)) for members in groups.values()]
    complete = [each for each in sets if len(each[1]) >= repeat]
    return [
        _summarize(members[0], finished or _valued(members))
        for members, finished in complete or sets
        if finished or _valued(members)
    ]


def ranked_sets(runs: Sequence[RunRecord], repeat: int, *, maximize: bool) -> list[RepeatedSet]:
    """Return the sets of parameters that count, best first; parameters as of `repeated_sets`."""
    sets = repeated_sets(runs, repeat)
    return sorted(sets, key=lambda each: each.run.value or 0.0, reverse=maximize)


def _valued(members: Sequence[RunRecord]) -> list[float]:
    return [run.value for run in members if run.value is not None and math.isfinite(run.value)]


def _finished(members: Sequence[RunRecord]) -> list[float]:
    return _valued([run for run in members if run.state is RunState.FINISHED])


def _summarize(first: RunRecord, values: Sequence[float]) -> RepeatedSet:
    return RepeatedSet(replace(first, value=mean(values)), len(values), spread(values))
