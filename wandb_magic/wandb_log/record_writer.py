"""Writes a transaction log of W&B: the opposite of `wandb_magic.wandb_log.record_reader`.

It writes copies of logs that are sent elsewhere, and never opens a log that a run writes. This
module does not interpret records.
"""

from __future__ import annotations

import zlib
from typing import BinaryIO

from wandb_magic.wandb_log.record_reader import BLOCK, CHUNK_HEADER, FILE_HEADER, ChunkKind


class RecordWriter:
    """Writes records, one after another, into a new file.

    Parameters
    ----------
    file
        An empty file, open for writing; it is not closed.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._file.write(FILE_HEADER)
        self._offset = len(FILE_HEADER)

    def write(self, record: bytes) -> None:
        """Write one record, in as many chunks as the block boundaries require."""
        rest, first = record, True
        while first or rest:
            room = BLOCK - self._offset % BLOCK
            if room < CHUNK_HEADER.size:
                self._write(bytes(room))
                continue
            part, rest = rest[: room - CHUNK_HEADER.size], rest[room - CHUNK_HEADER.size :]
            kind = ChunkKind.of(first=first, last=not rest)
            checksum = zlib.crc32(part, zlib.crc32(bytes([kind])))
            self._write(CHUNK_HEADER.pack(checksum, len(part), kind) + part)
            first = False

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._offset += len(data)
