"""Opens a store, and explains errors of reading and writing in one sentence.

This module does not know what the tables mean.
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from wandb_magic.disk import is_transient, shortage
from wandb_magic.errors import StoreError

APPLICATION = 0x77426D67
"""SQLite's ``application_id`` of a store: "wBmg"."""

VERSION = 5
"""The newest schema that this package reads, and the one that it writes."""

OLDEST = 1
"""The oldest schema that this package reads."""

TIMEOUT_S = 5.0
"""Seconds to wait for another process that has locked the store."""

_PERMANENT = ("not a database", "malformed", "no such", "Could not decode")

_OF_DISK, _PERHAPS_OF_DISK = ("full", "disk I/O error"), ("readonly", "unable to open")

_WAL_LIMIT = 16 * 2**20

# A part of SQLite's message, and its meaning to the user; error codes need Python 3.11.
_REASONS = (
    (
        "locked",
        "is locked by another process: end that process, or try again",
    ),
    ("full", "cannot be written because the disk is full: free some space, then continue"),
    ("readonly", "cannot be written: check the permissions of the file and its folder"),
    ("unable to open", "cannot be opened: check the permissions of the file and its folder"),
    ("disk I/O error", "cannot be read or written: the disk reports an error, or it is full"),
    ("not a database", "is damaged or not a store: restore it, or delete the sweep"),
    ("malformed", "is damaged: restore it, or delete the sweep"),
    ("no such", "is not complete: restore it, or delete the sweep"),
    ("Could not decode", "contains invalid text: restore it, or delete the sweep"),
)


@contextmanager
def explain_errors(path: Path) -> Iterator[None]:
    """Translate errors of SQLite and the system about `path` into one sentence.

    Raises
    ------
    StoreError
        In place of their errors; errors that only a bug in this package explains pass through.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        lasting = any(part in str(error) for part in _PERMANENT)
        for part, reason in _REASONS:
            if part in str(error):
                disk = part in _OF_DISK or (part in _PERHAPS_OF_DISK and shortage(path.parent))
                message = f"The store {path} {reason}."
                raise StoreError(message, lasting=lasting, disk=bool(disk)) from error
        raise
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = _REASONS[1][1] if is_full else f"cannot be written: {error.strerror}"
        raise StoreError(f"The store {path} {reason}.", disk=is_transient(error)) from error


def connect_to_write(path: Path, timeout: float = TIMEOUT_S) -> sqlite3.Connection:
    """Open an existing store for reading and writing.

    Raises
    ------
    StoreError
        If it is missing, damaged, locked, or of a newer version.
    """
    _must_exist(path)
    with explain_errors(path):
        return _check(
            _open(path, "mode=rw", timeout),
            path,
            "synchronous = NORMAL",
            f"journal_size_limit = {_WAL_LIMIT}",
        )


def connect_to_read(path: Path, timeout: float = TIMEOUT_S) -> sqlite3.Connection:
    """Open an existing store for reading only, also in a folder that cannot be written.

    Raises
    ------
    StoreError
        If it is missing, damaged, locked, or of a newer version.
    """
    _must_exist(path)
    with explain_errors(path):
        connection = _open(path, "mode=ro", timeout)
        try:
            return _check(connection, path)
        except sqlite3.OperationalError as error:
            if "unable to open" not in str(error) and "readonly" not in str(error):
                raise
        return _open_unchanging(path)


def _open_unchanging(path: Path) -> sqlite3.Connection:
    """Open a store in a folder where SQLite cannot create its own files, in its present state."""
    log = Path(f"{path}-wal")
    if log.exists() and log.stat().st_size:
        return _open_snapshot(path, log)
    return _check(_open(path, "immutable=1", TIMEOUT_S), path)


def _open_snapshot(path: Path, log: Path) -> sqlite3.Connection:
    """Open a copy of a store that includes the changes in its write-ahead log.

    The copy is unlinked once it is open, and disappears with the connection.
    """
    with tempfile.TemporaryDirectory(prefix="wandb-magic-") as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        shutil.copyfile(log, f"{copy}-wal")
        with closing(_open(copy, "mode=rw", TIMEOUT_S)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        return _check(_open(copy, "immutable=1", TIMEOUT_S), path)


def _open(path: Path, mode: str, timeout: float) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?{mode}"
    # Threads share readers under the readers' own lock; a writer stays in its thread.
    return sqlite3.connect(
        uri, uri=True, timeout=timeout, isolation_level=None, check_same_thread=False
    )


def _must_exist(path: Path) -> None:
    try:
        if path.is_file():
            return
        if not path.parent.is_dir():
            raise StoreError(
                f"The folder {path.parent} is not there: bring its disk back, or delete the "
                "sweep.",
                lasting=True,
            )
    except OSError as error:
        raise StoreError(f"The store {path} cannot be opened: {error.strerror}.") from error
    raise StoreError(f"There is no store at {path}: the sweep was deleted or moved.", lasting=True)


def _check(connection: sqlite3.Connection, path: Path, *settings: str) -> sqlite3.Connection:
    """Return a connection to the store `path`, with settings; close it if that is not a store."""
    try:
        _check_version(connection, path)
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")
    except BaseException:
        connection.close()
        raise
    return connection


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise StoreError(f"{path} is not the store of a sweep: check the path.")
    if version > VERSION:
        raise StoreError(
            f"The store {path} was made by a newer version of wandb-magic (schema {version}, this "
            f"one knows {VERSION}): update wandb-magic."
        )
    if version < OLDEST:
        raise StoreError(
            f"The store {path} was made by an earlier version of wandb-magic (schema {version}, "
            f"this one reads {OLDEST} to {VERSION}): use that version, or start a new sweep.",
            lasting=True,
        )
