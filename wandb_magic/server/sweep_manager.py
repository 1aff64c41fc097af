"""Manages the server's sweeps: finds them through the list of sweeps, and opens them on demand.

Everything here may block on a disk, and is called only in threads. It does not depend on HTTP.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from wandb_magic import registry
from wandb_magic.api._delete import delete_unreadable
from wandb_magic.api._sweep import Sweep
from wandb_magic.api._unreadable_sweep import unreadable_reason
from wandb_magic.daemon import reap_children
from wandb_magic.errors import StoreError, SweepNotFoundError
from wandb_magic.paths import SweepPaths, validate_id
from wandb_magic.records import RunId
from wandb_magic.safe_open import open_inside
from wandb_magic.server import schemas
from wandb_magic.server.encoding import to_json
from wandb_magic.server.http_errors import NotFoundError
from wandb_magic.server.log_index import LogIndex
from wandb_magic.server.schemas import SweepSummary, Unreadable
from wandb_magic.server.serializers import sweep_summary
from wandb_magic.store import StoreReader

SWEEP_MANAGER = "wandb_magic_sweep_manager"
"""The key of the sweep manager in the server's settings."""

REFRESH_S = 0.3  # how long the list of sweeps is valid
RETRY_S = 2.0  # before a store that cannot be read is retried
MAX_OPEN_SWEEPS = 64  # sweeps that are open at the same time
MAX_LOG_INDEXES = 32  # outputs whose line offsets are cached
SUMMARY_TTL_S = 0.4  # how long a summary is valid; time and processes also change it
LOCK_TIMEOUT_S = 0.3  # wait for a process that has locked a store; other clients wait meanwhile

Signature = tuple[int, ...]


class OpenSweep:
    """One open sweep, shared by threads; its store is closed when the last reference is gone.

    Attributes
    ----------
    reader
        The store for single answers, which may take long.
    live_reader
        The same store for polling, which does not wait for such answers.
    """

    def __init__(self, paths: SweepPaths) -> None:
        self.paths = paths
        self._file = _file_signature(paths.store)[:2]
        with ExitStack() as stack:
            self.reader = StoreReader(paths.store, LOCK_TIMEOUT_S)
            stack.callback(self.reader.close)
            self.live_reader = StoreReader(paths.store, LOCK_TIMEOUT_S)
            stack.callback(self.live_reader.close)
            weakref.finalize(self, stack.pop_all().close)
        self._lock = threading.Lock()
        self._summary: tuple[int, float, SweepSummary] | None = None
        self._cache: dict[tuple[str, str], tuple[str, str]] = {}

    def is_open_on(self, signature: Signature) -> bool:
        """Return whether the store is still the file that was opened, and was not replaced."""
        return signature[:2] == self._file

    def summary(self) -> SweepSummary:
        """Return the summary of the sweep; the same object while nothing has changed."""
        with self._lock:
            version, now = self.live_reader.version(), time.monotonic()
            if self._summary is not None:
                cached_version, cached_at, summary = self._summary
                if cached_version == version and now - cached_at < SUMMARY_TTL_S:
                    return summary
            summary = sweep_summary(self.paths, self.live_reader)
            if self._summary is not None and self._summary[2] == summary:
                summary = self._summary[2]
            else:
                to_json(summary)  # raise here, so that an invalid summary does not affect others
            self._summary = (version, now, summary)
            return summary

    def cached(self, key: tuple[str, str], query: str, compute: Callable[[str], str]) -> str:
        """Return the answer to an expensive query, from the cache while the query is the same."""
        entry = self._cache.get(key)
        if entry is None or entry[0] != query:
            entry = self._cache[key] = (query, compute(query))
        return entry[1]


