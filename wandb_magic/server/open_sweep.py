"""One sweep that the server has open for reading, and its caches."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from wandb_magic.paths import SweepPaths
from wandb_magic.server.encoding import to_json
from wandb_magic.server.schemas import SweepSummary
from wandb_magic.server.serializers import sweep_summary
from wandb_magic.store import StoreReader

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
        self._file = file_signature(paths.store)[:2]
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


def file_signature(store: Path) -> Signature:
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
