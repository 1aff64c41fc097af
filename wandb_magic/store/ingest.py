"""Turns the records of one active run into rows to write.

It accesses the database only when a run is opened, to load the run's state.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from wandb_magic.log_records import (
    ArtifactRecord,
    ChartRecord,
    ConfigRecord,
    ExitRecord,
    FilesRecord,
    HistoryRecord,
    InfoRecord,
    LogRecord,
    OverwriteRecord,
    SummaryRecord,
    SystemRecord,
)
from wandb_magic.records import RunId, RunState
from wandb_magic.store.codec import MILLISECONDS
from wandb_magic.store.json_column import JsonColumn
from wandb_magic.store.schema import CHUNKS, HISTORY, SYSTEM, TIME
from wandb_magic.store.serialization import check_int64, insert, to_json, to_text

DOCUMENTS = ("info", "config", "summary")
CHARTS = "_wandb.visualize."
"""The prefix of the table's key for a chart in the config, as in W&B's own config."""
Statement = tuple[str, Sequence[Any]]


@dataclass
class Series:
    """One key of one run: how many points it has, and how many of them are in chunks."""

    id: int
    stream: str
    compacted: int
    total: int


@dataclass
class WriteBatch:
    """The changes that the next commit writes."""

    statements: list[Statement] = field(default_factory=list)
    points: list[tuple[int, int, int, float]] = field(default_factory=list)


class RunIngest:
    """Ingests the records of a run.

    Parameters
    ----------
    row
        The run's row in the database.
    ids
        Yields new ids of series.
    ended
        Whether the run has ended.
    """

    def __init__(self, row: int, ids: Iterator[int], *, ended: bool = False) -> None:
        self.row = row
        self.has_ended = ended
        self.documents = {name: JsonColumn() for name in DOCUMENTS}
        self.series: dict[tuple[str, str], Series] = {}
        self._ids = ids

    @classmethod
    def load(
        cls, connection: sqlite3.Connection, run: RunId, ids: Iterator[int]
    ) -> RunIngest | None:
        """Load a run from the store; return None if it has no such run."""
        record = connection.execute(
            f"SELECT row, state, {', '.join(DOCUMENTS)} FROM run WHERE id = ?",  # noqa: S608 - names
            (run,),
        ).fetchone()
        if record is None:
            return None
        row, state, *texts = record
        ingest = cls(row, ids, ended=RunState(state).has_ended)
        ingest.documents = dict(zip(DOCUMENTS, map(JsonColumn, texts), strict=True))
        for number, stream, key, sealed, hot in connection.execute(
            "SELECT id, stream, key, sealed, (SELECT count(*) FROM hot WHERE series = id)"
            " FROM series WHERE run = ?",
            (row,),
        ):
            ingest.series[stream, key] = Series(number, stream, sealed, sealed + hot)
        return ingest

    def add(self, record: LogRecord, batch: WriteBatch) -> None:  # noqa: C901 - one case for each kind
        """Add the changes of `record` to `batch` and to the run's documents: all of them, or none.

        Raises
        ------
        ValueError, TypeError, OverflowError, RecursionError
            If the store cannot represent it.
        """
        match record:
            case HistoryRecord():
                self._add_history(record, batch)
            case SummaryRecord(update, remove):
                self.documents["summary"].apply(update, remove)
            case ConfigRecord(update, remove):
                self.documents["config"].apply(update, remove)
            case ChartRecord(table):
                self.documents["config"].apply({f"{CHARTS}{table}": asdict(record)})
            case SystemRecord():
                self._add_system(record, batch)
            case FilesRecord(paths):
                batch.statements += (
                    ("INSERT OR IGNORE INTO file VALUES (?, ?)", (self.row, to_text(path)))
                    for path in paths
                )
            case ArtifactRecord():
                self._add_artifact(record, batch)
            case InfoRecord():
                self.documents["info"].apply(asdict(record))
            case ExitRecord(code, runtime):
                self.documents["info"].apply({"exit_code": code, "runtime": runtime})
            case OverwriteRecord():
                self._overwrite(batch)

    def _overwrite(self, batch: WriteBatch) -> None:
        """Delete what was logged; system metrics and files remain."""
        removed = {
            key: series for key, series in self.series.items() if series.stream in (HISTORY, TIME)
        }
        for key in removed:
            del self.series[key]
        numbers = {series.id for series in removed.values()}
        batch.points = [point for point in batch.points if point[0] not in numbers]
        for number in numbers:
            first = number * CHUNKS
            batch.statements += (
                ("DELETE FROM hot WHERE series = ?", (number,)),
                ("DELETE FROM chunk WHERE id BETWEEN ? AND ?", (first, first + CHUNKS - 1)),
                ("DELETE FROM lod WHERE series = ?", (number,)),
                ("DELETE FROM series WHERE id = ?", (number,)),
            )
        batch.statements.append(("DELETE FROM media WHERE run = ?", (self.row,)))
        self.documents["summary"].clear()
        self.documents["config"].clear()

    def _add_history(self, entry: HistoryRecord, batch: WriteBatch) -> None:
        step, time = check_int64(entry.step), entry.time
        if time is not None:
            check_int64(round(time * MILLISECONDS))
        points = [(HISTORY, to_text(key), float(value)) for key, value in entry.scalars.items()]
        media = [
            (
                "INSERT INTO media (run, key, step, time, json) VALUES (?, ?, ?, ?, ?)",
                (self.row, to_text(key), step, time, to_json(value)),
            )
            for key, value in entry.media.items()
        ]
        if time is not None:
            points.append((TIME, "", float(time)))
        for stream, key, value in points:
            self._add_point(stream, key, step, value, batch)
        batch.statements += media

    def _add_system(self, entry: SystemRecord, batch: WriteBatch) -> None:
        step = check_int64(round(entry.time * MILLISECONDS))
        points = [(to_text(key), float(value)) for key, value in entry.values.items()]
        for key, value in points:
            self._add_point(SYSTEM, key, step, value, batch)

    def _add_artifact(self, entry: ArtifactRecord, batch: WriteBatch) -> None:
        row = {
            "run": self.row,
            "name": to_text(entry.name),
            "type": to_text(entry.type),
            "aliases": to_json(entry.aliases),
            "used": bool(entry.used),
            "metadata": to_json(entry.metadata),
        }
        batch.statements.append(insert("artifact", row))

    def _add_point(
        self, stream: str, key: str, step: int, value: float, batch: WriteBatch
    ) -> None:
        series = self.series.get((stream, key))
        if series is None:
            series = Series(next(self._ids), stream, compacted=0, total=0)
            self.series[stream, key] = series
            batch.statements.append(
                (
                    "INSERT INTO series (id, run, stream, key) VALUES (?, ?, ?, ?)",
                    (series.id, self.row, stream, key),
                )
            )
        batch.points.append((series.id, series.total, step, value))
        series.total += 1
