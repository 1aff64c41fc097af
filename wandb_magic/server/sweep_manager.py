"""The sweeps that a server knows: found through the index, opened when something of them is asked.

Everything here may block on a disk, and is called in threads only. It knows no HTTP.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import BinaryIO

from wandb_magic import registry
from wandb_magic.api._delete import delete_unreadable
from wandb_magic.api._sweep import Sweep
from wandb_magic.api._unreadable_sweep import unreadable_reason
from wandb_magic.daemon import reap_children
from wandb_magic.errors import StoreError, SweepNotFoundError
from wandb_magic.paths import validate_id
from wandb_magic.records import RunId
from wandb_magic.safe_open import open_inside
from wandb_magic.server import schemas
from wandb_magic.server.http_errors import NotFoundError
from wandb_magic.server.log_index import LogIndex
from wandb_magic.server.open_sweep import OpenSweep, Signature, file_signature
from wandb_magic.server.schemas import SweepSummary, Unreadable

SWEEP_MANAGER = "wandb_magic_sweep_manager"
"""The shelf's name among the server's settings."""

REFRESH_S = 0.3  # how long what the index says is good for
RETRY_S = 2.0  # before a store that cannot be read is tried again
MAX_OPEN_SWEEPS = 64  # sweeps that are open at a time
MAX_LOG_INDEXES = 32  # outputs whose lines are remembered


class SweepManager:
    """All sweeps of this user.

    Parameters
    ----------
    root
        The folder that the server serves, to which notebooks are relative.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._entries: dict[str, registry.SweepLocation] = {}
        self._refreshed = float("-inf")
        self._open_sweeps: dict[str, OpenSweep] = {}
        self._unreadable: dict[str, tuple[float, str]] = {}
        self._ended_summaries: dict[str, tuple[Signature, SweepSummary]] = {}
        self._log_indexes: dict[Path, LogIndex] = {}
        self._lock = threading.Lock()

    def summaries(self) -> tuple[list[SweepSummary], list[Unreadable]]:
        """Return how all sweeps stand, newest first, and which of them cannot be read."""
        summaries: list[SweepSummary] = []
        unreadable: list[Unreadable] = []
        for entry in self._refresh().values():
            try:
                summaries.append(self._summary(entry))
            except Exception as error:  # noqa: BLE001 - no sweep may hide the others
                reason = unreadable_reason(entry, error)
                unreadable.append({"id": entry.id, "name": entry.name, "reason": reason})
        return summaries, unreadable

    def open_sweep(self, sweep: str) -> OpenSweep:
        """Return a sweep by its id.

        Raises
        ------
        SweepNotFoundError
            If there is none.
        StoreError
            If it cannot be read.
        """
        validate_id(sweep)
        entry = self._refresh().get(sweep) or self._refresh(force=True).get(sweep)
        if entry is None:
            raise SweepNotFoundError(f"there is no sweep {sweep!r}: it was deleted or moved")
        return self._open(entry)

    def get_sweep(self, sweep: str) -> Sweep:
        """Return what can be asked of a sweep; see `book`."""
        return Sweep(self.open_sweep(sweep).paths)

    def delete(self, sweep: str) -> None:
        """Delete a sweep; see `Sweep.delete`. One that cannot be read is ended first."""
        try:
            handle = self.get_sweep(sweep)
        except StoreError:
            delete_unreadable(sweep)
        else:
            handle.delete()
        self._refresh(force=True)

    def open_output(self, sweep: str, run: str) -> BinaryIO:
        """Open the file with all that a run printed.

        Raises
        ------
        GoneError
            If it has printed nothing yet, or was deleted.
        """
        paths = self.open_sweep(sweep).paths
        try:
            return open_inside(paths.folder, paths.run(RunId(run)).output)
        except FileNotFoundError:
            raise NotFoundError(f"run {run} has printed nothing yet") from None

    def log_page(self, sweep: str, run: str, first: int, count: int) -> schemas.LogPage:
        """Return lines of what a run printed; see `Log.page`."""
        ended = self._has_ended(sweep, run)
        return self._log_index(sweep, run).page(first, count, ended=ended)

    def log_matches(
        self, sweep: str, run: str, text: str, first: int, limit: int
    ) -> schemas.LogMatches:
        """Return where a text is in what a run printed; see `Log.matches`."""
        self._has_ended(sweep, run)  # there is such a run
        return self._log_index(sweep, run).matches(text, first, limit)

    def log_state(self, sweep: str, run: str) -> tuple[int, bool]:
        """Return how much a run has printed, in octets, and whether it has ended."""
        try:
            with self.open_output(sweep, run) as file:
                size = os.fstat(file.fileno()).st_size
        except NotFoundError:
            size = 0
        return size, self._has_ended(sweep, run)

    def _has_ended(self, sweep: str, run: str) -> bool:
        return self.open_sweep(sweep).live_reader.run(RunId(run)).state.has_ended

    def _log_index(self, sweep: str, run: str) -> LogIndex:
        """Return the lines of an output; where they begin is remembered."""
        paths = self.open_sweep(sweep).paths
        path = paths.run(RunId(run)).output
        with self._lock:
            log = self._log_indexes.pop(path, None) or LogIndex(path, paths.folder)
            self._log_indexes[path] = log
            while len(self._log_indexes) > MAX_LOG_INDEXES:
                del self._log_indexes[next(iter(self._log_indexes))]
        return log

    def close(self) -> None:
        """Close all stores."""
        with self._lock:
            self._open_sweeps.clear()

    def _refresh(self, *, force: bool = False) -> dict[str, registry.SweepLocation]:
        """Return what the index says, newest first; forget what is gone."""
        with self._lock:
            if not force and time.monotonic() - self._refreshed < REFRESH_S:
                return self._entries
        reap_children()
        entries: dict[str, registry.SweepLocation] = {
            entry.id: entry for entry in registry.list_sweeps()
        }
        with self._lock:
            self._entries, self._refreshed = entries, time.monotonic()
            for id_, book in list(self._open_sweeps.items()):
                at = entries[id_].paths if id_ in entries else None
                if at != book.paths or not book.is_open_on(file_signature(at.store)):
                    del self._open_sweeps[id_]
            for gone in self._unreadable.keys() - entries.keys():
                del self._unreadable[gone]
            for gone in self._ended_summaries.keys() - entries.keys():
                del self._ended_summaries[gone]
            return self._entries

    def _summary(self, entry: registry.SweepLocation) -> SweepSummary:
        """Return how a sweep stands; one that has ended is opened only when it has changed."""
        store = file_signature(entry.paths.store)
        ended = self._ended_summaries.get(entry.id)
        if ended is not None and ended[0] == store:
            return ended[1]
        book = self._open(entry)
        try:
            summary = _check_summary(entry, book.summary())
        except Exception as error:
            self._mark_unreadable(entry, error)
            raise
        # Whoever brings back one that died writes its store.
        if (summary["finished"] is not None or summary["state"] == "died") and book.is_open_on(
            store
        ):
            self._ended_summaries[entry.id] = (store, summary)
        return summary

    def _open(self, entry: registry.SweepLocation) -> OpenSweep:
        with self._lock:
            book = self._open_sweeps.pop(entry.id, None)
            if book is not None:
                self._open_sweeps[entry.id] = book  # the one that was asked for last
                return book
            until, reason = self._unreadable.get(entry.id, (0.0, ""))
        if time.monotonic() < until:
            raise StoreError(reason)
        try:
            book = OpenSweep(entry.paths)
        except Exception as error:
            self._mark_unreadable(entry, error)
            raise StoreError(unreadable_reason(entry, error)) from error
        with self._lock:
            self._unreadable.pop(entry.id, None)
            book = self._open_sweeps.setdefault(entry.id, book)
            while len(self._open_sweeps) > MAX_OPEN_SWEEPS:
                del self._open_sweeps[next(iter(self._open_sweeps))]
        return book

    def _mark_unreadable(self, entry: registry.SweepLocation, error: Exception) -> None:
        """Leave a store alone for a while: a look at it may take its time."""
        with self._lock:
            self._open_sweeps.pop(entry.id, None)
            self._unreadable[entry.id] = (
                time.monotonic() + RETRY_S,
                unreadable_reason(entry, error),
            )


def _check_summary(entry: registry.SweepLocation, summary: SweepSummary) -> SweepSummary:
    """Return how a sweep stands, if its store is its own: another's would hide that sweep."""
    if summary["id"] != entry.id:
        raise StoreError(
            f"{entry.paths.store} is the store of another sweep: restore this one's, or delete "
            "the sweep"
        )
    return summary
