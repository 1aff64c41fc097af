"""The front of several objectives, and its hypervolume: arrays in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MARGIN = 0.1
"""How far beyond the worst values the default reference lies, as a share of the front's extent."""


def is_on_front(points: Floats) -> NDArray[np.bool_]:
    """Return for each point whether no other one is at least as good in all, and better in one.

    Parameters
    ----------
    points
        One row for each point, all objectives to be minimised.
    """
    order = np.lexsort(points.T[::-1])
    front: list[int] = []
    on_front = np.zeros(len(points), dtype=bool)
    for index in order:
        # What dominates a point comes before it in this order, and is on the front or behind it.
        kept = points[front]
        as_good = (kept <= points[index]).all(axis=1)
        if (as_good & (kept < points[index]).any(axis=1)).any():
            continue
        on_front[index] = True
        front.append(int(index))
    return on_front


def default_reference(points: Floats) -> Floats:
    """Return a point that is a little worse than all of `points` in each objective."""
    worst, best = points.max(axis=0), points.min(axis=0)
    extent = np.where(worst > best, worst - best, np.maximum(np.abs(worst), 1.0))
    reference: Floats = worst + MARGIN * extent
    return reference


def hypervolume(points: Floats, reference: Floats) -> float:
    """Return the volume between `reference` and the points that are better in each objective.

    It is exact: slices along the last objective, as in While et al. (2006).
    """
    inside = points[(points < reference).all(axis=1)]
    if not len(inside):
        return 0.0
    return _volume(inside[is_on_front(inside)], reference)


def _volume(points: Floats, reference: Floats) -> float:
    if points.shape[1] == 1:
        return float(reference[0] - points.min())
    if points.shape[1] == 2:  # noqa: PLR2004 - an area
        return _area(points, reference)
    ordered = points[np.argsort(points[:, -1], kind="stable")]
    depths = np.append(ordered[1:, -1], reference[-1]) - ordered[:, -1]
    return sum(
        float(depth) * hypervolume(ordered[: index + 1, :-1], reference[:-1])
        for index, depth in enumerate(depths)
        if depth > 0
    )


def _area(points: Floats, reference: Floats) -> float:
    ordered = points[np.lexsort(points.T[::-1])]
    lows = np.minimum.accumulate(ordered[:, 1])
    widths = np.append(ordered[1:, 0], reference[0]) - ordered[:, 0]
    return float((widths * (reference[1] - lows)).sum())


def hypervolumes(points: Floats, reference: Floats) -> list[float]:
    """Return the hypervolume of the first point, of the first two, and so on."""
    volumes: list[float] = []
    front = points[:0]
    for point in points:
        if volumes and (front <= point).all(axis=1).any():
            volumes.append(volumes[-1])
            continue
        front = np.vstack([front, point])
        front = front[is_on_front(front)]
        volumes.append(hypervolume(front, reference))
    return volumes


def signed(values: Sequence[Sequence[float]], signs: Sequence[int]) -> Floats:
    """Return values as points to be minimised: those of a sign of -1 are negated."""
    points: Floats = np.array(values, dtype=float).reshape(len(values), len(signs))
    points *= np.array(signs)
    return points
