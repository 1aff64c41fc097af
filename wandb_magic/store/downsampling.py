"""Downsamples a curve to its level of detail: at most 250 buckets of lowest and highest value.

Every bucket covers the same number of points, a power of two; when there are too many buckets,
each two are merged. So a curve of any length is drawn from 500 numbers, no spike is lost, and the
border of a bucket never moves while the run continues.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

BUCKETS = 250


@dataclass
class MinMaxBuckets:
    """The buckets of one curve.

    Attributes
    ----------
    width
        Points in a bucket; the last bucket may have fewer.
    count
        Total number of points.
    steps
        The step of each bucket's first point.
    lows, highs
        The lowest and highest value of each bucket; NaN only if all its values are.
    """

    width: int = 1
    count: int = 0
    steps: list[int] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)

    def add(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Add the next points of the curve."""
        low, high = _extrema([*self.lows[-1:], *values])
        begin = -self.count % self.width
        if begin:
            self.lows[-1] = low([self.lows[-1], *values[:begin]])
            self.highs[-1] = high([self.highs[-1], *values[:begin]])
        starts = range(begin, len(values), self.width)
        parts = [values[start : start + self.width] for start in starts]
        self.steps += [steps[start] for start in starts]
        self.lows += map(low, parts)
        self.highs += map(high, parts)
        self.count += len(values)
        while len(self.lows) > BUCKETS:
            self._halve()

    def _halve(self) -> None:
        low, high = _extrema(self.lows)
        pairs = range(0, len(self.lows), 2)
        self.width *= 2
        self.steps = self.steps[::2]
        self.lows = [low(self.lows[at : at + 2]) for at in pairs]
        self.highs = [high(self.highs[at : at + 2]) for at in pairs]


_Extremum = Callable[[Sequence[float]], float]


def _extrema(values: Sequence[float]) -> tuple[_Extremum, _Extremum]:
    """Return functions for lowest and highest: the fast built-ins unless there are NaNs."""
    return (_low, _high) if any(map(math.isnan, values)) else (min, max)


def _low(values: Sequence[float]) -> float:
    return min((value for value in values if not math.isnan(value)), default=math.nan)


def _high(values: Sequence[float]) -> float:
    return max((value for value in values if not math.isnan(value)), default=math.nan)
