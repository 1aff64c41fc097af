"""Waits for a disk that cannot be written, and shows others what a process waits for.

A disk that is full, read-only or unavailable only delays a sweep. Meanwhile nothing new can be
written to report why: the supervisor's `WaitNote` overwrites space that it reserved at its
start, and if not even that is possible, `shortage` returns the state of the disk.
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
_NOTE_BYTES = 1024

# What wandb needs to create a run's log (else its data is lost), plus our own few files.
MIN_FREE_BYTES = 1 << 20
MIN_FREE_INODES = 32
LOG_FREE_BYTES = 1 << 16  # at most logged between two checks

# Each may be resolved: someone frees space, raises the quota, or mounts the disk again.
_TRANSIENT = {
    errno.ENOSPC: "waiting for space on {folder}",
    errno.EDQUOT: "waiting for space on {folder}: the disk quota is used up",
    errno.EROFS: "waiting for {folder}: it is mounted read-only",
    errno.EIO: "waiting for {folder}: the disk reports an error",
    errno.ESTALE: "waiting for {folder}: the file server no longer has it",
}

Written = TypeVar("Written")


def is_transient(error: BaseException | None) -> bool:
    """Return whether a write failed because of a disk that may be writable again later."""
    return isinstance(error, OSError) and error.errno in _TRANSIENT


def wait_for_disk(
    write: Callable[[], Written], on_wait: Callable[[OSError], object] = lambda _: None
) -> Written:
    """Write something; while the disk is full or unavailable, wait and try again.

    Parameters
    ----------
    write
        Writes, and may be called several times.
    on_wait
        Called with the error of each failed attempt.
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
    """Check that a folder has space for a run to start.

    Raises
    ------
    OSError
        If there is less space than wandb needs to create a log.
    """
    disk = os.statvfs(folder)
    space, inodes = _free_space(disk)
    if space >= MIN_FREE_BYTES and (inodes >= MIN_FREE_INODES or not disk.f_files):
        return
    # Not every file system reports its free space correctly.
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".room-") as place:
            for number in range(MIN_FREE_INODES):
                Path(place, str(number)).write_bytes(b"\1" * (MIN_FREE_BYTES // MIN_FREE_INODES))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error


def check_log_space(folder: Path) -> None:
    """Check that a folder's disk has space for what is logged.

    Raises
    ------
    OSError
        If there is too little space.
    """
    if _free_space(os.statvfs(folder))[0] < LOG_FREE_BYTES:
        with tempfile.TemporaryFile(dir=folder) as file:  # as above
            file.write(b"\1" * LOG_FREE_BYTES)


def shortage(*folders: Path) -> str:
    """Return why the first unwritable one of these folders cannot be written, or ""."""
    for folder in folders:
        try:
            disk = os.statvfs(folder)
        except OSError as error:
            if is_transient(error):
                return wait_reason(error, folder)
            continue
        space, inodes = _free_space(disk)
        if disk.f_flag & os.ST_RDONLY:
            return _TRANSIENT[errno.EROFS].format(folder=folder)
        # Some file systems report neither.
        if (space < 1 <= disk.f_blocks) or (inodes < 1 <= disk.f_files):
            return _TRANSIENT[errno.ENOSPC].format(folder=folder) + _describe_free(disk)
    return ""


def _free_space(disk: os.statvfs_result) -> tuple[int, int]:
    """Return how many bytes and how many inodes this user may still use."""
    if os.geteuid() == 0:
        return disk.f_bfree * disk.f_frsize, disk.f_ffree
    return disk.f_bavail * disk.f_frsize, disk.f_favail


def _describe_free(disk: os.statvfs_result) -> str:
    """Return a description of what is left on a disk without space."""
    space, inodes = _free_space(disk)
    if inodes < MIN_FREE_INODES and space >= MIN_FREE_BYTES and disk.f_files:
        return f": {inodes} inodes free"
    return f": {space} B free"


def wait_reason(error: BaseException, folder: Path) -> str:
    """Return what a write to `folder` waits for, according to the disk or to `error`."""
    reason = shortage(folder)
    if reason or not isinstance(error, OSError):
        return reason or f"waiting to write {folder}: {error}"
    if error.errno == errno.ENOSPC:  # the remaining space was not enough
        return _TRANSIENT[errno.ENOSPC].format(folder=folder) + _describe_free(os.statvfs(folder))
    if error.errno in _TRANSIENT:
        return _TRANSIENT[error.errno].format(folder=folder)
    return f"waiting to write {folder}: {error.strerror or error}"


class WaitNote:
    """A note of what a process waits for, in a file whose size never changes.

    Parameters
    ----------
    descriptor
        The open file, which only this process writes.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._reasons: dict[object, str] = {}
        self._written: str | None = None
        self._write()

    def set(self, key: object, reason: str) -> bool:
        """Set what `key` waits for; return whether that has changed."""
        has_changed = self._reasons.get(key) != reason
        self._reasons[key] = reason
        self._write()
        return has_changed

    def clear(self, key: object) -> None:
        """Note that `key` no longer waits."""
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
            self._written = None  # try again
        else:
            self._written = text


def read_note(path: Path) -> str:
    """Return what the process that holds `path` waits for, or ""."""
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
