"""Migrates a store that an earlier version of the package wrote to the current schema.

The supervisor migrates when it opens the store, since it is the only writer. Readers read every
version since `OLDEST`, so a step may add tables and columns, but never renames or removes one: a
supervisor of an earlier version may still be running when a newer package reads its store.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from wandb_magic.store.connection import VERSION

INTENT = """
CREATE TABLE IF NOT EXISTS intent (
  run TEXT PRIMARY KEY, state TEXT NOT NULL, cause TEXT NOT NULL
) WITHOUT ROWID
"""
"""Why the supervisor ends a run."""

VERSIONS = """
CREATE TABLE IF NOT EXISTS version (
  version INTEGER PRIMARY KEY, created REAL NOT NULL, spec TEXT NOT NULL,
  changes TEXT NOT NULL, filled TEXT NOT NULL
)
"""
"""The versions of the spec, once it was edited."""

RESOURCES = """
CREATE TABLE IF NOT EXISTS resources (id INTEGER PRIMARY KEY, json TEXT NOT NULL)
"""
"""One row while a supervisor is there: what executes the runs."""

MIGRATIONS: Mapping[int, Sequence[str]] = {
    2: (INTENT,),
    3: (
        VERSIONS,
        "ALTER TABLE sweep ADD COLUMN version INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE run ADD COLUMN proposer TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE run ADD COLUMN version INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE request ADD COLUMN result TEXT NOT NULL DEFAULT 'null'",
    ),
    4: (
        "ALTER TABLE run ADD COLUMN repeat_of INTEGER",
        "ALTER TABLE sweep ADD COLUMN elapsed REAL NOT NULL DEFAULT 0",
        "ALTER TABLE sweep ADD COLUMN slot_seconds REAL NOT NULL DEFAULT 0",
        "ALTER TABLE sweep ADD COLUMN run_seconds REAL NOT NULL DEFAULT 0",
    ),
    5: (RESOURCES, "ALTER TABLE run ADD COLUMN parent TEXT"),
}
"""For each version, the statements that migrate to it from the previous one."""


def migrate(connection: sqlite3.Connection) -> None:
    """Migrate a store in one transaction: afterwards it has the current schema, or is unchanged.

    Parameters
    ----------
    connection
        An open store, in autocommit mode.
    """
    if _version(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)
        for step in range(version + 1, VERSION + 1):
            for statement in MIGRATIONS[step]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {step}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
