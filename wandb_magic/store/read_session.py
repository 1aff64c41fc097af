"""A read-only session of a store, which threads may share."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wandb_magic.store.connection import TIMEOUT_S, connect_to_read, explain_errors


class ReadSession:
    """A connection, and the lock with which threads share it; see `StoreReader`."""

    def __init__(self, path: Path, timeout: float = TIMEOUT_S) -> None:
        self._path = path
        self._connection = connect_to_read(path, timeout)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the store."""
        with self._lock:
            self._connection.close()

    def version(self) -> int:
        """Return a number that changes with the store; compare only numbers of the same reader."""
        with self._reading() as connection:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
        return int(version)

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
