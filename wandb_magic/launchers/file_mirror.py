"""Writes files that arrive in pieces: those of runs here, and those of a sweep on a worker.

Names come from other machines. Each folder is opened relative to the one before it, and no link is
followed, so nothing is written outside W&B's folder.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from wandb_magic.launchers.file_stream import FileChunk
from wandb_magic.launchers.relocation import resolve
from wandb_magic.paths import FOLDER_MODE, SweepPaths
from wandb_magic.records import RunId

_PARTIAL = ".wandb-magic-partial."
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def write_chunk(paths: SweepPaths, chunk: FileChunk, run: RunId | None = None) -> Path:
    """Write a part of a file to its place below W&B's folder; return its path.

    Parts arrive in order. A file that replaces an earlier one appears once it is complete.

    Parameters
    ----------
    paths
        The sweep's paths here.
    chunk
        The part.
    run
        The run whose file it must be; None for any file of the sweep.

    Raises
    ------
    ValueError
        If the file would lie outside the sweep's and the run's folders.
    OSError
        If it cannot be written, or a part of its path is a link.
    """
    path = resolve(paths, chunk.name, run)
    with _open_folder(paths.folder.parent, path.parent) as folder:
        _write(folder, path.name, chunk)
    return path


def _write(folder: int, name: str, chunk: FileChunk) -> None:
    target = name if chunk.size is None else _PARTIAL + name
    if chunk.size is not None and chunk.offset == 0:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(target, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(target, flags, 0o600, dir_fd=folder)
    try:
        view, offset = memoryview(chunk.data), chunk.offset
        while view:
            written = os.pwrite(descriptor, view, offset)
            view, offset = view[written:], offset + written
        is_complete = chunk.size is not None and offset >= chunk.size
        if is_complete and chunk.modified:
            os.utime(descriptor, ns=(chunk.modified, chunk.modified))
    finally:
        os.close(descriptor)
    if is_complete:
        os.replace(target, name, src_dir_fd=folder, dst_dir_fd=folder)


@contextlib.contextmanager
def _open_folder(base: Path, folder: Path) -> Iterator[int]:
    """Open a folder below `base`, which may itself be a link; create what is missing."""
    descriptor = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in folder.relative_to(base).parts:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, FOLDER_MODE, dir_fd=descriptor)
            try:
                inner = os.open(part, _FOLDER, dir_fd=descriptor)
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENOTDIR):
                    message = "it is a link or a file, and no folder"
                    raise OSError(error.errno, message, str(folder)) from None
                raise
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)
