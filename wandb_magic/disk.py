"""What keeps a disk from being written, who waits until it can be, and how others learn of it.

A disk that is full, read-only or away only holds a sweep up. While it is, nothing new can be
written to tell why: the supervisor's `DiskWaitNote` overwrites in place what it wrote at first,
and where not even that can be done, `shortage` says how the disk stands.
"""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

RETRY_S = 1.0
_NOTE_BYTES = 1024  # octets of the note

# What wandb needs to begin a run's log, which it loses where it cannot; and our own few files.
MIN_FREE_BYTES = 1 << 20
MIN_FREE_INODES = 32
LOG_FREE_BYTES = 1 << 16  # so much may be logged between two looks

# Each may pass: somebody makes room, raises the quota, or mounts the disk again.
_TRANSIENT = {
    errno.ENOSPC: "waiting for space on {folder}",
    errno.EDQUOT: "waiting for space on {folder}: the disk quota is used up",
    errno.EROFS: "waiting for {folder}: it is mounted read-only",
    errno.EIO: "waiting for {folder}: the disk reports an error",
    errno.ESTALE: "waiting for {folder}: the file server does not know it any more",
}

Written = TypeVar("Written")


def is_transient(error: BaseException | None) -> bool:
    """Tell whether a write failed because of a disk that may be written again later."""
    return isinstance(error, OSError) and error.errno in _TRANSIENT


def wait_for_disk(
    write: Callable[[], Written], on_wait: Callable[[OSError], object] = lambda _: None
) -> Written:
    """Write something; while the disk is full or away, wait and try again.

    Parameters
    ----------
    write
        What to do.
    on_wait
        Hears of each failure.
    """
    while True:
        try:
            return write()
        except OSError as error:
            if not is_transient(error):
                raise
            on_wait(error)
        time.sleep(RETRY_S)


def check_free_space(folder: Path) -> None:
    """See to it that a run may begin in a folder.

    Raises
    ------
    OSError
        If there is less room than wandb needs to begin a log.
    """
    disk = os.statvfs(folder)
    room, inodes = _free_space(disk)
    if room >= MIN_FREE_BYTES and (inodes >= MIN_FREE_INODES or not disk.f_files):
        return
    # Not every file system tells the truth about itself.
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".room-") as place:
            for number in range(MIN_FREE_INODES):
                Path(place, str(number)).write_bytes(b"\1" * (MIN_FREE_BYTES // MIN_FREE_INODES))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error


def check_log_space(folder: Path) -> None:
    """See to it that what is logged can be written to a folder's disk.

    Raises
    ------
    OSError
        If there is hardly room for it.
    """
    if _free_space(os.statvfs(folder))[0] < LOG_FREE_BYTES:
        with tempfile.TemporaryFile(dir=folder) as file:  # as above
            file.write(b"\1" * LOG_FREE_BYTES)


def shortage(*folders: Path) -> str:
    """Return what keeps the first of these folders that cannot be written from it, else ""."""
    for folder in folders:
        try:
            disk = os.statvfs(folder)
        except OSError as error:
            if is_transient(error):
                return wait_reason(error, folder)
            continue
        room, inodes = _free_space(disk)
        if disk.f_flag & os.ST_RDONLY:
            return _TRANSIENT[errno.EROFS].format(folder=folder)
        # Some file systems count neither.
        if (room < 1 <= disk.f_blocks) or (inodes < 1 <= disk.f_files):
            return _TRANSIENT[errno.ENOSPC].format(folder=folder) + _describe_free(disk)
    return ""


def _free_space(disk: os.statvfs_result) -> tuple[int, int]:
    """Return how many octets and how many inodes this user may still take."""
    if os.geteuid() == 0:
        return disk.f_bfree * disk.f_frsize, disk.f_ffree
    return disk.f_bavail * disk.f_frsize, disk.f_favail


def _describe_free(disk: os.statvfs_result) -> str:
    """Say what is left of a disk on which there was no room."""
    room, inodes = _free_space(disk)
    if inodes < MIN_FREE_INODES and room >= MIN_FREE_BYTES and disk.f_files:
        return f": {inodes} inodes free"
    return f": {room} B free"


def wait_reason(error: BaseException, folder: Path) -> str:
    """Say what a write to `folder` waits for, as the disk says or as `error` does."""
    known = shortage(folder)
    if known or not isinstance(error, OSError):
        return known or f"waiting to write {folder}: {error}"
    if error.errno == errno.ENOSPC:  # a little is left, and it was not enough
        return _TRANSIENT[errno.ENOSPC].format(folder=folder) + _describe_free(os.statvfs(folder))
    if error.errno in _TRANSIENT:
        return _TRANSIENT[error.errno].format(folder=folder)
    return f"waiting to write {folder}: {error.strerror or error}"


class DiskWaitNote:
    """What a process waits for, in a file that takes no more room for it than it has.

    Parameters
    ----------
    descriptor
        The open file, to be written by this process alone.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._reasons: dict[object, str] = {}
        self._written: str | None = None
        self._write()

    def set(self, key: object, reason: str) -> bool:
        """Note what `key` waits for; tell whether that is news."""
        news = self._reasons.get(key) != reason
        self._reasons[key] = reason
        self._write()
        return news

    def clear(self, key: object) -> None:
        """Note that `key` waits no more."""
        if self._reasons.pop(key, None) is not None or self._written is None:
            self._write()

    def _write(self) -> None:
        text = next(iter(self._reasons.values()), "")
        if text == self._written:
            return
        raw = text.encode(errors="replace")[: _NOTE_BYTES - 1].ljust(_NOTE_BYTES - 1) + b"\n"
        try:
            os.pwrite(self._descriptor, raw, 0)
        except OSError:
            self._written = None  # to be tried again
        else:
            self._written = text


def read_note(path: Path) -> str:
    """Return what the process that holds `path` waits for, "" for nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, _NOTE_BYTES).decode(errors="replace").replace("\0", "").strip()
    except OSError:
        return ""
    finally:
        os.close(descriptor)
