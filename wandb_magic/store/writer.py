"""Writes a sweep's store; used only by the sweep's supervisor.

Changes are buffered in memory until `StoreWriter.commit`, so that the database is locked only for
milliseconds and others can insert requests at any time. When a commit fails (on a full disk, for
example), nothing of it is written, the changes remain buffered, and the next commit tries again.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wandb_magic.errors import StoreError
from wandb_magic.log_records import LogRecord, OverwriteRecord
from wandb_magic.records import (
    ControlRequest,
    RunId,
    RunRecord,
    RunState,
    SpecVersion,
    SweepRecord,
)
from wandb_magic.resources import Resources
from wandb_magic.store import serialization
from wandb_magic.store.compaction import compact
from wandb_magic.store.connection import connect_to_write, explain_errors
from wandb_magic.store.ingest import RunIngest, Series, WriteBatch
from wandb_magic.store.migrations import migrate

logger = logging.getLogger(__name__)

# Errors that an entry of an unexpected form may raise, and errors of SQLite for such a row.
_UNSTORABLE = (ValueError, TypeError, ArithmeticError, AttributeError, RecursionError, KeyError)
_REFUSED = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    UnicodeError,
)


class StoreWriter:
    """The one writer of a store; used by one thread.

    Parameters
    ----------
    path
        An existing store.

    Raises
    ------
    StoreError
        If it is missing, damaged, locked, or of a newer version. Every method raises it when the
        database fails.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = connect_to_write(path)
        self._batch = WriteBatch()
        self._ingests: dict[RunId, RunIngest] = {}
        self._answered_ids: set[int] = set()
        with explain_errors(path):
            migrate(self._connection)
            self._run_rows = itertools.count(self._next("SELECT max(row) FROM run"))
            self._series_ids = itertools.count(self._next("SELECT max(id) FROM series"))

    def sweep(self) -> SweepRecord:
        """Return the sweep as committed."""
        columns = ", ".join(serialization.SWEEP_COLUMNS)  # of the newest schema: it is migrated
        with explain_errors(self._path):
            row = self._connection.execute(f"SELECT {columns} FROM sweep").fetchone()  # noqa: S608
        return serialization.sweep_record(row)

    def update_sweep(self, **fields: Any) -> None:  # noqa: ANN401 - fields of SweepRecord
        """Change fields of the sweep."""
        self._execute(*serialization.update("sweep", serialization.encode_fields(fields), "TRUE"))

    def add_run(self, run: RunRecord) -> None:
        """Add a run; commit before its process starts, so that it cannot be lost."""
        ingest = RunIngest(next(self._run_rows), self._series_ids, ended=run.state.has_ended)
        self._ingests[run.id] = ingest
        self._execute(
            *serialization.insert("run", {"row": ingest.row, **serialization.encode_record(run)})
        )

    def update_run(self, run: RunId, **fields: Any) -> None:  # noqa: ANN401 - fields of RunRecord
        """Change fields of a run; the next commit compacts and releases one that has ended."""
        self._execute(
            *serialization.update("run", serialization.encode_fields(fields), "id = ?", run)
        )
        if "state" in fields:
            self._ingest(run).has_ended = fields["state"].has_ended

    def append(
        self, run: RunId, entries: Sequence[LogRecord], log: str = "", position: int = 0
    ) -> tuple[list[LogRecord], list[str]]:
        """Add what a run logged; return what was added, and what the store cannot represent.

        Parameters
        ----------
        run
            A run that was added.
        entries
            In the order in which they were logged.
        log, position
            The log that they came from, and the position read up to: committed with the entries,
            so that a follower that starts at `positions` misses and duplicates nothing.
        """
        ingest = self._ingest(run)
        added: list[LogRecord] = []
        omitted: list[str] = []
        for entry in entries:
            try:
                ingest.add(entry, self._batch)
            except _UNSTORABLE as error:
                omitted.append(f"{type(entry).__name__} ({type(error).__name__})")
            else:
                added.append(entry)
        if any(isinstance(entry, OverwriteRecord) for entry in entries):
            # The earlier logs no longer contribute to the run.
            self._execute("DELETE FROM log WHERE run = ? AND path <> ?", (ingest.row, log))
        if log:
            self._execute(
                "INSERT OR REPLACE INTO log VALUES (?, ?, ?)",
                (ingest.row, serialization.to_text(log), position),
            )
        return added, omitted

    def positions(self, run: RunId) -> dict[str, int]:
        """Return, by log, the position up to which the entries of a run are committed."""
        with explain_errors(self._path):
            return dict(
                self._connection.execute(
                    "SELECT path, position FROM log JOIN run ON run = row WHERE id = ?", (run,)
                ).fetchall()
            )

    def add_event(self, kind: str, text: str, run: RunId | None = None) -> None:
        """Add an event for users."""
        self._execute(
            "INSERT INTO event (time, kind, run, text) VALUES (?, ?, ?, ?)",
            (time.time(), kind, run, serialization.to_text(text)),
        )

    def set_stop_reason(self, run: RunId, state: RunState, cause: str) -> None:
        """Store why a run is being ended, until `clear_stop_reason`."""
        self._execute(
            "INSERT OR IGNORE INTO intent VALUES (?, ?, ?)",
            (run, state.value, serialization.to_text(cause)),
        )

    def clear_stop_reason(self, run: RunId) -> None:
        """Delete why a run was being ended, once it has ended."""
        self._execute("DELETE FROM intent WHERE run = ?", (run,))

    def stop_reasons(self) -> dict[RunId, tuple[RunState, str]]:
        """Return why runs are being ended, as committed."""
        with explain_errors(self._path):
            rows = self._connection.execute("SELECT run, state, cause FROM intent").fetchall()
        return {RunId(run): (RunState(state), cause) for run, state, cause in rows}

    def take_requests(self) -> list[ControlRequest]:
        """Take the requests that are not answered yet, in order; answer those that cannot be read.

        A request that was taken can no longer be withdrawn. If this supervisor is killed before it
        has answered, the next one takes the request again.
        """
        with explain_errors(self._path):
            if self._pending_requests():
                self._connection.execute(
                    "UPDATE request SET answered = ? WHERE answered IS NULL", (time.time(),)
                )
            rows = self._connection.execute(
                "SELECT id, verb, arguments, created FROM request WHERE error IS NULL ORDER BY id"
            ).fetchall()
        requests = []
        for number, verb, arguments, created in rows:
            if number in self._answered_ids:
                continue
            try:
                requests.append(ControlRequest(number, verb, json.loads(arguments), created))
            except (ValueError, TypeError, RecursionError):
                self.answer(number, "its arguments are not valid JSON")
        return requests

    def _pending_requests(self) -> bool:
        query = "SELECT 1 FROM request WHERE answered IS NULL LIMIT 1"
        return self._connection.execute(query).fetchone() is not None

    def answer(self, request: int, error: str = "", result: object = None) -> None:
        """Record that a request was carried out, with its result (JSON), or why it was not."""
        self._answered_ids.add(request)
        self._execute(
            "UPDATE request SET answered = ?, error = ?, result = ? WHERE id = ?",
            (time.time(), serialization.to_text(error), serialization.to_json(result), request),
        )

    def add_version(self, version: SpecVersion) -> None:
        """Add a version of the spec, unless it is there."""
        sql, values = serialization.insert("version", serialization.encode_record(version))
        self._execute(sql.replace("INSERT", "INSERT OR IGNORE", 1), values)

    def set_resources(self, resources: Resources | None) -> None:
        """Store what executes the runs; None if nothing does any more."""
        if resources is None:
            self._execute("DELETE FROM resources")
        else:
            document = serialization.to_json(resources.to_document())
            self._execute("INSERT OR REPLACE INTO resources VALUES (1, ?)", (document,))

    def commit(self) -> None:
        """Write all buffered changes, in one transaction."""
        self._commit(time.monotonic())

    def close(self) -> None:
        """Write all buffered changes; if there are no readers, merge the write-ahead log."""
        try:
            self._commit(float("inf"))
            # What remains in the write-ahead log, on a full disk for example, is safe there.
            with contextlib.suppress(sqlite3.OperationalError):
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._connection.close()

    def _commit(self, now: float) -> None:
        documents = [
            (ingest, name, document, document.text())
            for ingest in self._ingests.values()
            for name, document in ingest.documents.items()
            if document.is_due(float("inf") if ingest.has_ended else now)
        ]
        ended = [run for run, ingest in self._ingests.items() if ingest.has_ended]
        if not (self._batch.statements or self._batch.points or documents or ended):
            return
        with explain_errors(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for statement in self._batch.statements:
                    try:
                        self._connection.execute(*statement)
                    except _REFUSED as error:
                        # SQLite has undone only this statement, and would always refuse it.
                        logger.error("left out: %s (%s)", statement[0], error)  # noqa: TRY400
                self._connection.executemany(
                    "INSERT INTO hot VALUES (?, ?, ?, ?)", self._batch.points
                )
                sealed = self._compact()
                for ingest, name, _, text in documents:
                    self._connection.execute(
                        *serialization.update("run", {name: text}, "row = ?", ingest.row)
                    )
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        self._batch = WriteBatch()
        self._answered_ids.clear()
        for series, count in sealed:
            series.compacted = count
        for _, _, document, text in documents:
            document.mark_written(len(text), now)
        for run in ended:
            del self._ingests[run]

    def _compact(self) -> list[tuple[Series, int]]:
        return [
            (series, compact(self._connection, series, ended=ingest.has_ended))
            for ingest in self._ingests.values()
            for series in ingest.series.values()
        ]

    def _ingest(self, run: RunId) -> RunIngest:
        ingest = self._ingests.get(run)
        if ingest is None:
            with explain_errors(self._path):
                ingest = RunIngest.load(self._connection, run, self._series_ids)
            if ingest is None:
                raise StoreError(f"The store {self._path} holds no run {run}.")
            self._ingests[run] = ingest
        return ingest

    def _execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        serialization.check_row(values)
        self._batch.statements.append((sql, values))

    def _next(self, query: str) -> int:
        (last,) = self._connection.execute(query).fetchone()
        return (last or 0) + 1
