"""Opens files that somebody else may control: links, pipes, and files that change meanwhile.

What was checked is what is read: a name is opened once, and everything after that uses the open
file.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

LOOSE = stat.S_IWGRP | stat.S_IWOTH
"""The permissions that let others write."""

CHUNK = 1 << 26
"""Bytes per chunk; one thread hashes one chunk at a time."""


def open_regular(path: Path) -> BinaryIO:
    """Open a file that is neither a link nor a pipe or device, on which a reader would hang."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    file = os.fdopen(descriptor, "rb", buffering=0)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "no regular file", str(path))
    return file


def open_private_copy(path: Path) -> BinaryIO:
    """Open a file that cannot change while it is read: a copy, if others could write to it."""
    file = open_regular(path)
    status = os.fstat(file.fileno())
    if not status.st_mode & LOOSE and status.st_uid in (os.geteuid(), 0):
        return file
    copy = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - the caller closes it
    with file:
        shutil.copyfileobj(file, copy)
    return copy


def fingerprint(file: BinaryIO) -> list[int]:
    """Return what changes with a file's content unless tampered with: device to times."""
    status = os.fstat(file.fileno())
    return [
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    ]


def digest(file: BinaryIO) -> str:
    """Return a digest of a file: that of its chunks' digests, computed in parallel threads."""
    descriptor = file.fileno()
    starts = range(0, max(1, os.fstat(descriptor).st_size), CHUNK)

    def of_chunk(start: int) -> bytes:
        chunk_hash = hashlib.sha256()
        position, end = start, start + CHUNK
        while position < end and (
            read := os.pread(descriptor, min(1 << 20, end - position), position)
        ):
            chunk_hash.update(read)
            position += len(read)
        return chunk_hash.digest()

    if len(starts) == 1:  # no threads: the process may be one that forks
        digests = [of_chunk(0)]
    else:
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            digests = list(pool.map(of_chunk, starts))
    return hashlib.sha256(b"".join(digests)).hexdigest()
