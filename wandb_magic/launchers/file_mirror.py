"""Writes files that arrive in pieces: those of runs here, and those of a sweep on a worker."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from wandb_magic.launchers.file_stream import FileChunk
from wandb_magic.launchers.relocation import resolve
from wandb_magic.paths import FOLDER_MODE, SweepPaths

_PARTIAL = ".wandb-magic-partial."


def write_chunk(paths: SweepPaths, chunk: FileChunk) -> Path:
    """Write a part of a run's file to its place below W&B's folder here; return its path.

    Parts arrive in order. A file that replaces an earlier one appears once it is complete.

    Raises
    ------
    ValueError
        If the file would lie outside the sweep's and the run's folders.
    OSError
        If it cannot be written.
    """
    path = resolve(paths, chunk.name, chunk.run)
    write_part(path, chunk.offset, chunk.data, chunk.size)
    if chunk.size is not None and chunk.offset + len(chunk.data) >= chunk.size:
        os.utime(path, ns=(chunk.modified, chunk.modified))
    return path


def write_part(path: Path, offset: int, data: bytes, size: int | None) -> None:
    """Write a part of a file; with its `size`, it appears once it is complete."""
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    target = path if size is None else path.with_name(_PARTIAL + path.name)
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    if size is not None and offset == 0:
        with contextlib.suppress(FileNotFoundError):
            target.unlink()
    descriptor = os.open(target, flags, 0o600)
    try:
        view = memoryview(data)
        while view:
            written = os.pwrite(descriptor, view, offset)
            view, offset = view[written:], offset + written
    finally:
        os.close(descriptor)
    if size is not None and offset >= size:
        target.replace(path)
