"""One open store that is only read; threads may share it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wandb_magic.store.connection import TIMEOUT_S, connect_to_read, explain_errors


class ReadSession:
    """A connection, and the lock under which threads use it; see `StoreReader`."""

    def __init__(self, path: Path, timeout: float = TIMEOUT_S) -> None:
        self._path = path
        self._connection = connect_to_read(path, timeout)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the store."""
        with self._lock:
            self._connection.close()

    def version(self) -> int:
        """Return a number that changes when the store does; only this reader's may be compared."""
        with self._reading() as connection:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Hold one state of the store."""
        with self._lock, explain_errors(self._path):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("COMMIT")
