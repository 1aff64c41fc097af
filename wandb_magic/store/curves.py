"""Reads points as numpy arrays: exactly, or in the resolution that a chart can show.

Imported when the first curve is read, since it imports numpy, which most users of a store do not
need.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wandb_magic.records import RunId
from wandb_magic.store.codec import DOUBLE, MILLISECONDS
from wandb_magic.store.downsampling import BUCKETS
from wandb_magic.store.schema import CHUNKS, TIME

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_Tail = tuple[list[int], list[float | None]]
_NO_TAIL: _Tail = ([], [])
_FINEST = 2 * BUCKETS
_FIND = (
    "SELECT r.id, s.key, s.id, s.sealed, l.width, l.first, l.stride, l.steps, l.lows, l.highs"
    " FROM series s JOIN run r ON r.row = s.run LEFT JOIN lod l ON l.series = s.id"
)


@dataclass(frozen=True)
class Curve:
    """One key of one run.

    Attributes
    ----------
    steps
        W&B's step of each point, or of each bucket's first point; milliseconds since the epoch
        for system metrics.
    lows, highs
        The lowest and highest value of each bucket; the same array if every bucket is a single
        point. NaN and infinities are preserved.
    times
        Seconds since the epoch at `steps`, if requested and known.
    """

    steps: Ints
    lows: Floats
    highs: Floats
    times: Floats | None = None

    @property
    def is_exact(self) -> bool:
        """Whether these are the original points."""
        return self.lows is self.highs


@dataclass(frozen=True)
class SeriesRow:
    """A series returned by a query, with its level of detail if it has one."""

    run: RunId
    key: str
    id: int
    compacted: int
    lod: tuple[int, int, int, bytes | None, bytes, bytes] | None


def find_series(
    connection: sqlite3.Connection,
    stream: str,
    keys: Collection[str] | None,
    runs: Collection[RunId] | None,
) -> list[SeriesRow]:
    """Return the series of `stream`; None stands for all keys or all runs."""
    query, values = f"{_FIND} WHERE s.stream = ?", [stream]
    if keys is not None:
        query += " AND s.key IN (SELECT value FROM json_each(?))"
        values.append(json.dumps(list(keys)))
    if runs is not None:
        query += " AND r.id IN (SELECT value FROM json_each(?))"
        values.append(json.dumps(list(runs)))
    return [
        SeriesRow(RunId(run), key, number, sealed, (width, *rest) if width else None)
        for run, key, number, sealed, width, *rest in connection.execute(query, values)
    ]


def read_curves(
    connection: sqlite3.Connection,
    rows: Sequence[SeriesRow],
    points: int | None,
    span: tuple[int, int] | None = None,
) -> Iterator[Curve]:
    """Yield the curve of each series, in the same order.

    Parameters
    ----------
    connection
        In a transaction, so that points moved to chunks meanwhile are seen in one place only.
    rows
        The result of `find_series` in the same transaction.
    points
        How many numbers a curve may have: half as many buckets; None for every point.
    span
        First and last step to read, if not all.
    """
    tails = _tails(connection, [series.id for series in rows])
    for series in rows:
        tail = tails.get(series.id, _NO_TAIL)
        total = series.compacted + len(tail[0])
        if span or series.lod is None or points is None or total <= points or points > _FINEST:
            curve = _exact_curve(connection, series, tail)
            if span:
                mask = (curve.steps >= span[0]) & (curve.steps <= span[1])
                values = curve.lows[mask]
                curve = Curve(curve.steps[mask], values, values)
            if points is not None and len(curve.steps) > points:
                curve = _reduce(curve, points)
        else:
            curve = _reduce(_coarse_curve(series.lod, tail), points)
        yield curve


def read_step_times(
    connection: sqlite3.Connection, runs: Collection[RunId] | None
) -> dict[RunId, tuple[Ints, Floats]]:
    """Return the logged steps of some or all runs, ascending, and the time of each in seconds."""
    rows = find_series(connection, TIME, None, runs)
    tails = _tails(connection, [series.id for series in rows])
    by_run = {}
    for series in rows:
        chunks = list(_chunks(connection, series.id))
        tail = tails.get(series.id, _NO_TAIL)
        steps = [_steps(first, stride, blob, count) for count, first, stride, blob, _ in chunks]
        times = [_integrated(values) / MILLISECONDS for *_, values in chunks]
        all_steps = np.concatenate([*steps, np.array(tail[0], np.int64)])
        order = np.argsort(all_steps, kind="stable")
        all_times = np.concatenate([*times, np.array(tail[1], np.float64)])
        by_run[series.run] = (all_steps[order], all_times[order])
    return by_run


def with_times(curve: Curve, steps: Ints, times: Floats) -> Curve:
    """Return `curve` with times, interpolated from `times` at ascending `steps`."""
    return replace(curve, times=np.interp(curve.steps, steps, times))


def _tails(connection: sqlite3.Connection, series: Sequence[int]) -> dict[int, _Tail]:
    """Return steps and values of the points that are not in chunks yet; NaN is None there."""
    tails: dict[int, _Tail] = {}
    for number, step, value in connection.execute(
        "SELECT series, step, value FROM hot WHERE series IN (SELECT value FROM json_each(?))"
        " ORDER BY series, n",
        (json.dumps(series),),
    ):
        steps, values = tails.setdefault(number, ([], []))
        steps.append(step)
        values.append(value)
    return tails


def _exact_curve(connection: sqlite3.Connection, series: SeriesRow, tail: _Tail) -> Curve:
    steps: list[Ints] = []
    values: list[Floats] = []
    for count, first, stride, blob, packed in _chunks(connection, series.id):
        steps.append(_steps(first, stride, blob, count))
        raw = packed if len(packed) == DOUBLE * count else zlib.decompress(packed)
        values.append(np.frombuffer(raw, np.float64))
    steps.append(np.array(tail[0], np.int64))
    values.append(np.array(tail[1], np.float64))
    joined = np.concatenate(values)
    return Curve(np.concatenate(steps), joined, joined)


def _coarse_curve(lod: tuple[int, int, int, bytes | None, bytes, bytes], tail: _Tail) -> Curve:
    """Append buckets of the points that are not in chunks yet to the level of detail."""
    width, first, stride, blob, lows, highs = lod
    low, high = np.frombuffer(lows, np.float64), np.frombuffer(highs, np.float64)
    curve = Curve(_steps(first, stride, blob, len(low)), low, high)
    if not tail[0]:
        return curve
    values = np.array(tail[1], np.float64)
    rest = _group(Curve(np.array(tail[0], np.int64), values, values), width)
    return Curve(
        np.concatenate((curve.steps, rest.steps)),
        np.concatenate((curve.lows, rest.lows)),
        np.concatenate((curve.highs, rest.highs)),
    )


def _reduce(curve: Curve, points: int) -> Curve:
    size = -(-len(curve.steps) // max(points // 2, 1))
    return curve if size <= 1 else _group(curve, size)


def _group(curve: Curve, size: int) -> Curve:
    starts = np.arange(0, len(curve.steps), size)
    return Curve(
        curve.steps[::size],
        np.fmin.reduceat(curve.lows, starts),
        np.fmax.reduceat(curve.highs, starts),
    )


def _chunks(
    connection: sqlite3.Connection, series: int
) -> Iterator[tuple[int, int, int, bytes | None, bytes]]:
    yield from connection.execute(
        "SELECT n, first, stride, steps, vals FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id",
        (series * CHUNKS, (series + 1) * CHUNKS - 1),
    )


def _steps(first: int, stride: int, blob: bytes | None, count: int) -> Ints:
    return first + stride * np.arange(count) if blob is None else _integrated(blob)


def _integrated(blob: bytes) -> Ints:
    return np.cumsum(np.frombuffer(zlib.decompress(blob), np.int64))
