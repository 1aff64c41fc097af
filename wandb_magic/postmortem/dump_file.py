"""The file of a failure: a description as JSON, and pickles that are read only when asked for.

The first line has a signature of everything after it, made with the user's key, so that a file
from elsewhere is never unpickled. The description is read without unpickling anything.
"""

from __future__ import annotations

import hmac
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb_magic.bundle.signature import mac_of
from wandb_magic.paths import write_atomically
from wandb_magic.safe_open import open_inside

_TITLE = b"wandb-magic failure 1 "
_UNSIGNED = "-" * 64
_LENGTH_BYTES = 8


@dataclass
class DumpWriter:
    """A file of a failure that is being made.

    Attributes
    ----------
    description
        What is read without unpickling anything.
    blobs
        The pickles and their buffers.
    """

    description: dict[str, Any]
    blobs: list[bytes | memoryview] = field(default_factory=list)

    def add(self, data: bytes | memoryview) -> int:
        """Add a blob, and return its number."""
        self.blobs.append(data)
        return len(self.blobs) - 1

    def write(self, path: Path, key: str | None) -> None:
        """Write the file; without a key it is unsigned, and its values need to be trusted."""
        sizes = [memoryview(each).nbytes for each in self.blobs]
        header = json.dumps({**self.description, "sizes": sizes}).encode("utf-8", "replace")
        parts = [len(header).to_bytes(_LENGTH_BYTES, "big"), header, *self.blobs]
        mac = _UNSIGNED if key is None else mac_of(parts, key)
        write_atomically(path, b"".join([_TITLE, mac.encode(), b"\n", *parts]))


@dataclass(frozen=True)
class Dump:
    """A file of a failure that was read.

    Attributes
    ----------
    description
        The description.
    blobs
        The pickles and their buffers; each may be changed without affecting the file.
    """

    description: Mapping[str, Any]
    blobs: tuple[memoryview, ...]
    _signed: memoryview
    _mac: str
    _owned: bool

    def is_signed(self, key: str | None) -> bool:
        """Return whether a run of this user's has written it, as it is."""
        return (
            self._owned
            and key is not None
            and hmac.compare_digest(self._mac, mac_of([self._signed], key))
        )


def read_dump(path: Path) -> Dump | None:
    """Read a file; nothing is unpickled.

    Returns
    -------
    dump
        None if there is no file, or it is damaged.
    """
    try:
        with open_inside(path.parent, path) as file:
            status = os.fstat(file.fileno())
            content = bytearray(file.read())
    except OSError:
        return None
    owned = status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    begin = len(_TITLE) + len(_UNSIGNED) + 1
    if not content.startswith(_TITLE) or len(content) < begin + _LENGTH_BYTES:
        return None
    mac = content[len(_TITLE) : begin - 1].decode("ascii", "replace")
    at = begin + _LENGTH_BYTES
    end = at + int.from_bytes(content[begin:at], "big")
    try:
        description = json.loads(content[at:end])
        sizes = [int(size) for size in description["sizes"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if end + sum(sizes) != len(content) or any(size < 0 for size in sizes):
        return None
    view = memoryview(content)
    blobs = []
    for size in sizes:
        blobs.append(view[end : end + size])
        end += size
    return Dump(description, tuple(blobs), view[begin:], mac, owned)
