"""Whether a supervisor still has a folder and a store to write into.

SQLite goes on writing into a file that was deleted, and a damaged one stays so: a supervisor that
only tried again would never end, and nobody could find it. A disk that is full or away for a
moment is another matter, so what is wrong must stay so for a while.
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
    """Looks after the store's file, and says when it is lost.

    Parameters
    ----------
    paths
        The sweep's paths; its store is open for writing.
    grace
        Seconds that a run has to end.
    """

    def __init__(self, paths: SweepPaths, grace: float) -> None:
        self._paths = paths
        self._grace = grace
        self._store = paths.store
        self._file = _identity(self._store)
        self._checked_at = self._lost_since = float("-inf")
        self._reason = ""

    def exit_if_lost(self, error: Exception | None = None) -> None:
        """End this process and all runs if there is nothing to write into, and say why."""
        if reason := self.lost_reason(error):
            exit_supervisor(self._paths.folder, reason, self._grace)

    def lost_reason(self, error: Exception | None = None) -> str:
        """Return why nothing can be written any more, "" as long as there is hope.

        Parameters
        ----------
        error
            What the last write has raised.
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
            what = "was replaced" if self._store.exists() else "is gone"
            return f"The store {self._store} {what}: the sweep cannot go on."
        return ""


def exit_supervisor(folder: Path, reason: str, grace: float = GRACE_S) -> NoReturn:
    """End this process and the runs of the sweep, which nobody could find or steer any more."""
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
