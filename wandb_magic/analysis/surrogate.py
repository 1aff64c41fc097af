"""A forest of random trees that predicts the objective from the parameters.

Two evaluators of importance ask it: fANOVA, how much of its variance over the space each parameter
explains by itself; and permutation importance, how much worse it predicts runs if one parameter is
shuffled among them. It needs only NumPy, and takes seconds for thousands of runs.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TREES = 64
GROUPS = 8  # of trees: how much they differ is the uncertainty
MAX_RUNS = 1500  # more runs make it slow, and hardly better
MAX_DEPTH = 12
LEAF = 3  # a node with fewer runs is not split, nor one with fewer than a two-hundredth of all
MAX_LISTED = 12  # a number with at most so many values is one of a list
OUTLIER = 5.0  # distances between the quartiles
HUGE = 1e300  # larger integers may exceed all floats

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """The values of one parameter as positions from 0 to `width`.

    A list has cells of the same width, one for each value; a range is 1 wide.
    """

    positions: Floats
    width: float


@dataclass(frozen=True)
class _Tree:
    """The leaves of one tree: boxes of the space, and the prediction in each of them."""

    low: Floats  # by leaf and parameter
    high: Floats
    value: Floats
    left_out: NDArray[np.int64]  # the runs that the tree has not seen

    def predict(self, positions: Floats) -> Floats:
        inside = np.ones((len(positions), len(self.value)), dtype=bool)
        for axis in range(positions.shape[1]):
            at = positions[:, axis, None]
            inside &= (at > self.low[None, :, axis]) & (at <= self.high[None, :, axis])
        predicted: Floats = self.value[inside.argmax(axis=1)]
        return predicted


class Surrogate:
    """A forest of trees, each grown from a random sample of the runs.

    Parameters
    ----------
    columns
        The parameters.
    values
        The objective of each run.
    """

    def __init__(self, columns: Sequence[Column], values: Sequence[float]) -> None:
        random = np.random.default_rng(0)
        self._positions = np.column_stack([column.positions for column in columns])
        self._widths = np.array([column.width for column in columns])
        self._values = _without_outliers(np.asarray(values, dtype=np.float64))
        if len(self._values) > MAX_RUNS:
            chosen = random.choice(len(self._values), MAX_RUNS, replace=False)
            self._positions, self._values = self._positions[chosen], self._values[chosen]
        self._trees = [self._grow(random) for _ in range(TREES)]
        self._random = random

    def fanova(self) -> Floats:
        """Return the share of the variance that each parameter explains, by tree."""
        return np.array([_main_effects(tree, self._widths) for tree in self._trees])

    def permutation(self) -> Floats:
        """Return the error that shuffling each parameter adds, by tree."""
        return np.array([self._added_errors(tree) for tree in self._trees])

    def _grow(self, random: np.random.Generator) -> _Tree:
        count, axes = self._positions.shape
        sample: NDArray[np.int64] = random.choice(np.arange(count), count)
        low, high, value = [], [], []
        nodes: list[tuple[NDArray[np.int64], Floats, Floats, int]]
        nodes = [(sample, np.zeros(axes) - 1e-9, self._widths + 1e-9, 0)]
        while nodes:
            runs, start, end, depth = nodes.pop()
            split = None if depth == MAX_DEPTH else self._split(runs, random)
            if split is None:
                low.append(start)
                high.append(end)
                value.append(self._values[runs].mean())
                continue
            axis, threshold = split
            is_left = self._positions[runs, axis] <= threshold
            middle_high, middle_low = end.copy(), start.copy()
            middle_high[axis] = middle_low[axis] = threshold
            nodes.append((runs[is_left], start, middle_high, depth + 1))
            nodes.append((runs[~is_left], middle_low, end, depth + 1))
        left_out = np.setdiff1d(np.arange(count), sample)
        return _Tree(np.array(low), np.array(high), np.array(value), left_out)

    def _split(
        self, runs: NDArray[np.int64], random: np.random.Generator
    ) -> tuple[int, float] | None:
        """Return the axis and the threshold that separate the values best, of random ones."""
        positions, values = self._positions[runs], self._values[runs]
        if len(runs) < max(LEAF, len(self._values) // 200) or np.ptp(values) == 0:
            return None
        first, last = positions.min(axis=0), positions.max(axis=0)
        thresholds = first + random.random((4, len(first))) * (last - first)
        left = positions[None] <= thresholds[:, None]
        left_count = left.sum(axis=1)
        right_count = len(runs) - left_count
        possible = (left_count > 0) & (right_count > 0)
        if not possible.any():
            return None
        centered = values - values.mean()
        left_sum = np.einsum("trp,r->tp", left, centered)
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = np.where(possible, left_sum**2 / left_count + left_sum**2 / right_count, -1.0)
        attempt, axis = np.unravel_index(gain.argmax(), gain.shape)
        threshold = thresholds[attempt, axis]
        if self._widths[axis] != 1:  # between the cells of a list
            threshold = np.floor(threshold + 0.5)
        return int(axis), float(threshold)

    def _added_errors(self, tree: _Tree) -> Floats:
        positions, values = self._positions[tree.left_out], self._values[tree.left_out]
        errors = np.zeros(positions.shape[1])
        if len(values) == 0:
            return errors
        before = ((tree.predict(positions) - values) ** 2).mean()
        for axis in range(positions.shape[1]):
            shuffled = positions.copy()
            shuffled[:, axis] = self._random.permutation(shuffled[:, axis])
            errors[axis] = ((tree.predict(shuffled) - values) ** 2).mean() - before
        return errors


def _main_effects(tree: _Tree, widths: Floats) -> Floats:
    """Return the variance over each axis of the mean over all others, as in fANOVA."""
    shares = (np.minimum(tree.high, widths) - np.maximum(tree.low, 0)) / widths
    volumes = shares.prod(axis=1)
    mean = (volumes * tree.value).sum()
    total = (volumes * (tree.value - mean) ** 2).sum()
    effects = np.zeros(len(widths))
    if total <= 0:
        return effects
    for axis, width in enumerate(widths):
        edges = np.unique(np.clip(np.append(tree.low[:, axis], tree.high[:, axis]), 0, width))
        middles = (edges[1:] + edges[:-1]) / 2
        inside = (tree.low[:, axis] < middles[:, None]) & (middles[:, None] <= tree.high[:, axis])
        marginal = inside @ (volumes / shares[:, axis] * tree.value)
        effects[axis] = (np.diff(edges) / width * (marginal - mean) ** 2).sum() / total
    return effects


def shares_of(by_tree: Floats) -> tuple[Floats, Floats]:
    """Return shares that sum to one, and their standard deviations between groups of trees."""
    groups = by_tree.reshape(GROUPS, -1, by_tree.shape[1]).mean(axis=1)
    return _normalized(by_tree.mean(axis=0)), np.array(
        [_normalized(group) for group in groups]
    ).std(axis=0)


def _normalized(effects: Floats) -> Floats:
    positive = np.maximum(effects, 0.0)
    total = positive.sum()
    return positive / total if total > 0 else positive


def column(values: Sequence[Any], objective: Sequence[float]) -> Column:
    """Return the values of a parameter, which are JSON values, as positions."""
    if all(is_number(value) for value in values):
        numbers: Floats = np.array([float(value) for value in values])
        if len(distinct := np.unique(numbers)) > MAX_LISTED:
            if is_log(numbers):
                numbers = np.log(numbers)
            low, high = float(numbers.min()), float(numbers.max())
            positions: Floats = (numbers - low) / (high - low)
            return Column(positions, 1.0)
        codes = np.searchsorted(distinct, numbers)
        return Column((codes + 0.5).astype(np.float64), float(len(distinct)))
    # In the order of their mean results, thresholds separate categories best.
    results: dict[str, list[float]] = {}
    for value, result in zip(values, objective, strict=True):
        results.setdefault(text(value), []).append(result)
    order = sorted(results, key=lambda name: sum(results[name]) / len(results[name]))
    code = {name: index for index, name in enumerate(order)}
    return Column(np.array([code[text(value)] + 0.5 for value in values]), float(len(order)))


def _without_outliers(values: Floats) -> Floats:
    """Return the values, with those far beyond the quartiles at a limit.

    A single run that diverged would otherwise have all of the variance.
    """
    first, third = np.quantile(values, (0.25, 0.75))
    reach = OUTLIER * (third - first)
    return np.clip(values, first - reach, third + reach) if reach > 0 else values


def _ranks(values: Floats) -> Floats:
    """Return the ranks of values; those that are the same share their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    ranks: Floats = (last - (counts - 1) / 2)[inverse]
    return ranks


