"""Detects that the supervisor's folder or store is lost, and ends the sweep.

SQLite continues to write into a deleted file, and a damaged file stays damaged: a supervisor that
only retried would never end, and could not be found. A disk that is full or briefly unavailable is
different, so a problem must persist for a while.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import NoReturn

from wandb_magic.errors import StoreError
from wandb_magic.paths import SweepPaths
from wandb_magic.runner.process_cleanup import GRACE_S, terminate_sweep

TIMEOUT_S = 5.0
CHECK_INTERVAL_S = 0.5

log = logging.getLogger(__name__)

_FileId = tuple[int, int]


class StorageWatchdog:
    """Watches the store's file, and reports when it is lost.

    Parameters
    ----------
    paths
        The sweep's paths; its store is open for writing.
    grace
        Seconds that a run is given to end.
    """

    def __init__(self, paths: SweepPaths, grace: float) -> None:
        self._paths = paths
        self._grace = grace
        self._store = paths.store
        self._file = _identity(self._store)
        self._checked_at = self._lost_since = float("-inf")
        self._reason = ""

    def exit_if_lost(self, error: Exception | None = None) -> None:
        """End this process and all runs if the store is lost, and log why."""
        if reason := self.lost_reason(error):
            exit_supervisor(self._paths.folder, reason, self._grace)

    def lost_reason(self, error: Exception | None = None) -> str:
        """Return why the store is lost, or "" if it may still be written.

        Parameters
        ----------
        error
            What the last write raised.
        """
        now = time.monotonic()
        if error is None and now - self._checked_at < CHECK_INTERVAL_S:
            return ""
        self._checked_at = now
        reason = self._find_problem(error)
        if not reason:
            self._reason = ""
        elif not self._reason:
            self._reason, self._lost_since = reason, now
        return self._reason if self._reason and now - self._lost_since >= TIMEOUT_S else ""

    def _find_problem(self, error: Exception | None) -> str:
        if isinstance(error, StoreError) and error.lasting:
            return str(error)
        if _identity(self._store) != self._file:
            problem = "was replaced" if self._store.exists() else "was deleted"
            return f"The store {self._store} {problem}: the sweep cannot continue."
        return ""


def exit_supervisor(folder: Path, reason: str, grace: float = GRACE_S) -> NoReturn:
    """End this process and the runs of the sweep, which could no longer be found or controlled."""
    log.critical("%s Its runs are ended.", reason)
    terminate_sweep(folder, grace)
    logging.shutdown()
    os._exit(os.EX_IOERR)


def _identity(path: Path) -> _FileId | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
