"""Reads a sweep's store, from any process, while its supervisor writes.

Every method sees one state of the store. Nothing here writes: requests are inserted by
`wandb_magic.store.insert_request`.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from wandb_magic.log_records import ArtifactRecord
from wandb_magic.records import RunId
from wandb_magic.store.result_types import Event, MediaItem
from wandb_magic.store.run_reader import RunReader
from wandb_magic.store.schema import CHUNK, HISTORY, SYSTEM

if TYPE_CHECKING:
    from wandb_magic.store.curves import Curve, Floats, Ints

POINTS = 500

# Skip from key to key through the index, however many runs logged each.
_KEYS = """
WITH RECURSIVE logged(key) AS (
  SELECT min(key) FROM series WHERE stream = :stream
  UNION ALL
  SELECT (SELECT min(key) FROM series WHERE stream = :stream AND key > logged.key)
  FROM logged WHERE logged.key IS NOT NULL
)
SELECT key FROM logged WHERE key IS NOT NULL
UNION SELECT DISTINCT key FROM media WHERE :stream = 'media' ORDER BY key
"""


class StoreReader(RunReader):
    """Reads one store; threads may share it.

    Parameters
    ----------
    path
        An existing store; its folder need not be writable.
    wait
        Seconds to wait for a process that has locked it.

    Raises
    ------
    StoreError
        If it is missing, damaged, or of a newer version. Every method raises it when the database
        fails.
    """

    def keys(self, stream: str = HISTORY) -> list[str]:
        """Return the keys that any run logged, in alphabetical order.

        Parameters
        ----------
        stream
            ``history``, ``system`` or ``media``.
        """
        with self._reading() as connection:
            rows = connection.execute(_KEYS, {"stream": stream})
            return [key for (key,) in rows]

    def runs_with_key(self, key: str) -> list[RunId]:
        """Return the runs that logged numbers of `key`, in order of their numbers."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT r.id FROM series s JOIN run r ON r.row = s.run"
                " WHERE s.stream = ? AND s.key = ? ORDER BY r.number, r.attempt",
                (HISTORY, key),
            )
            return [RunId(run) for (run,) in rows]

    def history(
        self,
        keys: Collection[str] | None = None,
        runs: Collection[RunId] | None = None,
        *,
        points: int | None = POINTS,
        span: tuple[int, int] | None = None,
        times: bool = False,
    ) -> dict[RunId, dict[str, Curve]]:
        """Return logged numbers as curves, by run and key.

        Parameters
        ----------
        keys, runs
            Only these, if given; what a run did not log is left out.
        points
            How many numbers a curve may have: half as many buckets of lowest and highest value,
            or the points themselves if they are so few; None for every point.
        span
            First and last step, if not all.
        times
            Whether to return the time of each step as well.
        """
        curves = self._curves(HISTORY, keys, runs, points, span)
        return self._with_times(curves) if times else curves

    def system(
        self,
        keys: Collection[str] | None = None,
        runs: Collection[RunId] | None = None,
        *,
        points: int | None = POINTS,
    ) -> dict[RunId, dict[str, Curve]]:
        """Return system metrics as curves, by run and key; parameters as for `history`."""
        return {
            run: {key: replace(curve, times=curve.steps / 1000) for key, curve in of_run.items()}
            for run, of_run in self._curves(SYSTEM, keys, runs, points, None).items()
        }

    def times(self, runs: Collection[RunId] | None = None) -> dict[RunId, tuple[Ints, Floats]]:
        """Return each logged step, ascending, and its time in seconds since the epoch, by run."""
        from wandb_magic.store import curves  # noqa: PLC0415 - imports numpy

        with self._reading() as connection:
            return curves.read_step_times(connection, runs)

    def curve_lengths(self, stream: str = HISTORY) -> dict[RunId, int]:
        """Return how many points each run's longest curve has, at most a chunk too many.

        It reads no points, so that a caller can read very many of them in portions.
        """
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT r.id, max(s.sealed) FROM series s JOIN run r ON r.row = s.run"
                " WHERE s.stream = ? GROUP BY s.run",
                (stream,),
            )
            return {RunId(run): sealed + CHUNK for run, sealed in rows}

    def objective(
        self, key: str, runs: Collection[RunId] | None = None
    ) -> dict[RunId, list[float]]:
        """Return every logged value of `key` in order, of some runs or all that logged it."""
        return {
            run: curves[key].lows.tolist()
            for run, curves in self._curves(HISTORY, [key], runs, None, None).items()
        }

    def media(self, run: RunId, key: str | None = None) -> list[MediaItem]:
        """Return what a run logged other than numbers, of one key or all, in order."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT m.key, m.step, m.time, m.json FROM media m JOIN run r ON r.row = m.run"
                " WHERE r.id = ? AND m.key = coalesce(?, m.key) ORDER BY m.id",
                (run, key),
            ).fetchall()
        return [MediaItem(key, step, time, json.loads(text)) for key, step, time, text in rows]

    def media_count(self, run: RunId) -> int:
        """Return how many values other than numbers a run has logged."""
        with self._reading() as connection:
            (count,) = connection.execute(
                "SELECT count(*) FROM media m JOIN run r ON r.row = m.run WHERE r.id = ?", (run,)
            ).fetchone()
        return int(count)

    def files(self, run: RunId) -> list[str]:
        """Return the files that a run saved, relative to its ``files/`` folder."""
        with self._reading() as connection:
            return [
                path
                for (path,) in connection.execute(
                    "SELECT path FROM file f JOIN run r ON r.row = f.run WHERE r.id = ?"
                    " ORDER BY path",
                    (run,),
                )
            ]

    def logs(self, run: RunId) -> list[str]:
        """Return the W&B folders whose logs of a run were read."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT path FROM log JOIN run ON run = row WHERE id = ? ORDER BY path", (run,)
            )
            return [path for (path,) in rows]

    def artifacts(self, run: RunId) -> list[ArtifactRecord]:
        """Return the artifacts that a run logged or used, in order."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT a.name, type, aliases, used, metadata FROM artifact a"
                " JOIN run r ON r.row = a.run WHERE r.id = ? ORDER BY a.id",
                (run,),
            ).fetchall()
        return [
            ArtifactRecord(name, kind, tuple(json.loads(names)), bool(used), json.loads(metadata))
            for name, kind, names, used, metadata in rows
        ]

    def events(self, since: int = 0, limit: int | None = None) -> list[Event]:
        """Return what happened after the event with number `since`, oldest first."""
        with self._reading() as connection:
            return [
                Event(*row)
                for row in connection.execute(
                    "SELECT seq, time, kind, run, text FROM event WHERE seq > ? ORDER BY seq"
                    " LIMIT ?",
                    (since, -1 if limit is None else limit),
                )
            ]

    def _curves(
        self,
        stream: str,
        keys: Collection[str] | None,
        runs: Collection[RunId] | None,
        points: int | None,
        span: tuple[int, int] | None,
    ) -> dict[RunId, dict[str, Curve]]:
        from wandb_magic.store import curves  # noqa: PLC0415 - imports numpy

        by_run: dict[RunId, dict[str, Curve]] = {}
        with self._reading() as connection:
            rows = curves.find_series(connection, stream, keys, runs)
            results = curves.read_curves(connection, rows, points, span)
            for series, curve in zip(rows, results, strict=True):
                by_run.setdefault(series.run, {})[series.key] = curve
        return by_run

    def _with_times(self, by_run: dict[RunId, dict[str, Curve]]) -> dict[RunId, dict[str, Curve]]:
        from wandb_magic.store import curves  # noqa: PLC0415 - imports numpy

        with self._reading() as connection:
            times = curves.read_step_times(connection, by_run)
        return {
            run: {
                key: curves.with_times(curve, *times[run]) if run in times else curve
                for key, curve in of_run.items()
            }
            for run, of_run in by_run.items()
        }
