"""The messages between a worker, its host process and the supervisor: framing and encoding.

What a host reports are the plain records of `wandb_magic.runner.events`, and parts of files. They
are pickled, and reading them creates no other objects.
"""

from __future__ import annotations

import asyncio
import io
import pickle
import struct
from typing import Any

from wandb_magic.launchers.file_stream import FileChunk
from wandb_magic.records import ProcessId
from wandb_magic.resources import Gpu, GpuShare, Host, Resources
from wandb_magic.runner.events import (
    ResourcesChanged,
    RunExited,
    RunnerFailed,
    RunnerNotice,
    RunnerReady,
    RunStarted,
    UploadRefused,
)

_HEADER = struct.Struct("!IQ")
MAX_FRAME = 1 << 30

Report = (
    RunnerReady
    | RunnerFailed
    | RunnerNotice
    | ResourcesChanged
    | UploadRefused
    | RunStarted
    | RunExited
    | FileChunk
)
"""What a host reports."""

_RECORDS = {
    (record.__module__, record.__qualname__): record
    for record in (
        *(RunnerReady, RunnerFailed, RunnerNotice, UploadRefused, RunStarted, RunExited),
        *(ResourcesChanged, Resources, Host, Gpu, GpuShare),
        *(FileChunk, ProcessId),
    )
}


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the next number and message.

    Raises
    ------
    EOFError
        If the other end has closed the connection.
    """
    try:
        size, number = _HEADER.unpack(await reader.readexactly(_HEADER.size))
        if size > MAX_FRAME:
            raise EOFError
        return number, await reader.readexactly(size)
    except (OSError, asyncio.IncompleteReadError) as error:
        raise EOFError from error


def write_frame(writer: asyncio.StreamWriter, number: int, message: bytes) -> None:
    """Send a number and a message."""
    writer.write(_HEADER.pack(len(message), number) + message)


def encode_reports(reports: list[tuple[int, Report]]) -> bytes:
    """Return numbered reports as bytes."""
    return pickle.dumps(reports)


def decode_reports(data: bytes) -> list[tuple[int, Report]]:
    """Read what `encode_reports` returned.

    Raises
    ------
    pickle.UnpicklingError
        If there is anything else in it.
    """
    reports: list[tuple[int, Report]] = _RecordUnpickler(io.BytesIO(data)).load()
    return reports


class _RecordUnpickler(pickle.Unpickler):
    """Creates the records of a report, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as in the base class
        record = _RECORDS.get((module, name))
        if record is None:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of a report")
        return record
