"""Serializes curves at the resolution of a chart, and computes bands of many curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wandb_magic.records import RunId
from wandb_magic.server import schemas
from wandb_magic.server.http_errors import BadRequestError
from wandb_magic.store import StoreReader
from wandb_magic.store.curves import Curve

Floats = NDArray[np.float64]
MAX_CURVES = 400  # curves in one answer
POINTS = 500
LAST_STEP = 2**53 - 1  # the largest integer that every JSON reader represents exactly
DIGITS = 6
BAND_RUNS = 1000
BAND_POINTS = 200


@dataclass(frozen=True)
class CurvesQuery:
    """A query for curves: stream, keys, runs, axis, resolution and range of steps."""

    stream: schemas.Stream
    keys: tuple[str, ...]
    runs: tuple[str, ...]
    axis: schemas.Axis
    points: int = POINTS
    first: int = 0
    last: int = LAST_STEP

    def __post_init__(self) -> None:
        if self.span is not None and (self.stream, self.axis) != ("history", "step"):
            raise BadRequestError("first, last: only curves of history over steps have a range")
        # One of them may be empty; the other is limited even then.
        if max(len(self.keys), 1) * max(len(self.runs), 1) > MAX_CURVES:
            raise BadRequestError(
                f"run, key: at most {MAX_CURVES} curves at once, these are "
                f"{len(self.keys)} keys of {len(self.runs)} runs: ask for fewer"
            )

    @property
    def span(self) -> tuple[int, int] | None:
        """The first and the last step; None for all of them."""
        span = (self.first, self.last)
        return None if span == (0, LAST_STEP) else span


def curves(reader: StoreReader, query: CurvesQuery) -> list[schemas.Curve]:
    """Return curves, without those that a run did not log."""
    runs = [RunId(run) for run in query.runs]
    if query.stream == "system":
        curves_by_run = reader.system(query.keys, runs, points=query.points)
    else:
        times = query.axis == "time"
        curves_by_run = reader.history(
            query.keys, runs, points=query.points, span=query.span, times=times
        )
    timed = query.axis == "time" or query.stream == "system"
    begins = reader.start_times(runs) if timed else {}
    return [
        serialize_curve(run, key, curve, begins.get(run))
        for run, of_run in curves_by_run.items()
        for key, curve in of_run.items()
    ]


def serialize_curve(run: str, key: str, curve: Curve, begin: float | None) -> schemas.Curve:
    """Return a curve, over time if its run's `begin` and its times are known."""
    timed = begin is not None and curve.times is not None
    x = np.round(curve.times - begin, 3) if timed else curve.steps  # type: ignore[operator]
    return {
        "run": run,
        "key": key,
        "start": 0,
        "x": x.tolist(),
        "low": round_values(curve.lows),
        "high": None if curve.is_exact else round_values(curve.highs),
    }


def diff(before: schemas.Curve, now: schemas.Curve) -> schemas.Curve | None:
    """Return the part of a curve that the client lacks; None if it lacks nothing."""
    common = min(
        _common_prefix_length(before["x"], now["x"]),
        _common_prefix_length(before["low"], now["low"]),
    )
    if before["high"] is not None and now["high"] is not None:
        common = min(common, _common_prefix_length(before["high"], now["high"]))
    elif before["high"] != now["high"]:
        common = 0
    if common == len(now["x"]) == len(before["x"]):
        return None
    high = now["high"]
    return {
        **now,
        "start": common,
        "x": now["x"][common:],
        "low": now["low"][common:],
        "high": None if high is None else high[common:],
    }


def band(reader: StoreReader, key: str, axis: schemas.Axis) -> schemas.Band:
    """Return quantiles over the runs that logged `key`, at most `BAND_RUNS` of them."""
    if not key:
        raise BadRequestError("key: name the key of the band")
    logged = reader.runs_with_key(key)
    sampled = logged[:: max(1, math.ceil(len(logged) / BAND_RUNS))]
    begins = reader.start_times(sampled)
    curves_by_run = reader.history([key], sampled, points=2 * BAND_POINTS, times=axis == "time")
    lines = []
    for run, of_run in curves_by_run.items():
        curve = of_run[key]
        middle = (curve.lows + curve.highs) / 2
        x = curve.steps.astype(float)
        if axis == "time" and curve.times is not None:
            x = curve.times - (begins[run] or 0.0)
        finite = np.isfinite(middle)
        if finite.any():
            lines.append((x[finite], middle[finite]))
    return _quantiles(lines, len(logged))


def round_values(values: Floats) -> list[float | None]:
    """Return numbers rounded for a chart; None where they are not finite."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        places = DIGITS - 1 - np.floor(np.log10(np.abs(values)))
        scale = 10.0 ** np.clip(np.abs(places), 0, 300)
        # Powers of ten are exact up to 1e22, so that the shortest text of the result is short.
        rounded = np.where(
            places >= 0, np.round(values * scale) / scale, np.round(values / scale) * scale
        )
    kept = np.where(np.isfinite(rounded), rounded, values)
    return [value if math.isfinite(value) else None for value in kept.tolist()]


def _common_prefix_length(one: Sequence[object], other: Sequence[object]) -> int:
    """Return the length of the common prefix of two lists."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _quantiles(lines: Sequence[tuple[Floats, Floats]], total: int) -> schemas.Band:
    if not lines:
        return {
            "x": [],
            "lowest": [],
            "lower": [],
            "median": [],
            "upper": [],
            "highest": [],
            "runs": 0,
            "fewest": 0,
            "total": total,
        }
    grid = np.linspace(min(x[0] for x, _ in lines), max(x[-1] for x, _ in lines), BAND_POINTS)
    # A run has no values outside its own range.
    at = np.array([np.interp(grid, x, y, left=np.nan, right=np.nan) for x, y in lines])
    counts = np.isfinite(at).sum(axis=0)
    has_values = counts > 0
    lowest, lower, median, upper, highest = np.nanpercentile(
        at[:, has_values], [0, 25, 50, 75, 100], 0
    )
    return {
        "x": round_values(grid[has_values]),  # type: ignore[typeddict-item] # a grid is finite
        "lowest": round_values(lowest),
        "lower": round_values(lower),
        "median": round_values(median),
        "upper": round_values(upper),
        "highest": round_values(highest),
        "runs": len(lines),
        "fewest": int(counts[has_values].min()),
        "total": total,
    }
