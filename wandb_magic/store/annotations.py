"""What users write about a sweep and its runs: names, notes, tags, pins and the baseline.

Unlike all else in a store, any process writes it: a sweep that has ended, was imported, or whose
code is not trusted, can be annotated without a supervisor. The table is created with the first
annotation; a store without one has no annotations, whatever its version.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from wandb_magic.store import serialization
from wandb_magic.store.connection import connect_to_write, explain_errors

SWEEP = ""
"""What stands for the sweep itself where the table has the id of a run."""

RESET = {"name": "", "pinned": False, "hidden": False, "baseline": ""}
"""Values that remove an annotation; notes and tags that are empty replace those of the run."""

_TABLE = """
CREATE TABLE IF NOT EXISTS annotation (
  run TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, changed REAL NOT NULL,
  PRIMARY KEY (run, field)
) WITHOUT ROWID
"""


def annotate(path: Path, run: str, changes: Mapping[str, Any]) -> None:
    """Change annotations, all at once.

    Parameters
    ----------
    path
        The sweep's store.
    run
        The run's id, or `SWEEP`.
    changes
        The new values (JSON) by name: ``name``, ``notes``, ``tags``; of runs also ``pinned`` and
        ``hidden``, of the sweep ``baseline``.

    Raises
    ------
    StoreError
        If the store is missing, damaged, locked, or cannot be written.
    """
    now = time.time()
    rows = [(run, name, serialization.to_json(value), now) for name, value in changes.items()]
    with explain_errors(path), closing(connect_to_write(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_TABLE)
        connection.executemany("INSERT OR REPLACE INTO annotation VALUES (?, ?, ?, ?)", rows)
        connection.execute("COMMIT")


def read_annotations(connection: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """Return the annotations by run (`SWEEP` for the sweep) and name."""
    if not _has_annotations(connection):
        return {}
    annotations: dict[str, dict[str, Any]] = {}
    for run, field, value in connection.execute("SELECT run, field, value FROM annotation"):
        decoded = json.loads(value)
        if field not in RESET or decoded != RESET[field]:
            annotations.setdefault(run, {})[field] = decoded
    return annotations


def annotated_since(connection: sqlite3.Connection, since: float) -> list[str]:
    """Return the runs whose annotations have changed after a time, in seconds since the epoch."""
    if not _has_annotations(connection):
        return []
    query = "SELECT DISTINCT run FROM annotation WHERE changed > ?"
    return [run for (run,) in connection.execute(query, (since,))]


def _has_annotations(connection: sqlite3.Connection) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'annotation'"
    return connection.execute(query).fetchone() is not None
