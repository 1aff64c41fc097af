"""Reads a run's output: all of it, its end, or as it grows. Invalid UTF-8 is shown escaped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from wandb_magic.errors import SweepError
from wandb_magic.safe_open import open_inside

POLL_S = 0.1
TAIL_LINES = 200
TAIL_BYTES = 64 * 1024
"""How much of an output a notebook shows by default, because it saves everything it shows."""
_BLOCK_SIZE = 1 << 16
_CONTINUATION_BYTES = range(0x80, 0xC0)  # bytes inside a UTF-8 character


@dataclass(frozen=True)
class Tail:
    """The end of an output.

    Attributes
    ----------
    begin
        The byte offset at which it begins.
    size
        The total number of bytes.
    """

    begin: int
    size: int


def read(path: Path, begin: int = 0) -> str:
    """Return everything printed so far, starting at a byte offset."""
    try:
        with _open(path) as file:
            file.seek(begin)
            return file.read().decode("utf-8", "backslashreplace")
    except FileNotFoundError:
        return ""


def read_part(path: Path, begin: int, size: int) -> bytes:
    """Return at most `size` bytes from an offset on."""
    try:
        with _open(path) as file:
            file.seek(begin)
            return file.read(size)
    except FileNotFoundError:
        return b""


def tail(path: Path, lines: int, max_bytes: int | None = None) -> Tail:
    """Find where the last `lines` lines begin, but at most `max_bytes` before the end."""
    try:
        with _open(path) as file:
            size = file.seek(0, 2)
            lower_bound = 0 if max_bytes is None else max(0, size - max_bytes)
            begin = _tail_offset(file, size, lines, lower_bound)
            if begin == lower_bound > 0:
                file.seek(begin)
                inside = file.read(4)
                begin += next(
                    (at for at, byte in enumerate(inside) if byte not in _CONTINUATION_BYTES), 0
                )
            return Tail(begin, size)
    except FileNotFoundError:
        return Tail(0, 0)


def follow(path: Path, has_ended: Callable[[], bool], begin: int = 0) -> Iterator[str]:
    """Yield lines without their line ends, until `has_ended` returns true."""
    unfinished: list[bytes] = []  # chunks, because a line may be much longer than one read
    position = begin
    while True:
        last = has_ended()
        data = _read_from(path, position)
        position += len(data)
        *lines, rest = data.split(b"\n")
        for line in lines:
            unfinished.append(line)
            yield b"".join(unfinished).decode("utf-8", "backslashreplace")
            unfinished.clear()
        if rest:
            unfinished.append(rest)
        if last and not data:
            break
        if not data:
            time.sleep(POLL_S)
    if unfinished:
        yield b"".join(unfinished).decode("utf-8", "backslashreplace")


def _tail_offset(file: BinaryIO, size: int, lines: int, lower_bound: int) -> int:
    """Return the offset of the last `lines` lines of a file, at least `lower_bound`."""
    end, missing = size, lines
    if lines <= 0:
        return size
    while end > lower_bound:
        begin = max(lower_bound, end - _BLOCK_SIZE)
        file.seek(begin)
        block = file.read(end - begin)
        if end == size:
            block = block.removesuffix(b"\n")  # it ends the last line, and does not start one
        at = len(block)
        while (at := block.rfind(b"\n", 0, at)) >= 0:
            missing -= 1
            if not missing:
                return begin + at + 1
        end = begin
    return lower_bound


def _read_from(path: Path, position: int) -> bytes:
    try:
        with _open(path) as file:
            file.seek(position)
            return file.read(1 << 20)
    except FileNotFoundError:
        return b""


def _open(path: Path) -> FileIO:
    """Open an output file safely: the author of the sweep's folder may have replaced it.

    Raises
    ------
    FileNotFoundError
        If there is no output yet.
    SweepError
        If it cannot be read; links are not followed, and pipes are refused.
    """
    try:
        return open_inside(path.parent, path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SweepError(f"{path} cannot be read: {error.strerror or error}") from error
