"""The state of a run that the runner monitors from its start until its end is reported."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from wandb_magic.paths import read_json_object
from wandb_magic.processes import process_identity
from wandb_magic.records import ProcessId
from wandb_magic.runner.exit_cause import last_traceback
from wandb_magic.runner.fork_client import ForkServerClient
from wandb_magic.runner.log_tail import RunLogTail
from wandb_magic.runner.run_process import Job
from wandb_magic.runner.upload_log import UploadLog, has_lost_records

TRACEBACK_BYTES = 1 << 16
# For exit files, which the process that waited for a run may write a moment later.
EXIT_FILE_TIMEOUT_S = 2.0


class RunParent(Enum):
    """Who learns from the operating system how a run ended."""

    FORK_SERVER = "fork server"
    RUNNER = "runner"
    UNKNOWN = "unknown"


@dataclass
class TrackedRun:
    """A run between its start and the report of its end."""

    job: Job
    parent: RunParent
    oom_kills: int
    process: ProcessId | None = None
    fork_server: ForkServerClient | None = None
    spawned: subprocess.Popen[bytes] | None = None
    is_confirmed: bool = False
    exit_info: dict[str, Any] | None = None
    gone_since: float | None = None
    finisher: subprocess.Popen[bytes] | None = None
    exit_reported: bool = False
    is_hung: bool = False
    reason: str = ""
    positions: Mapping[str, int] = field(default_factory=dict)
    is_unreadable: bool = False
    damaged_files: set[str] = field(default_factory=set)
    logs: RunLogTail = field(init=False)
    upload_log: UploadLog | None = None

    def __post_init__(self) -> None:
        root = Path(self.job.environment["WANDB_DIR"])
        listed = not self.job.command
        self.logs = RunLogTail(self.job.paths, self.positions, root, listed=listed)

    @property
    def seconds_gone(self) -> float:
        """Seconds since the process was first found to have ended."""
        return 0.0 if self.gone_since is None else time.monotonic() - self.gone_since

    def upload_refusal(self) -> str:
        """Return why wandb has stopped uploading what the run logs, or ""; reported once."""
        directory = self.logs.directory
        if directory and (self.upload_log is None or self.upload_log.directory != directory):
            self.upload_log = UploadLog(directory)
        if self.upload_log is None:
            return ""
        return self.upload_log.refusal(at_once=self.exit_info is not None)

    def has_lost_records(self) -> bool:
        """Return whether wandb failed to write all that a successful run logged."""
        directory = self.logs.directory
        return bool(directory) and (not self.logs.is_complete or has_lost_records(directory))

    def read_exit(self) -> dict[str, Any] | None:
        """Return what the run, or the process that waited for it, wrote about its end."""
        document = self._read_file(self.job.paths.exit)
        if document is None:
            return None
        types: dict[str, type | tuple[type, ...]] = {
            "code": int,
            "signal": int,
            "error": str,
            "cause": str,
            "stopped": str,
            "ended": (int, float),
        }
        return {
            name: value
            for name, value in document.items()
            if name in types and isinstance(value, types[name])
        }

    def read_traceback(self) -> str:
        """Return the end of the run's output, from its last traceback on, or ""."""
        try:
            with self.job.paths.output.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - TRACEBACK_BYTES))
                output = file.read().decode(errors="backslashreplace")
        except OSError:
            return ""
        return last_traceback(output)

    def claimed_by(self) -> ProcessId | None:
        """Return the process that claimed this run, alive or not, or None."""
        claim = self._read_file(self.job.paths.process) or {}
        pid, started = claim.get("pid"), claim.get("started")
        if isinstance(pid, int) and pid > 0 and isinstance(started, str):
            return ProcessId(pid, started)
        return None

    def _read_file(self, path: Path) -> dict[str, Any] | None:
        """Return the content of a file of the run; a damaged one counts as not yet written."""
        try:
            return read_json_object(path)
        except ValueError:
            self.damaged_files.add(path.name)
            return None

    def set_pid(self, pid: int) -> None:
        """Set the process that now executes this run."""
        self.process = process_identity(pid) or ProcessId(pid, "")
        self.is_confirmed = True


def signal_group(pid: int, number: int) -> None:
    """Signal the process group that `pid` leads, if it exists."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return
