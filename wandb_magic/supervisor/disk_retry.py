"""Retries the supervisor's writes that fail on a full disk, until there is space.

Everything else waits meanwhile, and the sweep's status shows why.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from wandb_magic.disk import RETRY_S, WaitNote, is_transient, wait_reason
from wandb_magic.errors import StoreError
from wandb_magic.paths import SweepPaths

log = logging.getLogger(__name__)

Written = TypeVar("Written")


def is_disk_error(error: Exception) -> bool:
    """Return whether a write failed because of the disk, for example a full one."""
    return error.disk if isinstance(error, StoreError) else is_transient(error)


class DiskRetry:
    """Waits for the disk of one sweep.

    Parameters
    ----------
    paths
        The sweep's paths.
    note
        Shows others what the supervisor waits for.
    """

    def __init__(self, paths: SweepPaths, note: WaitNote) -> None:
        self._paths = paths
        self._note = note

    async def retry(
        self,
        write: Callable[[], Written],
        is_transient: Callable[[Exception], bool] = is_disk_error,
    ) -> Written:
        """Write something, retrying until the disk can be written again.

        Parameters
        ----------
        write
            Writes, and may be called several times.
        is_transient
            Returns whether to try again after an error.
        """

        async def action() -> Written:
            return write()

        return await self.retry_async(action, is_transient)

    async def retry_async(
        self,
        action: Callable[[], Awaitable[Written]],
        is_transient: Callable[[Exception], bool] = is_disk_error,
    ) -> Written:
        """Await an action, retrying as `retry` does."""
        key = object()
        try:
            while True:
                try:
                    return await action()
                except (StoreError, OSError) as error:
                    if not is_transient(error):
                        raise
                    if self._note.set(key, self._reason(error)):
                        log.error("%s", error)  # noqa: TRY400 - the message is complete
                await asyncio.sleep(RETRY_S)
        finally:
            self._note.clear(key)

    def _reason(self, error: StoreError | OSError) -> str:
        if isinstance(error, StoreError):
            cause: BaseException = error
            if "full" in str(error.__cause__):
                cause = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return wait_reason(cause, self._paths.store.parent)
        return wait_reason(error, self._failed_folder(error))

    def _failed_folder(self, error: OSError) -> Path:
        """Return the folder that could not be written, by default the sweep's."""
        folder = self._paths.folder
        if isinstance(error.filename, str):
            parent = Path(error.filename).parent
            if parent.is_dir() and not parent.is_relative_to(folder.parent):
                return parent
        return folder
