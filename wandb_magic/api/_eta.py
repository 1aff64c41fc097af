"""Estimates how long a sweep will still take.

The runs that are left are scheduled on the agents, each with the mean duration of the newest runs
and what has passed between runs so far; active runs are given what remains of that mean. Pauses do
not enter: durations are those of runs, and the sweep's clock stands still in a pause. An active
run that is longer than the mean raises it slowly instead of all at once.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

SIMULATED = 5000  # with more runs left than this, how the last ones end does not matter
UNKNOWN_SPREAD = 0.5  # of durations, as a share of their mean, after a single run
QUANTILE = 1.28  # of the normal distribution: the interval holds four times of five
OVERDUE = 0.1  # what a run that is longer than the mean still takes, as a share of the mean


@dataclass(frozen=True)
class Eta:
    """How many seconds a sweep will still take, and an interval that holds four times of five."""

    seconds: float
    low: float
    high: float

    def capped(self, low: float, seconds: float, high: float) -> Eta:
        """Return the estimate if the sweep ends by then at the latest."""
        return Eta(min(self.seconds, seconds), min(self.low, low), min(self.high, high))


@dataclass(frozen=True)
class Progress:
    """What an estimate is made from; all times are in seconds.

    Attributes
    ----------
    durations
        Of the newest runs that have ended.
    ages
        For how long each active run has been running.
    left
        How many runs have not begun; None if that is unknown.
    agents
        How many runs execute at a time.
    gap
        What passes on an agent between two runs.
    time_left
        After how long no more runs start; None if there is no such limit.
    """

    durations: Sequence[float]
    ages: Sequence[float]
    left: int | None
    agents: int
    gap: float = 0.0
    time_left: float | None = None


def estimate(progress: Progress) -> Eta | None:
    """Return how long the sweep will still take; None if nothing is known."""
    limit = progress.time_left
    if not progress.durations:
        if limit is None:
            return None
        return Eta(limit, limit if progress.left is None else 0.0, limit)
    mean = _mean(progress)
    by_limit = None
    if limit is not None:
        by_limit = Eta(limit + mean / 2, limit, limit + 2 * mean)
    if progress.left is None:
        return by_limit
    remains = [max(mean - age, OVERDUE * mean) for age in progress.ages]
    seconds = _makespan(remains, progress.left, mean + progress.gap, progress.agents)
    margin = _margin(progress, mean)
    eta = Eta(seconds, max(0.0, seconds - margin), seconds + margin)
    return eta if by_limit is None else eta.capped(by_limit.low, by_limit.seconds, by_limit.high)


def _mean(progress: Progress) -> float:
    mean = fmean(progress.durations)
    overdue = [age for age in progress.ages if age > mean]
    return fmean([*progress.durations, *overdue])


def _margin(progress: Progress, mean: float) -> float:
    count, left = len(progress.durations), progress.left or 0
    spread = stdev(progress.durations) if count > 1 else UNKNOWN_SPREAD * mean
    of_sum = spread * math.sqrt(left + len(progress.ages) + left**2 / count)
    return QUANTILE * (1 + 2 / count) * of_sum / _parallel(progress.agents, progress)


def _parallel(agents: int, progress: Progress) -> int:
    return max(1, min(agents, (progress.left or 0) + len(progress.ages)))


def _makespan(remains: Sequence[float], left: int, each: float, agents: int) -> float:
    """Return when the last run ends if every agent takes the next one when it is free."""
    if left > SIMULATED:
        return (sum(remains) + left * each) / max(agents, 1)
    ends = [*remains, *[0.0] * (agents - len(remains))]
    heapq.heapify(ends)
    for _ in range(left):
        heapq.heapreplace(ends, ends[0] + each)
    return max(ends)