class SweepManager:
    """All sweeps of this user.

    Parameters
    ----------
    root
        The server's root folder; paths of notebooks are relative to it.
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
        """Return the summaries of all sweeps, newest first, and those that cannot be read."""
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
            If there is no such sweep.
        StoreError
            If it cannot be read.
        """
        validate_id(sweep)
        entry = self._refresh().get(sweep) or self._refresh(force=True).get(sweep)
        if entry is None:
            raise SweepNotFoundError(f"there is no sweep {sweep!r}: it was deleted or moved")
        return self._open(entry)

    def get_sweep(self, sweep: str) -> Sweep:
        """Return a sweep's public API object; see `open_sweep`."""
        return Sweep(self.open_sweep(sweep).paths)

    def delete(self, sweep: str) -> None:
        """Delete a sweep; see `Sweep.delete`. One that cannot be read is stopped first."""
        try:
            api_sweep = self.get_sweep(sweep)
        except StoreError:
            delete_unreadable(sweep)
        else:
            api_sweep.delete()
        self._refresh(force=True)

    def open_output(self, sweep: str, run: str) -> BinaryIO:
        """Open the file with a run's output.

        Raises
        ------
        NotFoundError
            If the run has not printed anything yet, or the file was deleted.
        """
        paths = self.open_sweep(sweep).paths
        try:
            return open_inside(paths.folder, paths.run(RunId(run)).output)
        except FileNotFoundError:
            raise NotFoundError(f"run {run} has printed nothing yet") from None

    def log_page(self, sweep: str, run: str, first: int, count: int) -> schemas.LogPage:
        """Return lines of a run's output; see `LogIndex.page`."""
        ended = self._has_ended(sweep, run)
        return self._log_index(sweep, run).page(first, count, ended=ended)

    def log_matches(
        self, sweep: str, run: str, text: str, first: int, limit: int
    ) -> schemas.LogMatches:
        """Search in a run's output; see `LogIndex.matches`."""
        self._has_ended(sweep, run)  # raises if there is no such run
        return self._log_index(sweep, run).matches(text, first, limit)

    def log_state(self, sweep: str, run: str) -> tuple[int, bool]:
        """Return the size of a run's output in bytes, and whether the run has ended."""
        try:
            with self.open_output(sweep, run) as file:
                size = os.fstat(file.fileno()).st_size
        except NotFoundError:
            size = 0
        return size, self._has_ended(sweep, run)

    def _has_ended(self, sweep: str, run: str) -> bool:
        return self.open_sweep(sweep).live_reader.run(RunId(run)).state.has_ended

    def _log_index(self, sweep: str, run: str) -> LogIndex:
        """Return the index of an output, from the cache if possible."""
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
        """Return the list of sweeps, newest first; drop caches of sweeps that are gone."""
        with self._lock:
            if not force and time.monotonic() - self._refreshed < REFRESH_S:
                return self._entries
        reap_children()
        entries: dict[str, registry.SweepLocation] = {
            entry.id: entry for entry in registry.list_sweeps()
        }
        with self._lock:
            self._entries, self._refreshed = entries, time.monotonic()
            for id_, open_sweep in list(self._open_sweeps.items()):
                paths = entries[id_].paths if id_ in entries else None
                if paths != open_sweep.paths or not open_sweep.is_open_on(
                    _file_signature(paths.store)
                ):
                    del self._open_sweeps[id_]
            for gone in self._unreadable.keys() - entries.keys():
                del self._unreadable[gone]
            for gone in self._ended_summaries.keys() - entries.keys():
                del self._ended_summaries[gone]
            return self._entries

    def _summary(self, entry: registry.SweepLocation) -> SweepSummary:
        """Return a sweep's summary; one that has ended is opened only when it has changed."""
        signature = _file_signature(entry.paths.store)
        cached = self._ended_summaries.get(entry.id)
        if cached is not None and cached[0] == signature:
            return cached[1]
        open_sweep = self._open(entry)
        try:
            summary = _check_summary(entry, open_sweep.summary())
        except Exception as error:
            self._mark_unreadable(entry, error)
            raise
        # Whatever resumes a sweep that died writes to its store.
        has_ended = summary["finished"] is not None or summary["state"] == "died"
        if has_ended and open_sweep.is_open_on(signature):
            self._ended_summaries[entry.id] = (signature, summary)
        return summary

    def _open(self, entry: registry.SweepLocation) -> OpenSweep:
        with self._lock:
            open_sweep = self._open_sweeps.pop(entry.id, None)
            if open_sweep is not None:
                self._open_sweeps[entry.id] = open_sweep  # the most recently used one is last
                return open_sweep
            until, reason = self._unreadable.get(entry.id, (0.0, ""))
        if time.monotonic() < until:
            raise StoreError(reason)
        try:
            open_sweep = OpenSweep(entry.paths)
        except Exception as error:
            self._mark_unreadable(entry, error)
            raise StoreError(unreadable_reason(entry, error)) from error
        with self._lock:
            self._unreadable.pop(entry.id, None)
            open_sweep = self._open_sweeps.setdefault(entry.id, open_sweep)
            while len(self._open_sweeps) > MAX_OPEN_SWEEPS:
                del self._open_sweeps[next(iter(self._open_sweeps))]
        return open_sweep

    def _mark_unreadable(self, entry: registry.SweepLocation, error: Exception) -> None:
        """Do not retry a store for a while: trying to read it may take long."""
        with self._lock:
            self._open_sweeps.pop(entry.id, None)
            self._unreadable[entry.id] = (
                time.monotonic() + RETRY_S,
                unreadable_reason(entry, error),
            )


def _check_summary(entry: registry.SweepLocation, summary: SweepSummary) -> SweepSummary:
    """Return a summary if it is the sweep's own; another sweep's store would hide that sweep."""
    if summary["id"] != entry.id:
        raise StoreError(
            f"{entry.paths.store} is the store of another sweep: restore this one's, or delete "
            "the sweep"
        )
    return summary


def _file_signature(store: Path) -> Signature:
    """Return numbers that change when a store does, the file's identity first; () if missing."""
    try:
        file = store.stat()
    except OSError:
        return ()
    try:
        wal_size = Path(f"{store}-wal").stat().st_size
    except OSError:
        wal_size = 0
    return (file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, wal_size)
