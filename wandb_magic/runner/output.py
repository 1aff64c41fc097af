"""Redirects all output of a run and its children to one file."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from wandb_magic.disk import wait_for_disk


def redirect_output(output: Path) -> None:
    """Redirect the output of this process and its children to a file; stdin is empty."""
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
    install_disk_waiting_streams()


def install_disk_waiting_streams() -> None:
    """Make Python's output wait while the disk is full; done before wandb is imported."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = _text_stream(getattr(sys, name), descriptor)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def write_resume_marker(output: Path) -> None:
    """Mark where a resumed run continues, on a line of its own."""
    with output.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        begin = b"" if file.read(1) in (b"", b"\n") else b"\n"
    os.write(1, begin + time.strftime("--- resumed %Y-%m-%d %H:%M:%S ---\n").encode())


class _DiskWaitingFile(io.FileIO):
    """A descriptor that waits while its disk is full, so that output never fails a run."""

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - any buffer
        """See `io.FileIO`."""
        return wait_for_disk(lambda: super(_DiskWaitingFile, self).write(data))


def _text_stream(stream: object, descriptor: int) -> TextIO:
    """Return a disk-waiting text stream to a descriptor: the present one, if it is one.

    wandb wraps the stream object that was present when it was imported, possibly in the fork
    server.
    """
    if isinstance(stream, io.TextIOWrapper) and not stream.closed:
        with contextlib.suppress(OSError):
            is_waiting = isinstance(getattr(stream.buffer, "raw", None), _DiskWaitingFile)
            if is_waiting and stream.fileno() == descriptor:
                return stream
    return io.TextIOWrapper(
        io.BufferedWriter(_DiskWaitingFile(descriptor, "w", closefd=False)),
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )
