"""Locks on files: one process at a time holds one, and loses it when it ends, however it ends.

A lock belongs to an open file (``flock``). Always a file is locked and never a folder, because
network file systems lock only what is open for writing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

PROBE_TIMEOUT_S = 5.0
"""Seconds for which others may look whether a file is locked; it takes them microseconds."""
_RETRY_S = 0.001


class FileLock:
    """The lock of a file, which is created if it is missing and keeps what it contains.

    It is released at the end of a ``with`` statement, even if a fork of this process, which has
    the same open file, is still running.

    Parameters
    ----------
    path
        The file; a link in its place is not followed.

    Attributes
    ----------
    descriptor
        The open file.

    Raises
    ------
    OSError
        If the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        # Without O_NONBLOCK, a pipe in its place would wait for a reader.
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        self.descriptor = os.open(path, flags, 0o600)

    def __enter__(self) -> FileLock:  # noqa: PYI034 - `Self` came with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        import fcntl  # noqa: PLC0415 - missing on systems without detached sweeps

        with contextlib.suppress(OSError):
            # Closing the file would not be enough: a fork may have it open, too.
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)
        os.close(self.descriptor)

    def acquire(self) -> bool:
        """Take the lock; return whether no other process holds it.

        Raises
        ------
        OSError
            If the file system has no locks.
        """
        import fcntl  # noqa: PLC0415 - as above

        deadline = time.monotonic() + PROBE_TIMEOUT_S
        while not self._try(fcntl.LOCK_EX):
            # `is_locked` shares the lock for a moment; only a process that holds it excludes us.
            if not self._try(fcntl.LOCK_SH) or time.monotonic() > deadline:
                return False
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)
            time.sleep(_RETRY_S)
        return True

    def wait(self) -> None:
        """Take the lock, after other processes release it.

        Raises
        ------
        OSError
            If the file system has no locks.
        """
        import fcntl  # noqa: PLC0415 - as above

        fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    def _try(self, operation: int) -> bool:
        import fcntl  # noqa: PLC0415 - as above

        try:
            fcntl.flock(self.descriptor, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextlib.contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold the lock of a file, after other processes release it.

    Where the file cannot be created, or the file system has no locks, nothing is locked.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            stack.enter_context(FileLock(path)).wait()
        yield


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock of a file; without the file, none does.

    Raises
    ------
    OSError
        If the file cannot be read, or the file system has no locks.
    """
    import fcntl  # noqa: PLC0415 - as above

    try:
        # Without O_NONBLOCK, a pipe in its place would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO):
            return False
        raise
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
