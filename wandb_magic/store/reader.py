"""Reads a sweep's store, from any process, while its supervisor writes.

Every method sees one state of the store. Nothing here writes: requests are inserted by
`wandb_magic.store.insert_request`. The order that a caller gives enters SQL only after validation.
"""

from __future__ import annotations

import copy
import json
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb_magic.errors import StoreError, SweepNotFoundError
from wandb_magic.log_records import ArtifactRecord, ChartRecord
from wandb_magic.records import RunId, RunRecord, RunState, SpecVersion, SweepRecord
from wandb_magic.resources import Resources
from wandb_magic.store import serialization
from wandb_magic.store.annotations import SWEEP, annotated_since, read_annotations
from wandb_magic.store.connection import TIMEOUT_S, connect_to_read, explain_errors
from wandb_magic.store.ingest import CHARTS
from wandb_magic.store.schema import CHUNK, HISTORY, SYSTEM

if TYPE_CHECKING:
    from wandb_magic.store.curves import Curve, Floats, Ints

POINTS = 500
NEWEST_RUNS = 200  # from which durations are taken
VERSIONS_SINCE = 3  # the schema that has the versions of the spec, and results of requests
RESOURCES_SINCE = 5

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

# A run with more logs than its latest execution can have made had an earlier execution.
_STARTED = (
    "CASE WHEN (SELECT count(*) FROM log WHERE log.run = row) > (started IS NOT NULL)"
    " THEN created ELSE started END"
)

# What runs can be ordered by.
_ORDER_COLUMNS = frozenset(
    {"id", "number", "attempt", "agent", "state", "created", "started", "ended", "exit_code"}
    | {"cause", "value", "proposer", "version"}
)
_LABELS = ("name", "notes", "tags")
_ORDER_DOCUMENTS = ("params", "config", "summary", "info")


@dataclass(frozen=True)
class Event:
    """Something that happened; `seq` counts from 1, `time` is seconds since the epoch."""

    seq: int
    time: float
    kind: str
    run: RunId | None
    text: str


@dataclass(frozen=True)
class MediaItem:
    """A logged value that is not a number, as W&B's JSON; its paths are relative to ``files/``."""

    key: str
    step: int
    time: float | None
    value: Any


@dataclass(frozen=True)
class RunTimes:
    """How long runs took; all times are in seconds.

    Attributes
    ----------
    durations
        Of the newest runs that have ended, but were not lost.
    ages
        For how long each active run has been running.
    begun
        How many sets of parameters have a run.
    first_started
        When the first run started, since the epoch.
    """

    durations: list[float]
    ages: list[float]
    begun: int
    first_started: float | None


class OrderError(StoreError):
    """Runs cannot be ordered by the given key."""


