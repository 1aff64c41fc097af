"""What a server in a process of its own remembers: each request that changed something, in order.

A request is in the journal before it is carried out and answered. After a kill, the same requests
make the same state again: ids and times come from them alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from fake_wandb_server.messages import Request

SCHEMA = "CREATE TABLE IF NOT EXISTS requests (time REAL, method TEXT, path TEXT, body BLOB)"


class Journal:
    """A file of requests; only the server's one lock writes it.

    Parameters
    ----------
    path
        The file, made if it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # Without a wait for the disk: a killed process loses nothing, a dead machine is no test.
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(SCHEMA)

    def write(self, time: float, request: Request) -> None:
        row = (time, request.method, request.path, request.body)
        self._database.execute("INSERT INTO requests VALUES (?, ?, ?, ?)", row)

    def read(self) -> Iterator[tuple[float, Request]]:
        for time, method, path, body in self._database.execute(
            "SELECT time, method, path, body FROM requests ORDER BY rowid"
        ):
            yield time, Request(method, path, body)
