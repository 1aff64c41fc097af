"""Stores of earlier schemas: each step leads to the tables of a new store, or changes nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from wandb_magic import store
from wandb_magic.errors import StoreError
from wandb_magic.store import connection, migrations


def schema(path: Path) -> tuple[int, set[tuple[str, str]]]:
    """Return the version, and each column of each table."""
    with closing(sqlite3.connect(path)) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        tables = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        columns = {
            (table, row[1])
            for table in tables
            for row in database.execute(f"PRAGMA table_info({table})")
        }
    return version, columns


@pytest.fixture
def first(path: Path) -> Path:
    """A store of the first schema."""
    with closing(sqlite3.connect(path)) as database:
        for table in ("intent", "version", "resources"):
            database.execute(f"DROP TABLE {table}")
        for table, name in (
            ("sweep", "version"),
            ("sweep", "elapsed"),
            ("sweep", "slot_seconds"),
            ("sweep", "run_seconds"),
            ("run", "proposer"),
            ("run", "version"),
            ("run", "repeat_of"),
            ("run", "parent"),
            ("request", "result"),
        ):
            database.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
        database.execute("PRAGMA user_version = 1")
    return path


def test_a_migrated_store_has_the_tables_of_a_new_one(path: Path, first: Path) -> None:
    assert schema(first)[0] == 1
    new = path.with_name("new.db")
    with closing(store.StoreReader(first)) as reader:
        store.create(new, reader.sweep())
    assert schema(first)[0] == 1, "reading migrates nothing"
    store.StoreWriter(first).close()
    assert schema(first) == schema(new)
    store.StoreWriter(first).close()
    assert schema(first) == schema(new)


def test_a_step_that_fails_changes_nothing(first: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = schema(first)
    steps = {2: (*migrations.MIGRATIONS[2], "ALTER TABLE missing ADD COLUMN more TEXT")}
    monkeypatch.setattr(migrations, "MIGRATIONS", steps)
    with pytest.raises(StoreError):
        store.StoreWriter(first)
    assert schema(first) == before


def test_each_version_has_a_step() -> None:
    assert list(migrations.MIGRATIONS) == list(
        range(connection.OLDEST + 1, connection.VERSION + 1)
    )


def test_a_store_older_than_all_steps_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 0")
    for open_store in (store.StoreReader, store.StoreWriter):
        with pytest.raises(
            StoreError, match=r"earlier version of wandb-magic \(schema 0, .* or start"
        ):
            open_store(path)
