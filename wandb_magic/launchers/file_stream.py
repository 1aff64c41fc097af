"""Sends the files of a run in pieces while they grow, from where the receiver has them.

A log is sent from the position up to which it was sent; any other file is sent again as a whole
after each change, once it has come to rest.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from wandb_magic.launchers.relocation import run_files
from wandb_magic.paths import RunPaths, SweepPaths
from wandb_magic.records import RunId

CHUNK_BYTES = 1 << 19
SETTLED_S = 0.5  # a file that changed more recently may be incomplete
_GROWING = (".wandb", ".log")


@dataclass(frozen=True)
class FileChunk:
    """A part of a file.

    Attributes
    ----------
    run, name
        The run, and the name of its file.
    offset, data
        Where the part belongs, and its content.
    size
        The size of the whole file, which replaces an earlier one; None if it is only extended.
    modified
        When the file was changed, in nanoseconds since the epoch.
    """

    run: RunId
    name: str
    offset: int
    data: bytes
    size: int | None
    modified: int


@dataclass(frozen=True)
class FileVersion:
    """How much of a file was sent, and when it had been changed, in nanoseconds."""

    size: int
    modified: int


def is_growing(name: str) -> bool:
    """Return whether a file only ever grows."""
    return name.endswith(_GROWING) and "/kept/" not in name


def versions(paths: SweepPaths, run: RunPaths) -> dict[str, FileVersion]:
    """Return which files of a run are present here."""
    found = {}
    for name, path in run_files(paths, run):
        try:
            status = path.stat()
        except OSError:
            continue
        found[name] = FileVersion(status.st_size, status.st_mtime_ns)
    return found


class RunFileStream:
    """The files of one run on their way to the supervisor.

    Parameters
    ----------
    run
        The run.
    paths
        The sweep's paths on this machine.
    known
        What the receiver has.
    """

    def __init__(self, run: RunId, paths: SweepPaths, known: Mapping[str, FileVersion]) -> None:
        self._run = run
        self._sweep = paths
        self._paths = paths.run(run)
        self._sent = dict(known)
        self._next_pass = 0.0

    def is_due(self) -> bool:
        """Return whether it is time to look for changes again."""
        return time.monotonic() >= self._next_pass

    def changes(self, *, final: bool = False) -> Iterator[FileChunk]:
        """Yield what has changed since the last pass; with `final`, also what is not at rest."""
        began = time.monotonic()
        for name, path in run_files(self._sweep, self._paths):
            try:
                yield from self._changes_of(name, path, final=final)
            except OSError:  # it was removed or replaced: the next pass looks again
                continue
        now = time.monotonic()
        self._next_pass = now + min(2.0, 5 * (now - began))

    def _changes_of(self, name: str, path: Path, *, final: bool) -> Iterator[FileChunk]:
        status, sent = path.stat(), self._sent.get(name)
        version = FileVersion(status.st_size, status.st_mtime_ns)
        if is_growing(name) and (sent is None or sent.size <= version.size):
            yield from self._growth(name, path, 0 if sent is None else sent.size, new=sent is None)
        elif sent != version and (final or time.time() - status.st_mtime >= SETTLED_S):
            yield from self._whole(name, path)

    def _growth(self, name: str, path: Path, begin: int, *, new: bool) -> Iterator[FileChunk]:
        with path.open("rb") as file:
            file.seek(begin)
            while (data := file.read(CHUNK_BYTES)) or new:
                new = False
                yield FileChunk(self._run, name, begin, data, None, 0)
                begin += len(data)
                self._sent[name] = FileVersion(begin, 0)

    def _whole(self, name: str, path: Path) -> Iterator[FileChunk]:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            size, offset = status.st_size, 0
            while True:
                data = file.read(min(CHUNK_BYTES, size - offset))
                if not data and offset < size:
                    return  # it became shorter: the next pass sends it again
                yield FileChunk(self._run, name, offset, data, size, status.st_mtime_ns)
                offset += len(data)
                if offset >= size:
                    break
            self._sent[name] = FileVersion(size, status.st_mtime_ns)