class StoreReader:
    """Reads one store; threads may share it.

    Parameters
    ----------
    path
        An existing store; its folder need not be writable.
    timeout
        Seconds to wait for a process that has locked it.

    Raises
    ------
    StoreError
        If it is missing, damaged, or of a newer version. Every method raises it when the database
        fails.
    """

    def __init__(self, path: Path, timeout: float = TIMEOUT_S) -> None:
        self._path = path
        self._connection = connect_to_read(path, timeout)
        self._lock = threading.Lock()
        self._selection: list[RunId] | None = None

    def restricted(self, runs: Iterable[RunId]) -> StoreReader:
        """Return a reader of the same store whose `runs` are only these; it shares the file."""
        reader = copy.copy(self)
        reader._selection = list(runs)  # noqa: SLF001 - the same class
        return reader

    def close(self) -> None:
        """Close the store."""
        with self._lock:
            self._connection.close()

    def version(self) -> int:
        """Return a number that changes with the store; compare only numbers of the same reader."""
        with self._reading() as connection:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    # The sweep and its runs

    def sweep(self) -> SweepRecord:
        """Return the sweep, with the name that a user has given it since."""
        with self._reading() as connection:
            columns = serialization.selection(serialization.SWEEP_COLUMNS, _schema(connection))
            row = connection.execute(f"SELECT {columns} FROM sweep").fetchone()  # noqa: S608 - fixed names
            annotations = read_annotations(connection).get(SWEEP, {})
        record = serialization.sweep_record(row)
        return replace(record, name=annotations.get("name", record.name))

    def annotations(self) -> dict[str, dict[str, Any]]:
        """Return what users have written about runs, by run and name; the sweep's by `SWEEP`."""
        with self._reading() as connection:
            return read_annotations(connection)

    def versions(self) -> list[SpecVersion]:
        """Return the versions of the spec in order; none if it was never edited."""
        columns = ", ".join(serialization.VERSION_COLUMNS)
        with self._reading() as connection:
            if _schema(connection) < VERSIONS_SINCE:
                return []
            rows = connection.execute(f"SELECT {columns} FROM version ORDER BY version")  # noqa: S608 - fixed names
            return [serialization.spec_version(row) for row in rows]

    def resources(self) -> Resources | None:
        """Return what executes the runs; None if nothing does, or if that was not recorded."""
        with self._reading() as connection:
            if _schema(connection) < RESOURCES_SINCE:
                return None
            row = connection.execute("SELECT json FROM resources").fetchone()
        return None if row is None else Resources.from_document(json.loads(row[0]))

    def run(self, run: RunId) -> RunRecord:
        """Return one run.

        Raises
        ------
        SweepNotFoundError
            If there is no run with that id.
        """
        records = self._runs("WHERE id = ?", [run])
        if not records:
            raise SweepNotFoundError(f"the sweep has no run {run!r}")
        return records[0]

    def runs(
        self,
        *,
        states: Collection[RunState] | None = None,
        order: str = "number",
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[RunRecord]:
        """Return runs.

        Parameters
        ----------
        states
            Only runs in one of these, if given.
        order
            A field of `RunRecord` that is a number or a text, ``duration``, or a dotted key of
            ``params.``, ``config.``, ``summary.`` or ``info.``; runs without it come last.
        descending
            Largest first.
        limit, offset
            A page of them.

        Raises
        ------
        OrderError
            If runs cannot be ordered by `order`.
        """
        conditions: list[str] = []
        values: list[str] = []
        if states is not None:
            conditions.append(f"state IN ({', '.join('?' for _ in states)})")
            values += [state.value for state in states]
        if self._selection is not None:
            conditions.append("id IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(self._selection))
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        return self._runs(
            f"{where}ORDER BY {_order_clause(order, descending=descending)}, row LIMIT ? OFFSET ?",
            [*values, -1 if limit is None else limit, offset],
        )

    def changed_runs(
        self, after: int, since: float, others: Collection[int] = ()
    ) -> list[RunRecord]:
        """Return the runs that may have changed, in order of their rows.

        Parameters
        ----------
        after
            Rows above this one are new.
        since
            Other runs are included if active, or if ended after this time (seconds since the
            epoch).
        others
            Rows that may have changed in any case.
        """
        with self._reading() as connection:
            annotated = annotated_since(connection, since)
        return self._runs(
            "WHERE row > ? OR ended IS NULL OR ended > ?"
            " OR row IN (SELECT value FROM json_each(?))"
            " OR id IN (SELECT value FROM json_each(?)) ORDER BY row",
            [after, since, json.dumps(list(others)), json.dumps(annotated)],
        )

    def active_rows(self) -> list[int]:
        """Return the rows of the active runs; see `changed_runs`."""
        states = json.dumps([state.value for state in RunState if not state.has_ended])
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT row FROM run WHERE state IN (SELECT value FROM json_each(?)) ORDER BY row",
                (states,),
            )
            return [row for (row,) in rows]

    def active_runs(self, after: int, also: Collection[RunId] = ()) -> list[RunRecord]:
        """Return the active runs, those above row `after`, and those in `also`, in row order.

        Unlike `changed_runs`, it reads few runs, however many the sweep has.
        """
        states = [state.value for state in RunState if not state.has_ended]
        return self._runs(
            "WHERE row IN (SELECT row FROM run WHERE row > ? UNION"
            " SELECT row FROM run WHERE state IN (SELECT value FROM json_each(?)) UNION"
            " SELECT row FROM run WHERE id IN (SELECT value FROM json_each(?))) ORDER BY row",
            [after, json.dumps(states), json.dumps(list(also))],
        )

    def start_times(self, runs: Collection[RunId] | None = None) -> dict[RunId, float | None]:
        """Return when some or all runs started, in order of their numbers.

        That is the time of their first execution, or of its entry into the store, however late
        a run was resumed.
        """
        return self._times(_STARTED, runs)

    def end_times(self, runs: Collection[RunId] | None = None) -> dict[RunId, float | None]:
        """Return when some or all runs ended, in order of their numbers."""
        return self._times("ended", runs)

    def run_times(self, now: float) -> RunTimes:
        """Return how long runs took, and for how long the active ones have been running."""
        active = [RunState.PENDING.value, RunState.RUNNING.value]
        with self._reading() as connection:
            ended = connection.execute(
                "SELECT max(0, ended - started) FROM run WHERE started IS NOT NULL"
                " AND ended IS NOT NULL AND state NOT IN (?, ?, ?)"
                " ORDER BY ended DESC LIMIT ?",
                (*active, RunState.LOST.value, NEWEST_RUNS),
            ).fetchall()
            ages = connection.execute(
                "SELECT max(0, ? - coalesce(started, ?)) FROM run WHERE state IN (?, ?)",
                (now, now, *active),
            ).fetchall()
            begun, first = connection.execute(
                "SELECT count(DISTINCT number), min(started) FROM run"
            ).fetchone()
        return RunTimes([age for (age,) in ended], [age for (age,) in ages], begun, first)

    def last_row(self) -> int:
        """Return the number of the newest row, or 0 without runs; see `changed_runs`."""
        with self._reading() as connection:
            (row,) = connection.execute("SELECT coalesce(max(row), 0) FROM run").fetchone()
        return int(row)

    def run_count(self) -> int:
        """Return how many runs there are, retries and reruns included."""
        with self._reading() as connection:
            (count,) = connection.execute("SELECT count(*) FROM run").fetchone()
        return int(count)

    def objective_values(self) -> list[float]:
        """Return the objective of all runs that have one, in order of their numbers."""
        with self._reading() as connection:
            return [
                value
                for (value,) in connection.execute(
                    "SELECT value FROM run WHERE value IS NOT NULL ORDER BY number, attempt"
                )
            ]

    def state_counts(self) -> dict[RunState, int]:
        """Return how many runs are in each state; states without runs are left out."""
        with self._reading() as connection:
            rows = connection.execute("SELECT state, count(*) FROM run GROUP BY state").fetchall()
        return {RunState(state): count for state, count in rows}

    def completed_count(self) -> int:
        """Return how many sets of parameters have been run, at least once."""
        ended = [state.value for state in RunState if state.has_ended]
        placeholders = ", ".join("?" for _ in ended)
        query = f"SELECT count(DISTINCT number) FROM run WHERE state IN ({placeholders})"  # noqa: S608
        with self._reading() as connection:
            (count,) = connection.execute(query, ended).fetchone()
        return int(count)

    def summaries(self, runs: Collection[RunId] | None = None) -> dict[RunId, dict[str, Any]]:
        """Return the summaries of some runs or all, by dotted key."""
        return self._documents("summary", runs)

    def configs(self, runs: Collection[RunId] | None = None) -> dict[RunId, dict[str, Any]]:
        """Return the configs of some runs or all, by dotted key."""
        return {
            run: {key: value for key, value in config.items() if not key.startswith(CHARTS)}
            for run, config in self._documents("config", runs).items()
        }

    def charts(self, run: RunId) -> dict[str, ChartRecord]:
        """Return how the tables that a run logs are drawn, by the table's key."""
        return {
            key.removeprefix(CHARTS): ChartRecord(**value)
            for key, value in self._documents("config", [run]).get(run, {}).items()
            if key.startswith(CHARTS)
        }

    def infos(self, runs: Collection[RunId] | None = None) -> dict[RunId, dict[str, Any]]:
        """Return what W&B shows at the head of runs: fields of `InfoRecord` and `ExitRecord`.

        A name, notes and tags that a user has given a run replace those that it has logged.
        """
        annotations = self.annotations()
        return {
            run: info
            | {key: value for key, value in annotations.get(run, {}).items() if key in _LABELS}
            for run, info in self._documents("info", runs).items()
        }

    def annotated_since(self, time: float) -> list[RunId]:
        """Return the runs that users have annotated after a time, in seconds since the epoch."""
        with self._reading() as connection:
            return [RunId(run) for run in annotated_since(connection, time) if run != SWEEP]

    # What runs logged

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

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Read within one state of the store."""
        with self._lock, explain_errors(self._path):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("COMMIT")

    def _runs(self, rest: str, values: list[Any]) -> list[RunRecord]:
        with self._reading() as connection:
            columns = serialization.selection(serialization.RUN_COLUMNS, _schema(connection))
            query = f"SELECT {columns} FROM run {rest}"  # noqa: S608 - fixed names
            return [serialization.run_record(row) for row in connection.execute(query, values)]

    def _times(self, name: str, runs: Collection[RunId] | None) -> dict[RunId, float | None]:
        return dict(self._column(name, runs, " ORDER BY number, attempt"))

    def _documents(self, name: str, runs: Collection[RunId] | None) -> dict[RunId, dict[str, Any]]:
        return {run: json.loads(text) for run, text in self._column(name, runs)}

    def _column(
        self, name: str, runs: Collection[RunId] | None, order: str = ""
    ) -> list[tuple[RunId, Any]]:
        """Return a column of some runs or all; its name and the order are never a caller's."""
        query, values = f"SELECT id, {name} FROM run", []  # noqa: S608 - fixed names
        if runs is not None:
            query += " WHERE id IN (SELECT value FROM json_each(?))"
            values = [json.dumps(list(runs))]
        with self._reading() as connection:
            rows = connection.execute(query + order, values).fetchall()
        return [(RunId(run), value) for run, value in rows]

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


def _order_clause(order: str, *, descending: bool) -> str:
    """Return the expression after ``ORDER BY``; see `StoreReader.runs`.

    Raises
    ------
    OrderError
        If runs cannot be ordered by `order`.
    """
    direction = "DESC" if descending else "ASC"
    if order in _ORDER_COLUMNS:
        return f"{order} {direction} NULLS LAST"
    if order == "duration":
        return f"ended - started {direction} NULLS LAST"
    document, _, key = order.partition(".")
    if document not in _ORDER_DOCUMENTS or not key or set(key) & {'"', "'", "\\"}:
        columns = ", ".join(sorted(_ORDER_COLUMNS))
        raise OrderError(
            f"Runs cannot be ordered by {order!r}: give one of {columns}, duration, or a key such "
            "as summary.loss."
        )
    # Parameters are nested as in the spec; the other documents have dotted keys.
    parts = key.split(".") if document == "params" else [key]
    path = "".join(f'."{part}"' for part in parts)
    value = f"json_extract({document}, '${path}')"
    return f"typeof({value}) = 'text', {value} {direction} NULLS LAST"


def _schema(connection: sqlite3.Connection) -> int:
    """Return the schema of the store, which its supervisor may migrate at any time."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
