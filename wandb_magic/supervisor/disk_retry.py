"""The supervisor's writes: one that a full disk refuses is tried until there is room.

Everything else waits meanwhile, and the sweep says for what.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from wandb_magic.disk import RETRY_S, DiskWaitNote, is_transient, wait_reason
from wandb_magic.errors import StoreError
from wandb_magic.paths import SweepPaths

log = logging.getLogger(__name__)

Written = TypeVar("Written")


def is_disk_error(error: Exception) -> bool:
    """Tell whether something could not be written because of a full disk, say."""
    return error.disk if isinstance(error, StoreError) else is_transient(error)


class DiskRetry:
    """Waits for the disk of one sweep.

    Parameters
    ----------
    paths
        The sweep's paths.
    note
        Where others see what is waited for.
    """

    def __init__(self, paths: SweepPaths, note: DiskWaitNote) -> None:
        self._paths = paths
        self._note = note

    async def retry(
        self,
        write: Callable[[], Written],
        is_transient: Callable[[Exception], bool] = is_disk_error,
    ) -> Written:
        """Write something, if need be once the disk can be written again.

        Parameters
        ----------
        write
            What to do.
        is_transient
            Tells whether to try again after an error.
        """

        async def action() -> Written:
            return write()

        return await self.retry_async(action, is_transient)

    async def retry_async(
        self,
        action: Callable[[], Awaitable[Written]],
        is_transient: Callable[[Exception], bool] = is_disk_error,
    ) -> Written:
        """Do something that takes its time, as `patiently` writes."""
        key = object()
        try:
            while True:
                try:
                    return await action()
                except (StoreError, OSError) as error:
                    if not is_transient(error):
                        raise
                    if self._note.set(key, self._reason(error)):
                        log.error("%s", error)  # noqa: TRY400 - the sentence says it all
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
        """Return the folder that could not be written: the sweep's, unless it is another one."""
        folder = self._paths.folder
        if isinstance(error.filename, str):
            place = Path(error.filename).parent
            if place.is_dir() and not place.is_relative_to(folder.parent):
                return place
        return folder
