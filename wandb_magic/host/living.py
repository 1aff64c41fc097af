"""A run that a host is responsible for, and the little that must be known to see it through."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from wandb_magic.causes import last_traceback
from wandb_magic.host.forks import TemplateClient
from wandb_magic.host.logs import RunLogs
from wandb_magic.host.uploads import UploadLog, has_lost_records
from wandb_magic.paths import read_object
from wandb_magic.processes import identify
from wandb_magic.records import Process
from wandb_magic.run import Job

TRACEBACK_BYTES = 1 << 16
PATIENCE_S = 2.0  # for files that the process which waited for a run writes a moment later


class Parent(Enum):
    """Who learns from the operating system how a run ended."""

    TEMPLATE = "template"
    HOST = "host"
    NOBODY = "nobody"


@dataclass
class Living:
    """A run between its start and the last word about it."""

    job: Job
    parent: Parent
    memory_kills: int
    process: Process | None = None
    template: TemplateClient | None = None
    started_cold: subprocess.Popen[bytes] | None = None
    confirmed: bool = False
    ending: dict[str, Any] | None = None
    gone_since: float | None = None
    closing: subprocess.Popen[bytes] | None = None
    said: bool = False
    hung: bool = False
    reason: str = ""
    positions: Mapping[str, int] = field(default_factory=dict)
    unreadable: bool = False
    damaged: set[str] = field(default_factory=set)
    logs: RunLogs = field(init=False)
    upload: UploadLog | None = None

    def __post_init__(self) -> None:
        root = Path(self.job.environment["WANDB_DIR"])
        listed = not self.job.command
        self.logs = RunLogs(self.job.paths, self.positions, root, listed=listed)

    @property
    def waited(self) -> float:
        """Seconds since the process was first seen to be gone."""
        return 0.0 if self.gone_since is None else time.monotonic() - self.gone_since

    def refusal(self) -> str:
        """Return why wandb has stopped uploading what the run logs, once."""
        directory = self.logs.directory
        if directory and (self.upload is None or self.upload.directory != directory):
            self.upload = UploadLog(directory)
        if self.upload is None:
            return ""
        return self.upload.refusal(at_once=self.ending is not None)

    def has_lost_records(self) -> bool:
        """Tell whether wandb has not written all that a run logged which ended well."""
        directory = self.logs.directory
        return bool(directory) and (not self.logs.complete or has_lost_records(directory))

    def read_exit(self) -> dict[str, Any] | None:
        """Return what the run, or whoever waited for it, wrote about its end."""
        found = self._read(self.job.paths.exit)
        if found is None:
            return None
        known: dict[str, type | tuple[type, ...]] = {
            "code": int,
            "signal": int,
            "error": str,
            "cause": str,
            "stopped": str,
            "ended": (int, float),
        }
        return {
            name: value
            for name, value in found.items()
            if name in known and isinstance(value, known[name])
        }

    def read_traceback(self) -> str:
        """Return the end of what the run printed, from its last traceback on; "" without one."""
        try:
            with self.job.paths.output.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - TRACEBACK_BYTES))
                printed = file.read().decode(errors="backslashreplace")
        except OSError:
            return ""
        return last_traceback(printed)

    def claimant(self) -> Process | None:
        """Return the process that claimed this run, alive or not; None if none has."""
        claim = self._read(self.job.paths.process) or {}
        pid, started = claim.get("pid"), claim.get("started")
        if isinstance(pid, int) and pid > 0 and isinstance(started, str):
            return Process(pid, started)
        return None

    def _read(self, path: Path) -> dict[str, Any] | None:
        """Return what a file of the run says; a damaged one counts as not yet written."""
        try:
            return read_object(path)
        except ValueError:
            self.damaged.add(path.name)
            return None

    def note_pid(self, pid: int) -> None:
        """Keep the identity of the process that now executes this run."""
        self.process = identify(pid) or Process(pid, "")
        self.confirmed = True


def signal_group(pid: int, number: int) -> None:
    """Signal the process group that `pid` leads, if there is one."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return