def rank_correlation(numbers: Sequence[float], values: Sequence[float]) -> float:
    """Return Spearman's correlation; NaN if either does not vary."""
    x, y = (_ranks(np.asarray(each, dtype=np.float64)) for each in (numbers, values))
    x, y = x - x.mean(), y - y.mean()
    scale = math.sqrt((x @ x) * (y @ y))
    return float(x @ y) / scale if scale > 0 else math.nan


def is_log(numbers: Sequence[float] | Floats) -> bool:
    """Return whether numbers look as if drawn on a log scale.

    They are spread over orders of magnitude, and their median is nearer to the middle of a log
    scale: the smallest of many uniform numbers is small, too.
    """
    low, middle, high = np.quantile(np.asarray(numbers, dtype=np.float64), (0, 0.5, 1))
    if low <= 0 or high / low <= 100:  # noqa: PLR2004
        return False
    by_log = math.log(middle / low) / math.log(high / low)
    return bool(abs(by_log - 0.5) < abs((middle - low) / (high - low) - 0.5))


def is_number(value: object) -> bool:
    """Return whether a JSON value can be a position."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < HUGE


def text(value: object) -> str:
    """Return a JSON value as a category."""
    return json.dumps(value, sort_keys=True)


def surrogate(
    params: Sequence[Mapping[str, Any]], values: Sequence[float], names: Sequence[str]
) -> Surrogate:
    """Return the forest for some parameters of runs."""
    return Surrogate(
        [column([each.get(name) for each in params], values) for name in names], values
    )
