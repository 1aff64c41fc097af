"""The tables of a sweep's store, and the creation of its file.

A new store is written to a temporary file and renamed, so that no process sees an incomplete one.
The schema's version is SQLite's ``user_version``; a store of a newer version is refused, and one
of an earlier version is migrated; see `migrations`.

Points are stored in three places: ``hot`` rows while they are few, ``chunk`` blobs of 500 once
there are enough (500 doubles fill one page of the file), and ``lod``, the level of detail for
charts: at most 250 buckets of lowest and highest value, whose width doubles as the run continues.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from wandb_magic.errors import StoreError
from wandb_magic.records import RunRecord, SweepRecord
from wandb_magic.store import serialization
from wandb_magic.store.connection import APPLICATION, VERSION, explain_errors
from wandb_magic.store.migrations import INTENT, RESOURCES, VERSIONS

HISTORY, SYSTEM, TIME = "history", "system", "time"
"""Streams: logged values and system metrics by key; the time of each logged step, in seconds."""

CHUNK = 500
"""Points in a full chunk."""

CHUNKS = 1 << 20
"""A chunk's id is its series' id times this number, plus its index in the series."""

_TABLES = """
CREATE TABLE sweep (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, project TEXT NOT NULL, entity TEXT NOT NULL,
  mode TEXT NOT NULL, state TEXT NOT NULL, created REAL NOT NULL, spec TEXT NOT NULL,
  options TEXT NOT NULL, agents INTEGER NOT NULL, budget INTEGER, cause TEXT NOT NULL,
  started REAL, ended REAL, supervisor TEXT, notices TEXT NOT NULL,
  url TEXT NOT NULL DEFAULT '', version INTEGER NOT NULL DEFAULT 1,
  elapsed REAL NOT NULL DEFAULT 0, slot_seconds REAL NOT NULL DEFAULT 0,
  run_seconds REAL NOT NULL DEFAULT 0
);
CREATE TABLE run (
  row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, number INTEGER NOT NULL,
  attempt INTEGER NOT NULL, agent INTEGER NOT NULL, params TEXT NOT NULL, state TEXT NOT NULL,
  created REAL NOT NULL, started REAL, ended REAL, cause TEXT NOT NULL, error TEXT NOT NULL,
  exit_code INTEGER, value REAL, directory TEXT NOT NULL, process TEXT,
  info TEXT NOT NULL DEFAULT '{}', config TEXT NOT NULL DEFAULT '{}',
  summary TEXT NOT NULL DEFAULT '{}', proposer TEXT NOT NULL DEFAULT '',
  version INTEGER NOT NULL DEFAULT 1, repeat_of INTEGER, parent TEXT
);
CREATE INDEX run_by_number ON run (number, attempt);
CREATE INDEX run_by_state ON run (state);
CREATE INDEX run_by_value ON run (value);
CREATE TABLE log (
  run INTEGER NOT NULL, path TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (run, path)
) WITHOUT ROWID;
CREATE TABLE series (
  id INTEGER PRIMARY KEY, run INTEGER NOT NULL, stream TEXT NOT NULL, key TEXT NOT NULL,
  sealed INTEGER NOT NULL DEFAULT 0, UNIQUE (stream, key, run)
);
CREATE INDEX series_by_run ON series (run);
CREATE TABLE hot (
  series INTEGER NOT NULL, n INTEGER NOT NULL, step INTEGER NOT NULL, value REAL,
  PRIMARY KEY (series, n)
) WITHOUT ROWID;
CREATE TABLE chunk (
  id INTEGER PRIMARY KEY, n INTEGER NOT NULL, first INTEGER NOT NULL, stride INTEGER NOT NULL,
  steps BLOB, vals BLOB NOT NULL
);
CREATE TABLE lod (
  series INTEGER PRIMARY KEY, width INTEGER NOT NULL, n INTEGER NOT NULL,
  first INTEGER NOT NULL, stride INTEGER NOT NULL, steps BLOB,
  lows BLOB NOT NULL, highs BLOB NOT NULL
);
CREATE TABLE media (
  id INTEGER PRIMARY KEY, run INTEGER NOT NULL, key TEXT NOT NULL, step INTEGER NOT NULL,
  time REAL, json TEXT NOT NULL
);
CREATE INDEX media_by_key ON media (run, key, step);
CREATE TABLE file (
  run INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY (run, path)
) WITHOUT ROWID;
CREATE TABLE artifact (
  id INTEGER PRIMARY KEY, run INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
  aliases TEXT NOT NULL, used INTEGER NOT NULL, metadata TEXT NOT NULL
);
CREATE INDEX artifact_by_run ON artifact (run);
CREATE TABLE event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, time REAL NOT NULL, kind TEXT NOT NULL, run TEXT,
  text TEXT NOT NULL
);
CREATE TABLE request (
  id INTEGER PRIMARY KEY AUTOINCREMENT, verb TEXT NOT NULL, arguments TEXT NOT NULL,
  created REAL NOT NULL, answered REAL, error TEXT, result TEXT NOT NULL DEFAULT 'null'
);
CREATE INDEX request_pending ON request (id) WHERE answered IS NULL;
"""


def create(path: Path, sweep: SweepRecord, runs: Sequence[RunRecord] = ()) -> None:
    """Create the store of `sweep`, with its first runs, at `path`, whose folder exists.

    Raises
    ------
    StoreError
        If there is one already, or it cannot be written.
    """
    if path.exists():
        raise StoreError(f"There is a store already: {path}. Choose another sweep id.")
    with explain_errors(path):
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(descriptor)
        temporary = Path(name)
        try:
            with closing(sqlite3.connect(temporary, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(f"BEGIN; {_TABLES}")
                connection.execute(INTENT)
                connection.execute(VERSIONS)
                connection.execute(RESOURCES)
                connection.execute(
                    *serialization.insert("sweep", serialization.encode_record(sweep))
                )
                for run in runs:
                    connection.execute(
                        *serialization.insert("run", serialization.encode_record(run))
                    )
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
                connection.execute("COMMIT")
            temporary.replace(path)
        finally:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{temporary}{suffix}").unlink(missing_ok=True)
