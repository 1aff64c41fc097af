"""Follows the transaction log of one run while it grows.

It only reads, never waits, and keeps nothing that it has returned. One descriptor is open from the
first `LogFollower.poll` that finds the log to `LogFollower.close`.
"""

from __future__ import annotations

import os
from pathlib import Path

from wandb_magic.log_records import LogRecord
from wandb_magic.wandb_log import convert
from wandb_magic.wandb_log.record_reader import BLOCK, RecordReader

READ_LIMIT = 2000
"""Approximate maximum of entries that one poll returns: some 50 ms of work."""


class LogFollower:
    """Follows ``run-<id>.wandb`` in a W&B run folder.

    Parameters
    ----------
    directory
        W&B's run folder (``wandb/offline-run-<time>-<id>``); it and the log need not exist yet.
    position
        Where to start, in bytes: 0, or the `position` that an earlier follower of the same log had
        when everything that it had returned was stored.
    """

    def __init__(self, directory: Path, position: int = 0) -> None:
        self._directory = directory
        self._begin = position
        self._undecodable = 0
        self._reader: RecordReader | None = None
        self._descriptor = -1

    @property
    def position(self) -> int:
        """The offset in bytes after the last record that was returned."""
        return self._reader.position if self._reader else self._begin

    @staticmethod
    def rewind_position(position: int) -> int:
        """Return where to start in order to reread the last records before `position`."""
        return max(0, (position - 1) // BLOCK * BLOCK)

    @property
    def skipped(self) -> int:
        """How many damaged parts of the log were skipped."""
        return self._undecodable + (self._reader.skipped if self._reader else 0)

    def poll(self, limit: int = READ_LIMIT) -> list[LogRecord]:
        """Return the entries completed since the last call, in order.

        Parameters
        ----------
        limit
            Stop after about this many.

        Returns
        -------
        list of LogRecord
            Empty only if there is nothing new, or no log yet.

        Raises
        ------
        UnsupportedError
            If the file is not a transaction log of W&B.
        OSError
            If the log exists and cannot be read.
        """
        entries: list[LogRecord] = []
        if self._reader is None:
            self._reader = self._open()
        if self._reader is None:
            return entries
        for record in self._reader.read():
            try:
                entries += convert.convert_record(record)
            except Exception:  # noqa: BLE001 - a bad record does not affect the next one
                self._undecodable += 1
            if len(entries) >= limit:
                break
        return entries

    def close(self) -> None:
        """Close the log; `position` and `skipped` remain."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> RecordReader | None:
        log = next(self._directory.glob("run-*.wandb"), None)
        if log is None:
            return None
        self._descriptor = os.open(log, os.O_RDONLY | os.O_CLOEXEC)
        return RecordReader(self._descriptor, self._begin)
