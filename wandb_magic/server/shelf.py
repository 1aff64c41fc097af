"""The sweeps that a server knows: found through the index, opened when something of them is asked.

Everything here may block on a disk, and is called in threads only. It knows no HTTP.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import BinaryIO

from wandb_magic import index
from wandb_magic.detach import collect_ended
from wandb_magic.errors import StoreError, SweepNotFoundError
from wandb_magic.paths import checked_id
from wandb_magic.records import RunId
from wandb_magic.safe_open import open_below
from wandb_magic.server import wire
from wandb_magic.server.books import Book, Signature, signature
from wandb_magic.server.logs import Log
from wandb_magic.server.problems import GoneError
from wandb_magic.server.wire import SweepSummary, Unreadable
from wandb_magic.verbs.handle import Sweep
from wandb_magic.verbs.removing import discard
from wandb_magic.verbs.unreadable import reason_of

SHELF = "wandb_magic_shelf"
"""The shelf's name among the server's settings."""

LOOK_S = 0.3  # how long what the index says is good for
PAUSE_S = 2.0  # before a store that cannot be read is tried again
BOOKS = 64  # sweeps that are open at a time
LOGS = 32  # outputs whose lines are remembered


class Shelf:
    """All sweeps of this user.

    Parameters
    ----------
    root
        The folder that the server serves, to which notebooks are relative.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._entries: dict[str, index.Entry] = {}
        self._looked = float("-inf")
        self._books: dict[str, Book] = {}
        self._unreadable: dict[str, tuple[float, str]] = {}
        self._ended: dict[str, tuple[Signature, SweepSummary]] = {}
        self._logs: dict[Path, Log] = {}
        self._lock = threading.Lock()

    def summaries(self) -> tuple[list[SweepSummary], list[Unreadable]]:
        """Return how all sweeps stand, newest first, and which of them cannot be read."""
        found: list[SweepSummary] = []
        unreadable: list[Unreadable] = []
        for entry in self._look().values():
            try:
                found.append(self._summary(entry))
            except Exception as error:  # noqa: BLE001 - no sweep may hide the others
                reason = reason_of(entry, error)
                unreadable.append({"id": entry.id, "name": entry.name, "reason": reason})
        return found, unreadable

    def book(self, sweep: str) -> Book:
        """Return a sweep by its id.

        Raises
        ------
        SweepNotFoundError
            If there is none.
        StoreError
            If it cannot be read.
        """
        checked_id(sweep)
        entry = self._look().get(sweep) or self._look(anew=True).get(sweep)
        if entry is None:
            raise SweepNotFoundError(f"there is no sweep {sweep!r}: it was deleted or moved")
        return self._book(entry)

    def sweep(self, sweep: str) -> Sweep:
        """Return what can be asked of a sweep; see `book`."""
        return Sweep(self.book(sweep).paths)

    def delete(self, sweep: str) -> None:
        """Delete a sweep; see `Sweep.delete`. One that cannot be read is ended first."""
        try:
            handle = self.sweep(sweep)
        except StoreError:
            discard(sweep)
        else:
            handle.delete()
        self._look(anew=True)

    def output(self, sweep: str, run: str) -> BinaryIO:
        """Open the file with all that a run printed.

        Raises
        ------
        GoneError
            If it has printed nothing yet, or was deleted.
        """
        paths = self.book(sweep).paths
        try:
            return open_below(paths.folder, paths.run(RunId(run)).output)
        except FileNotFoundError:
            raise GoneError(f"run {run} has printed nothing yet") from None

    def log_page(self, sweep: str, run: str, first: int, count: int) -> wire.LogPage:
        """Return lines of what a run printed; see `Log.page`."""
        ended = self._over(sweep, run)
        return self._log(sweep, run).page(first, count, ended=ended)

    def log_matches(
        self, sweep: str, run: str, text: str, first: int, limit: int
    ) -> wire.LogMatches:
        """Return where a text is in what a run printed; see `Log.matches`."""
        self._over(sweep, run)  # there is such a run
        return self._log(sweep, run).matches(text, first, limit)

    def log_state(self, sweep: str, run: str) -> tuple[int, bool]:
        """Return how much a run has printed, in octets, and whether it has ended."""
        try:
            with self.output(sweep, run) as file:
                size = os.fstat(file.fileno()).st_size
        except GoneError:
            size = 0
        return size, self._over(sweep, run)

    def _over(self, sweep: str, run: str) -> bool:
        return self.book(sweep).live.run(RunId(run)).state.ended

    def _log(self, sweep: str, run: str) -> Log:
        """Return the lines of an output; where they begin is remembered."""
        paths = self.book(sweep).paths
        path = paths.run(RunId(run)).output
        with self._lock:
            log = self._logs.pop(path, None) or Log(path, paths.folder)
            self._logs[path] = log
            while len(self._logs) > LOGS:
                del self._logs[next(iter(self._logs))]
        return log

    def close(self) -> None:
        """Close all stores."""
        with self._lock:
            self._books.clear()

    def _look(self, *, anew: bool = False) -> dict[str, index.Entry]:
        """Return what the index says, newest first; forget what is gone."""
        with self._lock:
            if not anew and time.monotonic() - self._looked < LOOK_S:
                return self._entries
        collect_ended()
        entries: dict[str, index.Entry] = {entry.id: entry for entry in index.entries()}
        with self._lock:
            self._entries, self._looked = entries, time.monotonic()
            for id_, book in list(self._books.items()):
                at = entries[id_].paths if id_ in entries else None
                if at != book.paths or not book.reads(signature(at.store)):
                    del self._books[id_]
            for gone in self._unreadable.keys() - entries.keys():
                del self._unreadable[gone]
            for gone in self._ended.keys() - entries.keys():
                del self._ended[gone]
            return self._entries

    def _summary(self, entry: index.Entry) -> SweepSummary:
        """Return how a sweep stands; one that has ended is opened only when it has changed."""
        store = signature(entry.paths.store)
        known = self._ended.get(entry.id)
        if known is not None and known[0] == store:
            return known[1]
        book = self._book(entry)
        try:
            told = _of(entry, book.summary())
        except Exception as error:
            self._pause(entry, error)
            raise
        # Whoever brings back one that died writes its store.
        if (told["finished"] is not None or told["state"] == "died") and book.reads(store):
            self._ended[entry.id] = (store, told)
        return told

    def _book(self, entry: index.Entry) -> Book:
        with self._lock:
            book = self._books.pop(entry.id, None)
            if book is not None:
                self._books[entry.id] = book  # the one that was asked for last
                return book
            until, reason = self._unreadable.get(entry.id, (0.0, ""))
        if time.monotonic() < until:
            raise StoreError(reason)
        try:
            book = Book(entry.paths)
        except Exception as error:
            self._pause(entry, error)
            raise StoreError(reason_of(entry, error)) from error
        with self._lock:
            self._unreadable.pop(entry.id, None)
            book = self._books.setdefault(entry.id, book)
            while len(self._books) > BOOKS:
                del self._books[next(iter(self._books))]
        return book

    def _pause(self, entry: index.Entry, error: Exception) -> None:
        """Leave a store alone for a while: a look at it may take its time."""
        with self._lock:
            self._books.pop(entry.id, None)
            self._unreadable[entry.id] = (time.monotonic() + PAUSE_S, reason_of(entry, error))


def _of(entry: index.Entry, told: SweepSummary) -> SweepSummary:
    """Return how a sweep stands, if its store is its own: another's would hide that sweep."""
    if told["id"] != entry.id:
        raise StoreError(
            f"{entry.paths.store} is the store of another sweep: restore this one's, or delete "
            "the sweep"
        )
    return told
