"""Whether W&B's server takes what a run sends, and the disk what wandb writes.

One answer that wandb takes for final (404, for a run that was deleted at W&B, say) makes it stop
uploading the run for good, and the run does not hear of it. wandb-core gives the reason in its own
log, in the run's W&B folder.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

CHECK_INTERVAL_S = 5.0
MAX_READ = 1 << 20  # octets of the log that one look reads
LOG = Path("logs", "debug-internal.log")
_UNWRITTEN = b"writer: failed to save record"
_FATAL = re.compile(rb"filestream: fatal error: (?:filestream: failed to upload: )?([^\"\n]+)")
_ADDRESS = re.compile(r"(?<!\s)\s+url=.*")


def has_lost_records(directory: str) -> bool:
    """Tell whether wandb-core says that it could not write all of the log in W&B's folder."""
    try:
        with Path(directory, LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - MAX_READ))
            return _UNWRITTEN in file.read(MAX_READ)
    except OSError:
        return False


class UploadLog:
    """What wandb-core says of one run's upload.

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
        """Return why wandb has stopped uploading, once; looks every few seconds, or at once."""
        now = time.monotonic()
        if not self._online or (now < self._next_check and not at_once):
            return ""
        self._next_check = now + CHECK_INTERVAL_S
        found = _FATAL.search(self._read_lines())
        if found is None:
            return ""
        self._online = False  # it is said
        return _ADDRESS.sub("", found[1].decode(errors="replace")).strip()

    def _read_lines(self) -> bytes:
        """Return the whole lines that are new, or the last of them."""
        try:
            with self._log.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(max(self._read, size - MAX_READ))
                news = file.read(MAX_READ)
        except OSError:
            return b""
        end = news.rfind(b"\n") + 1
        self._read = size - len(news) + end
        return news[:end]
