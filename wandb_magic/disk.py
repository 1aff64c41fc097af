"""What keeps a disk from being written, who waits until it can be, and how others learn of it.

A disk that is full, read-only or away only holds a sweep up. While it is, nothing new can be
written to tell why: the supervisor's `DiskNote` overwrites in place what it wrote when it began,
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
_NOTE = 1024  # octets of the note

# What wandb needs to begin a run's log, which it loses where it cannot; and our own few files.
LEAST_OCTETS = 1 << 20
LEAST_INODES = 32
LOG_OCTETS = 1 << 16  # so much may be logged between two looks

# Each may pass: somebody makes room, raises the quota, or mounts the disk again.
_PASSING = {
    errno.ENOSPC: "waiting for space on {folder}",
    errno.EDQUOT: "waiting for space on {folder}: the disk quota is used up",
    errno.EROFS: "waiting for {folder}: it is mounted read-only",
    errno.EIO: "waiting for {folder}: the disk reports an error",
    errno.ESTALE: "waiting for {folder}: the file server does not know it any more",
}

Written = TypeVar("Written")


def is_passing(error: BaseException | None) -> bool:
    """Tell whether a write failed because of a disk that may be written again later."""
    return isinstance(error, OSError) and error.errno in _PASSING


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
            if not is_passing(error):
                raise
            on_wait(error)
        time.sleep(RETRY_S)


def check_room(folder: Path) -> None:
    """See to it that a run may begin in a folder.

    Raises
    ------
    OSError
        If there is less room than wandb needs to begin a log.
    """
    disk = os.statvfs(folder)
    room, inodes = _free(disk)
    if room >= LEAST_OCTETS and (inodes >= LEAST_INODES or not disk.f_files):
        return
    # Not every file system tells the truth about itself.
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".room-") as place:
            for number in range(LEAST_INODES):
                Path(place, str(number)).write_bytes(b"\1" * (LEAST_OCTETS // LEAST_INODES))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error


def check_octets(folder: Path) -> None:
    """See to it that what is logged can be written to a folder's disk.

    Raises
    ------
    OSError
        If there is hardly room for it.
    """
    if _free(os.statvfs(folder))[0] < LOG_OCTETS:
        with tempfile.TemporaryFile(dir=folder) as file:  # as above
            file.write(b"\1" * LOG_OCTETS)


def shortage(*folders: Path) -> str:
    """Return what keeps the first of these folders that cannot be written from it, else ""."""
    for folder in folders:
        try:
            disk = os.statvfs(folder)
        except OSError as error:
            if is_passing(error):
                return reason_of(error, folder)
            continue
        room, inodes = _free(disk)
        if disk.f_flag & os.ST_RDONLY:
            return _PASSING[errno.EROFS].format(folder=folder)
        # Some file systems count neither.
        if (room < 1 <= disk.f_blocks) or (inodes < 1 <= disk.f_files):
            return _PASSING[errno.ENOSPC].format(folder=folder) + _left(disk)
    return ""


def _free(disk: os.statvfs_result) -> tuple[int, int]:
    """Return how many octets and how many inodes this user may still take."""
    if os.geteuid() == 0:
        return disk.f_bfree * disk.f_frsize, disk.f_ffree
    return disk.f_bavail * disk.f_frsize, disk.f_favail


def _left(disk: os.statvfs_result) -> str:
    """Say what is left of a disk on which there was no room."""
    room, inodes = _free(disk)
    if inodes < LEAST_INODES and room >= LEAST_OCTETS and disk.f_files:
        return f": {inodes} inodes free"
    return f": {room} B free"


def reason_of(error: BaseException, folder: Path) -> str:
    """Say what a write to `folder` waits for, as the disk says or as `error` does."""
    known = shortage(folder)
    if known or not isinstance(error, OSError):
        return known or f"waiting to write {folder}: {error}"
    if error.errno == errno.ENOSPC:  # a little is left, and it was not enough
        return _PASSING[errno.ENOSPC].format(folder=folder) + _left(os.statvfs(folder))
    if error.errno in _PASSING:
        return _PASSING[error.errno].format(folder=folder)
    return f"waiting to write {folder}: {error.strerror or error}"


class DiskNote:
    """What a process waits for, in a file that takes no more room for it than it has.

    Parameters
    ----------
    descriptor
        The open file, to be written by this process alone.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._reasons: dict[object, str] = {}
        self._noted: str | None = None
        self._write()

    def put(self, key: object, reason: str) -> bool:
        """Note what `key` waits for; tell whether that is news."""
        news = self._reasons.get(key) != reason
        self._reasons[key] = reason
        self._write()
        return news

    def drop(self, key: object) -> None:
        """Note that `key` waits no more."""
        if self._reasons.pop(key, None) is not None or self._noted is None:
            self._write()

    def _write(self) -> None:
        text = next(iter(self._reasons.values()), "")
        if text == self._noted:
            return
        raw = text.encode(errors="replace")[: _NOTE - 1].ljust(_NOTE - 1) + b"\n"
        try:
            os.pwrite(self._descriptor, raw, 0)
        except OSError:
            self._noted = None  # to be tried again
        else:
            self._noted = text


def read_note(path: Path) -> str:
    """Return what the process that holds `path` waits for, "" for nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, _NOTE).decode(errors="replace").replace("\0", "").strip()
    except OSError:
        return ""
    finally:
        os.close(descriptor)
