"""Indexes the lines of a run's output, to read any page of it quickly, even while it grows.

The offset of every thousandth line is kept, so that a page costs the same at the beginning and at
the end of a file with millions of lines. Lines are not rendered here; but of a line that is too
long because it overwrites itself, like a progress bar, the last state is kept.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from wandb_magic.safe_open import open_inside
from wandb_magic.server import schemas

STRIDE = 1000
BLOCK = 1 << 20
MAX_LINE = 20_000  # bytes of a line that are shown
MAX_LINES = 2000  # maximum lines of a page
NEWLINE = 10


class LogIndex:
    """The index of one output; threads may share it.

    Parameters
    ----------
    path
        The output.
    folder
        The folder below which links are not followed; by default the output's own folder.
    """

    def __init__(self, path: Path, folder: Path | None = None) -> None:
        self._path = path
        self._folder = path.parent if folder is None else folder
        self._lock = threading.Lock()
        self._reset()

    def _reset(self) -> None:
        self._indexed = 0  # bytes that have been indexed
        self._newlines = 0  # newlines in these bytes
        self._offsets = [0]  # the offset of every STRIDE-th line

    def page(self, first: int, count: int, *, ended: bool) -> schemas.LogPage:
        """Return lines starting at number `first`; a negative number counts from the end."""
        with self._lock, self._open() as file:
            size = self._update(file)
            total = self._newlines + _has_partial_line(file, size)
            begin = max(0, total + first) if first < 0 else min(first, total)
            lines = self._read_lines(file, begin, min(count, MAX_LINES, total - begin))
        return {"first": begin, "lines": lines, "total": total, "size": size, "ended": ended}

    def matches(self, text: str, first: int, limit: int) -> schemas.LogMatches:
        """Return the numbers of the lines, starting at `first`, that contain a text.

        Bytes are compared, so only the case of ASCII letters is ignored.
        """
        needle, numbers = text.encode().lower(), list[int]()
        if not needle:
            return {"lines": [], "more": False}
        with self._open() as file:
            with self._lock:
                self._update(file)
                stride_index = min(first // STRIDE, len(self._offsets) - 1)
                begin = self._offsets[stride_index]
            file.seek(begin)
            for number in _matching_lines(file, needle, stride_index * STRIDE):
                if number >= first:
                    if len(numbers) == limit:
                        return {"lines": numbers, "more": True}
                    numbers.append(number)
        return {"lines": numbers, "more": False}

    def _open(self) -> BinaryIO:
        """Open the output; it is empty if nothing was printed yet."""
        try:
            return BufferedReader(open_inside(self._folder, self._path))
        except FileNotFoundError:
            return BytesIO()

    def _update(self, file: BinaryIO) -> int:
        """Index what was appended, and return the size."""
        size = file.seek(0, os.SEEK_END)
        if size < self._indexed:
            self._reset()
        file.seek(self._indexed)
        while block := file.read(BLOCK):
            ends = np.flatnonzero(np.frombuffer(block, np.uint8) == NEWLINE)
            due = len(self._offsets) * STRIDE - self._newlines - 1
            self._offsets += [self._indexed + int(end) + 1 for end in ends[due::STRIDE]]
            self._newlines += len(ends)
            self._indexed += len(block)
        return self._indexed

    def _read_lines(self, file: BinaryIO, begin: int, count: int) -> list[str]:
        if count <= 0:
            return []
        stride_index = begin // STRIDE
        file.seek(self._offsets[stride_index])
        for _ in range(begin - stride_index * STRIDE):
            _read_line(file)
        return [_read_line(file) for _ in range(count)]


def _has_partial_line(file: BinaryIO, size: int) -> bool:
    """Return whether the last line is incomplete."""
    if size == 0:
        return False
    file.seek(size - 1)
    return file.read(1) != b"\n"


def _read_line(file: BinaryIO) -> str:
    """Read one line, truncated to `MAX_LINE` bytes."""
    line, cut = file.readline(MAX_LINE), 0
    part = line
    while part and not part.endswith(b"\n"):
        part = file.readline(BLOCK)
        _, overwritten, last = part.rstrip(b"\r\n").rpartition(b"\r")
        if overwritten:
            line, cut = last[:MAX_LINE], len(last[MAX_LINE:])
        else:
            room = MAX_LINE - len(line)
            line, cut = line + last[:room], cut + len(last[room:])
    text = line.removesuffix(b"\n").decode("utf-8", "backslashreplace")
    return f"{text}… ({cut:,} more bytes)" if cut else text


def _matching_lines(file: BinaryIO, needle: bytes, number: int) -> Iterator[int]:
    """Yield the numbers of lines that contain a text; `number` is that of the first line.

    A line may be larger than memory: of an incomplete line, only the bytes that may be the start
    of a match are kept.
    """
    is_match, carry = False, b""
    while block := file.read(BLOCK):
        part = carry + block.lower()
        if is_match or needle in part:
            *ended, rest = part.split(b"\n")
            for line in ended:
                if is_match or needle in line:
                    yield number
                is_match = False
                number += 1
            is_match = is_match or needle in rest
        else:
            number += part.count(b"\n")
            rest = part[part.rfind(b"\n") + 1 :]
        carry = rest[max(0, len(rest) - len(needle) + 1) :]
    if is_match:
        yield number
