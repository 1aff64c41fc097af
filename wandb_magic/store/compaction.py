"""Moves the points of a series from hot rows into chunks, and updates its level of detail.

Runs inside the writer's transaction: readers see each point in one place or the other, and the
level of detail always covers exactly the points in chunks.
"""

from __future__ import annotations

import math
import sqlite3
from array import array
from collections.abc import Sequence

from wandb_magic.store.codec import (
    Steps,
    pack_steps,
    pack_times,
    pack_values,
    unpack_steps,
    unpack_values,
)
from wandb_magic.store.downsampling import MinMaxBuckets
from wandb_magic.store.ingest import Series
from wandb_magic.store.schema import CHUNK, CHUNKS, TIME


def compact(connection: sqlite3.Connection, series: Series, *, ended: bool) -> int:
    """Move full chunks of points, and also the rest if the run `ended`.

    Returns
    -------
    int
        How many points of the series are in chunks now; `series` itself is not changed, because
        the transaction can still fail.
    """
    sealed = series.compacted
    while series.total - sealed >= CHUNK or (ended and series.total > sealed):
        points = connection.execute(
            "SELECT step, value FROM hot WHERE series = ? AND n >= ? ORDER BY n LIMIT ?",
            (series.id, sealed, CHUNK),
        ).fetchall()
        steps = [step for step, _ in points]
        # SQLite stores NaN as NULL.
        values = [math.nan if value is None else value for _, value in points]
        if series.stream != TIME and sealed + len(points) >= CHUNK:
            _add_detail(connection, series.id, steps, values)
        connection.execute(
            "INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?)",
            (
                series.id * CHUNKS + _chunks(connection, series.id),
                len(points),
                *pack_steps(steps),
                pack_times(values) if series.stream == TIME else pack_values(values),
            ),
        )
        sealed += len(points)
        connection.execute("DELETE FROM hot WHERE series = ? AND n < ?", (series.id, sealed))
        connection.execute("UPDATE series SET sealed = ? WHERE id = ?", (sealed, series.id))
    return sealed


def _chunks(connection: sqlite3.Connection, series: int) -> int:
    (last,) = connection.execute(
        "SELECT max(id) FROM chunk WHERE id BETWEEN ? AND ?",
        (series * CHUNKS, (series + 1) * CHUNKS - 1),
    ).fetchone()
    return 0 if last is None else last % CHUNKS + 1


def _add_detail(
    connection: sqlite3.Connection, series: int, steps: Sequence[int], values: Sequence[float]
) -> None:
    detail = _load_detail(connection, series) or _new_detail(connection, series)
    detail.add(steps, values)
    connection.execute(
        "INSERT OR REPLACE INTO lod VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            series,
            detail.width,
            detail.count,
            *pack_steps(detail.steps),
            array("d", detail.lows).tobytes(),
            array("d", detail.highs).tobytes(),
        ),
    )


def _load_detail(connection: sqlite3.Connection, series: int) -> MinMaxBuckets | None:
    row = connection.execute(
        "SELECT width, n, first, stride, steps, lows, highs FROM lod WHERE series = ?", (series,)
    ).fetchone()
    if row is None:
        return None
    width, count, first, stride, blob, lows, highs = row
    low = array("d", lows)
    steps = unpack_steps(Steps(first, stride, blob), len(low))
    return MinMaxBuckets(width, count, list(steps), list(low), list(array("d", highs)))


def _new_detail(connection: sqlite3.Connection, series: int) -> MinMaxBuckets:
    """Build the level of detail from the chunks of a run that ended with few and was resumed."""
    detail = MinMaxBuckets()
    for count, first, stride, blob, values in connection.execute(
        "SELECT n, first, stride, steps, vals FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id",
        (series * CHUNKS, (series + 1) * CHUNKS - 1),
    ):
        steps = unpack_steps(Steps(first, stride, blob), count)
        detail.add(steps, unpack_values(values, count))
    return detail
