"""What a run prints, and where it goes: to one file, whoever in the run prints it."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from pathlib import Path
from typing import TextIO


def redirect(output: Path) -> None:
    """Send what this process and its children print to a file; they have nothing to read."""
    target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os.dup2(nothing, 0)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
    os.close(nothing)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = _stream(getattr(sys, name), descriptor)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def mark_resumption(output: Path) -> None:
    """Write where a resumed run goes on, on a line of its own."""
    with output.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        begin = b"" if file.read(1) in (b"", b"\n") else b"\n"
    os.write(1, begin + time.strftime("--- resumed %Y-%m-%d %H:%M:%S ---\n").encode())


def _stream(stream: object, descriptor: int) -> TextIO:
    """Return a text stream to a descriptor: the one that is there, if it is such a one.

    wandb listens to the very object that it found when it was imported, in the template perhaps.
    """
    if isinstance(stream, io.TextIOWrapper) and not stream.closed:
        with contextlib.suppress(OSError):
            if stream.fileno() == descriptor:
                stream.reconfigure(
                    encoding="utf-8", errors="backslashreplace", line_buffering=True
                )
                return stream
    return os.fdopen(
        descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
    )
