"""The note of a run that is held for a debugger: until when, and where it listens."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from wandb_magic.paths import RunPaths, write_atomically
from wandb_magic.safe_open import read_inside

HOLD_VARIABLE = "WANDB_MAGIC_HOLD"
"""Passes to a run for how many minutes its process is kept if it fails; 0 for not at all."""


@dataclass(frozen=True)
class Hold:
    """A run that is held.

    Attributes
    ----------
    until
        When it ends, in seconds since the epoch.
    socket
        The path of the Unix socket on which its process waits for a debugger.
    error, cause
        Why it failed, in full and in one line, in case its process is killed.
    """

    until: float
    socket: str
    error: str = ""
    cause: str = ""

    @property
    def end(self) -> str:
        """When it ends, as a time of the day."""
        return time.strftime("%H:%M", time.localtime(self.until))

    def write(self, paths: RunPaths) -> None:
        """Write the note."""
        write_atomically(paths.hold, json.dumps(asdict(self)))

    def is_own(self) -> bool:
        """Return whether the socket is this user's, in a folder that others cannot enter."""
        try:
            folder, file = Path(self.socket).parent.lstat(), Path(self.socket).lstat()
        except (OSError, ValueError):
            return False
        return (
            stat.S_ISSOCK(file.st_mode)
            and file.st_uid == folder.st_uid == os.getuid()
            and not folder.st_mode & 0o077
        )

    def remove(self) -> None:
        """Remove the socket of a process that was killed, with its folder."""
        if self.is_own():
            with contextlib.suppress(OSError):
                Path(self.socket).unlink()
                Path(self.socket).parent.rmdir()


def read_hold(paths: RunPaths) -> Hold | None:
    """Return the note of a run; None if it is not held."""
    hold = read_note(paths)
    return hold if hold is not None and hold.until > time.time() else None


def read_note(paths: RunPaths) -> Hold | None:
    """Return the note, even if its time is up; None if there is none. Anyone may have written it.

    A process that was not killed has removed it.
    """
    try:
        data = json.loads(read_inside(paths.folder, paths.hold))
        texts = (str(data[name]) for name in ("socket", "error", "cause"))
        return Hold(float(data["until"]), *texts)
    except (OSError, ValueError, KeyError, TypeError):
        return None
