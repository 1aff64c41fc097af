"""One sweep that a server has open for reading, and what is remembered of it."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from wandb_magic.paths import SweepPaths
from wandb_magic.server.answers import summary
from wandb_magic.server.encoding import encoded
from wandb_magic.server.wire import SweepSummary
from wandb_magic.store import StoreReader

FRESH_S = 0.4  # how long a summary is good for; time and processes change it, too
WAIT_S = 0.3  # for a process that has locked a store; others wait for the answer meanwhile

Signature = tuple[int, ...]


class Book:
    """One open sweep; threads may share it. Its store is closed when nobody holds it any more.

    Attributes
    ----------
    reader
        The store for single answers, however long they take.
    live
        The same store for the pages that follow it, which wait for no such answer.
    """

    def __init__(self, paths: SweepPaths) -> None:
        self.paths = paths
        self._opened = signature(paths.store)[:2]
        with ExitStack() as stack:
            self.reader = StoreReader(paths.store, WAIT_S)
            stack.callback(self.reader.close)
            self.live = StoreReader(paths.store, WAIT_S)
            stack.callback(self.live.close)
            weakref.finalize(self, stack.pop_all().close)
        self._lock = threading.Lock()
        self._summary: tuple[int, float, SweepSummary] | None = None
        self._answers: dict[tuple[str, str], tuple[str, str]] = {}

    def reads(self, store: Signature) -> bool:
        """Tell whether a store is the file that was opened; another one may be in its place."""
        return store[:2] == self._opened

    def summary(self) -> SweepSummary:
        """Return how the sweep stands; the same object while nothing has changed."""
        with self._lock:
            version, now = self.live.version(), time.monotonic()
            if self._summary is not None:
                known, told, answer = self._summary
                if known == version and now - told < FRESH_S:
                    return answer
            answer = summary(self.paths, self.live)
            if self._summary is not None and self._summary[2] == answer:
                answer = self._summary[2]
            else:
                encoded(answer)  # what cannot be sent must not hold up what stands beside it
            self._summary = (version, now, answer)
            return answer

    def remembered(self, name: tuple[str, str], question: str, ask: Callable[[str], str]) -> str:
        """Return the answer to a costly question; asked again only when the question differs."""
        known = self._answers.get(name)
        if known is None or known[0] != question:
            known = self._answers[name] = (question, ask(question))
        return known[1]


def signature(store: Path) -> Signature:
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
