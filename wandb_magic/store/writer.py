"""Writes a sweep's store; only the sweep's supervisor does.

Changes wait in memory until `StoreWriter.commit`, so that the database is locked for milliseconds
and others can post their requests at any time. When a commit fails (a full disk, say), nothing of
it is written, everything still waits, and the next commit tries it all again.
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
from wandb_magic.records import ControlRequest, RunId, RunRecord, RunState, SweepRecord
from wandb_magic.store import serialization
from wandb_magic.store.compaction import compact
from wandb_magic.store.connection import connect_to_write, explain_errors
from wandb_magic.store.ingest import RunIngest, Series, WriteBatch
from wandb_magic.store.migrations import migrate

logger = logging.getLogger(__name__)

# What an entry of a kind that nobody foresaw may lead to, and what SQLite says of such a row.
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
        """Return the sweep as it was committed."""
        columns = ", ".join(serialization.SWEEP_COLUMNS)
        with explain_errors(self._path):
            row = self._connection.execute(f"SELECT {columns} FROM sweep").fetchone()  # noqa: S608
        return serialization.sweep_record(row)

    def update_sweep(self, **fields: Any) -> None:  # noqa: ANN401 - fields of SweepRecord
        """Change fields of the sweep."""
        self._execute(*serialization.update("sweep", serialization.encode_fields(fields), "TRUE"))

    def add_run(self, run: RunRecord) -> None:
        """Add a run; commit before its process starts, so that it can never be forgotten."""
        opened = RunIngest(next(self._run_rows), self._series_ids, ended=run.state.has_ended)
        self._ingests[run.id] = opened
        self._execute(
            *serialization.insert("run", {"row": opened.row, **serialization.encode_record(run)})
        )

    def update_run(self, run: RunId, **fields: Any) -> None:  # noqa: ANN401 - fields of RunRecord
        """Change fields of a run; one that ended is put in order and forgotten here."""
        self._execute(
            *serialization.update("run", serialization.encode_fields(fields), "id = ?", run)
        )
        if "state" in fields:
            self._ingest(run).has_ended = fields["state"].has_ended

    def append(
        self, run: RunId, entries: Sequence[LogRecord], log: str = "", position: int = 0
    ) -> tuple[list[LogRecord], list[str]]:
        """Add what a run logged; return what was taken, and what the store cannot hold.

        Parameters
        ----------
        run
            A run that was added.
        entries
            In the order in which they were logged.
        log, position
            Where they came from, and how far that has been read: kept together with the entries,
            so that a follower that begins at `positions` misses and doubles nothing.
        """
        opened = self._ingest(run)
        taken: list[LogRecord] = []
        omitted: list[str] = []
        for entry in entries:
            try:
                opened.add(entry, self._batch)
            except _UNSTORABLE as error:
                omitted.append(f"{type(entry).__name__} ({type(error).__name__})")
            else:
                taken.append(entry)
        if any(isinstance(entry, OverwriteRecord) for entry in entries):
            # Nothing of the run comes from the earlier logs any more.
            self._execute("DELETE FROM log WHERE run = ? AND path <> ?", (opened.row, log))
        if log:
            self._execute(
                "INSERT OR REPLACE INTO log VALUES (?, ?, ?)",
                (opened.row, serialization.to_text(log), position),
            )
        return taken, omitted

    def positions(self, run: RunId) -> dict[str, int]:
        """Return, by log, how far the committed entries of a run reach."""
        with explain_errors(self._path):
            return dict(
                self._connection.execute(
                    "SELECT path, position FROM log JOIN run ON run = row WHERE id = ?", (run,)
                ).fetchall()
            )

    def add_event(self, kind: str, text: str, run: RunId | None = None) -> None:
        """Note something that people should know."""
        self._execute(
            "INSERT INTO event (time, kind, run, text) VALUES (?, ?, ?, ?)",
            (time.time(), kind, run, serialization.to_text(text)),
        )

    def set_stop_reason(self, run: RunId, state: RunState, cause: str) -> None:
        """Keep why a run is being ended, until `clear_stop_reason`."""
        self._execute(
            "INSERT OR IGNORE INTO intent VALUES (?, ?, ?)",
            (run, state.value, serialization.to_text(cause)),
        )

    def clear_stop_reason(self, run: RunId) -> None:
        """Forget why a run was being ended: it has."""
        self._execute("DELETE FROM intent WHERE run = ?", (run,))

    def stop_reasons(self) -> dict[RunId, tuple[RunState, str]]:
        """Return why runs are being ended, as it was committed."""
        with explain_errors(self._path):
            found = self._connection.execute("SELECT run, state, cause FROM intent").fetchall()
        return {RunId(run): (RunState(state), cause) for run, state, cause in found}

    def take_requests(self) -> list[ControlRequest]:
        """Take up what was asked and not answered yet, in order; answer what cannot be read.

        What was taken up can no longer be withdrawn, and is taken up again by the next supervisor
        if this one is killed before it has answered.
        """
        with explain_errors(self._path):
            if self._pending_requests():
                self._connection.execute(
                    "UPDATE request SET answered = ? WHERE answered IS NULL", (time.time(),)
                )
            found = self._connection.execute(
                "SELECT id, verb, arguments, created FROM request WHERE error IS NULL ORDER BY id"
            ).fetchall()
        requests = []
        for number, verb, arguments, created in found:
            if number in self._answered_ids:
                continue
            try:
                requests.append(ControlRequest(number, verb, json.loads(arguments), created))
            except (ValueError, TypeError, RecursionError):
                self.answer(number, "its arguments are no JSON")
        return requests

    def _pending_requests(self) -> bool:
        query = "SELECT 1 FROM request WHERE answered IS NULL LIMIT 1"
        return self._connection.execute(query).fetchone() is not None

    def answer(self, request: int, error: str = "") -> None:
        """Say that a request was carried out, or why it was not."""
        self._answered_ids.add(request)
        self._execute(
            "UPDATE request SET answered = ?, error = ? WHERE id = ?",
            (time.time(), serialization.to_text(error), request),
        )

    def commit(self) -> None:
        """Write everything that waits, in one transaction."""
        self._commit(time.monotonic())

    def close(self) -> None:
        """Write everything that waits, and leave a single file behind if nobody reads."""
        try:
            self._commit(float("inf"))
            # What stays in the write-ahead log, on a full disk say, is safe there.
            with contextlib.suppress(sqlite3.OperationalError):
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._connection.close()

    def _commit(self, now: float) -> None:
        documents = [
            (opened, name, document, document.text())
            for opened in self._ingests.values()
            for name, document in opened.documents.items()
            if document.is_due(float("inf") if opened.has_ended else now)
        ]
        ended = [run for run, opened in self._ingests.items() if opened.has_ended]
        if not (self._batch.statements or self._batch.points or documents or ended):
            return
        with explain_errors(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for statement in self._batch.statements:
                    try:
                        self._connection.execute(*statement)
                    except _REFUSED as error:
                        # SQLite has undone this statement alone, and would refuse it for ever.
                        logger.error("left out: %s (%s)", statement[0], error)  # noqa: TRY400
                self._connection.executemany(
                    "INSERT INTO hot VALUES (?, ?, ?, ?)", self._batch.points
                )
                sealed = self._compact()
                for opened, name, _, text in documents:
                    self._connection.execute(
                        *serialization.update("run", {name: text}, "row = ?", opened.row)
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
            (series, compact(self._connection, series, ended=opened.has_ended))
            for opened in self._ingests.values()
            for series in opened.series.values()
        ]

    def _ingest(self, run: RunId) -> RunIngest:
        opened = self._ingests.get(run)
        if opened is None:
            with explain_errors(self._path):
                opened = RunIngest.load(self._connection, run, self._series_ids)
            if opened is None:
                raise StoreError(f"The store {self._path} holds no run {run}.")
            self._ingests[run] = opened
        return opened

    def _execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        serialization.check_row(values)
        self._batch.statements.append((sql, values))

    def _next(self, query: str) -> int:
        (last,) = self._connection.execute(query).fetchone()
        return (last or 0) + 1
