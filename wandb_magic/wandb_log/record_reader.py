"""Reads the framing of W&B's transaction log: the bounds of records, and their checksums.

It is LevelDB's log format (``doc/log_format.md`` in google/leveldb): blocks of 32 KiB that hold
chunks, each with a checksum, a length and a kind; a record is one chunk, or several if it does not
fit a block. W&B adds a header of seven bytes, and uses the plain CRC-32 of kind and data. This
module does not interpret records.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from enum import IntEnum

from wandb_magic.errors import UnsupportedError

BLOCK = 32 * 1024
FILE_HEADER = b":W&B\xe1\xbe\x00"
CHUNK_HEADER = struct.Struct("<IHB")
_KIND_AT = 6
_READ = 32 * BLOCK


class ChunkKind(IntEnum):
    """Which part of a record a chunk holds."""

    FULL = 1
    FIRST = 2
    MIDDLE = 3
    LAST = 4

    @classmethod
    def of(cls, *, first: bool, last: bool) -> ChunkKind:
        """Return the kind of a chunk that begins a record, ends one, both or neither."""
        if first:
            return cls.FULL if last else cls.FIRST
        return cls.LAST if last else cls.MIDDLE


class RecordReader:
    """Reads complete records from a growing log.

    Parameters
    ----------
    descriptor
        The open file; it is read at explicit offsets and never closed here.
    position
        Where to start: 0, or the `position` of an earlier reader of the same file.

    Attributes
    ----------
    skipped
        Damaged parts that were skipped, of at most one block each.
    """

    def __init__(self, descriptor: int, position: int = 0) -> None:
        self.skipped = 0
        self._descriptor = descriptor
        self._offset = position
        self._start = position
        self._parts: list[bytes] = []

    @property
    def position(self) -> int:
        """The offset in bytes after the last complete record that was read."""
        return self._start if self._parts else self._offset

    def read(self) -> Iterator[bytes]:
        """Yield the records that are complete now; call again when the file may have grown.

        Raises
        ------
        UnsupportedError
            If the file is not a transaction log of W&B.
        """
        before = -1
        while self._offset != before:
            before = self._offset
            data = os.pread(self._descriptor, _READ, self._offset)
            if self._offset == 0 and not self._skip_header(data):
                return
            yield from self._chunks(data[self._offset - before :])

    def _skip_header(self, data: bytes) -> bool:
        header = data[: len(FILE_HEADER)]
        if not FILE_HEADER.startswith(header):
            raise UnsupportedError(
                f"This is not a W&B transaction log: it starts with {header!r} instead of "
                f"{FILE_HEADER!r}."
            )
        if len(header) < len(FILE_HEADER):
            return False
        self._offset = len(FILE_HEADER)
        return True

    def _chunks(self, data: bytes) -> Iterator[bytes]:
        """Yield the records that end in `data`, which lies at the current offset."""
        base = self._offset
        while True:
            cursor = self._offset - base
            room = BLOCK - self._offset % BLOCK
            if room < CHUNK_HEADER.size:
                if len(data) - cursor < room:
                    return  # the block's last bytes are written with the next block
                self._offset += room
                continue
            if len(data) - cursor < CHUNK_HEADER.size:
                return
            checksum, size, kind = CHUNK_HEADER.unpack_from(data, cursor)
            end = cursor + CHUNK_HEADER.size + size
            fits = CHUNK_HEADER.size + size <= room and ChunkKind.FULL <= kind <= ChunkKind.LAST
            if fits and end > len(data):
                return
            if not fits or zlib.crc32(data[cursor + _KIND_AT : end]) != checksum:
                if len(data) - cursor <= room:
                    # The block may not be fully written: check it again when the next one has
                    # begun.
                    return
                self._skip(room)
                continue
            record = self._add(kind, data[cursor + CHUNK_HEADER.size : end])
            self._offset = base + end
            if record is not None:
                yield record

    def _add(self, kind: int, part: bytes) -> bytes | None:
        """Add the chunk at the current offset to its record; return the record once complete."""
        if kind in (ChunkKind.FULL, ChunkKind.FIRST):
            self.skipped += bool(self._parts)
            self._parts = []
            self._start = self._offset
        elif not self._parts:
            # The rest of a record whose damaged beginning was already counted.
            return None
        if kind == ChunkKind.FULL:
            return part
        self._parts.append(part)
        if kind != ChunkKind.LAST:
            return None
        record = b"".join(self._parts)
        self._parts = []
        return record

    def _skip(self, room: int) -> None:
        self.skipped += 1
        self._parts = []
        self._offset += room
