"""Reading what a run printed, whole or as it grows; bytes that are no text are shown as such."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

POLL_S = 0.1


def read(path: Path) -> str:
    """Return everything printed so far."""
    try:
        return path.read_text(encoding="utf-8", errors="backslashreplace")
    except FileNotFoundError:
        return ""


def follow(path: Path, ended: Callable[[], bool]) -> Iterator[str]:
    """Yield lines without their ends, until `ended` says that no more will come."""
    pending, position = b"", 0
    while True:
        last = ended()
        data = _from(path, position)
        position += len(data)
        *lines, pending = (pending + data).split(b"\n")
        yield from (line.decode("utf-8", "backslashreplace") for line in lines)
        if last and not data:
            break
        if not data:
            time.sleep(POLL_S)
    if pending:
        yield pending.decode("utf-8", "backslashreplace")


def _from(path: Path, position: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(position)
            return file.read(1 << 20)
    except FileNotFoundError:
        return b""
