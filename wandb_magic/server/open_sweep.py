"""One sweep that a server has open for reading, and what is remembered of it."""

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

SUMMARY_TTL_S = 0.4  # how long a summary is good for; time and processes change it, too
LOCK_TIMEOUT_S = 0.3  # for a process that has locked a store; others wait for the answer meanwhile

Signature = tuple[int, ...]


class OpenSweep:
    """One open sweep; threads may share it. Its store is closed when nobody holds it any more.

    Attributes
    ----------
    reader
        The store for single answers, however long they take.
    live_reader
        The same store for the pages that follow it, which wait for no such answer.
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
        """Tell whether a store is the file that was opened; another one may be in its place."""
        return signature[:2] == self._file

    def summary(self) -> SweepSummary:
        """Return how the sweep stands; the same object while nothing has changed."""
        with self._lock:
            version, now = self.live_reader.version(), time.monotonic()
            if self._summary is not None:
                cached_version, cached_at, answer = self._summary
                if cached_version == version and now - cached_at < SUMMARY_TTL_S:
                    return answer
            answer = sweep_summary(self.paths, self.live_reader)
            if self._summary is not None and self._summary[2] == answer:
                answer = self._summary[2]
            else:
                to_json(answer)  # what cannot be sent must not hold up what stands beside it
            self._summary = (version, now, answer)
            return answer

    def cached(self, key: tuple[str, str], question: str, compute: Callable[[str], str]) -> str:
        """Return the answer to a costly question; asked again only when the question differs."""
        entry = self._cache.get(key)
        if entry is None or entry[0] != question:
            entry = self._cache[key] = (question, compute(question))
        return entry[1]


def file_signature(store: Path) -> Signature:
    """Return numbers that change when a store does, first those of the file; empty without one."""
    try:
        file = store.stat()
    except OSError:
        return ()
    try:
        waiting = Path(f"{store}-wal").stat().st_size
    except OSError:
        waiting = 0
    return (file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, waiting)
