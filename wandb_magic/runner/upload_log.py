"""Detects from wandb-core's log that an upload was refused or a record could not be written.

An answer that wandb considers final (404, for example, for a run that was deleted at W&B) makes it
stop uploading the run for good, without informing the run. wandb-core logs the reason in its own
log, in the run's W&B folder.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

CHECK_INTERVAL_S = 5.0
MAX_READ = 1 << 20  # bytes of the log that one check reads
LOG = Path("logs", "debug-internal.log")
_UNWRITTEN = b"writer: failed to save record"
_FATAL = re.compile(rb"filestream: fatal error: (?:filestream: failed to upload: )?([^\"\n]+)")
_ADDRESS = re.compile(r"(?<!\s)\s+url=.*")


def has_lost_records(directory: str) -> bool:
    """Return whether wandb-core reports that it could not write all of a run's log."""
    try:
        with Path(directory, LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - MAX_READ))
            return _UNWRITTEN in file.read(MAX_READ)
    except OSError:
        return False


class UploadLog:
    """wandb-core's log of one run's upload.

    Parameters
    ----------
    directory
        W&B's folder of the run.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self._log = Path(directory, LOG)
        self._online = Path(directory).name.startswith("run-")
        self._read = 0
        self._next_check = 0.0

    def refusal(self, *, at_once: bool = False) -> str:
        """Return why wandb has stopped uploading, once; checks every few seconds, or at once."""
        now = time.monotonic()
        if not self._online or (now < self._next_check and not at_once):
            return ""
        self._next_check = now + CHECK_INTERVAL_S
        match = _FATAL.search(self._read_lines())
        if match is None:
            return ""
        self._online = False  # report it once
        return _ADDRESS.sub("", match[1].decode(errors="replace")).strip()

    def _read_lines(self) -> bytes:
        """Return the complete new lines, or the last of them."""
        try:
            with self._log.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(max(self._read, size - MAX_READ))
                new = file.read(MAX_READ)
        except OSError:
            return b""
        end = new.rfind(b"\n") + 1
        self._read = size - len(new) + end
        return new[:end]
