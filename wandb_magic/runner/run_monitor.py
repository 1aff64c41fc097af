"""Monitors runs: follows their logs, detects how they end, and reports each end once."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from wandb_magic.paths import read_json_object, sync_to_disk
from wandb_magic.processes import is_alive, oom_kill_count, process_identity
from wandb_magic.records import ProcessId, RunId
from wandb_magic.runner.events import (
    RunExited,
    RunLogged,
    RunnerEvent,
    RunnerNotice,
    UploadRefused,
)
from wandb_magic.runner.exit_cause import last_traceback
from wandb_magic.runner.fork_client import ForkServerClient, reap
from wandb_magic.runner.fork_server import decode_wait_status
from wandb_magic.runner.log_tail import RunLogTail
from wandb_magic.runner.run_process import Job
from wandb_magic.runner.upload_log import UploadLog, has_lost_records

MISSING_LOG_TIMEOUT_S = 5.0  # for the log of a successful run to appear before it counts as failed
LOG_TIMEOUT_S = 0.5  # a killed run's data reaches its file within the flush interval
FINISHER_TIMEOUT_S = 20.0
TRACEBACK_BYTES = 1 << 16
# For exit files, which the process that waited for a run may write a moment later.
EXIT_FILE_TIMEOUT_S = 2.0

logger = logging.getLogger(__name__)


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
            "held": bool,
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


class RunMonitor:
    """The runs of a runner whose monitoring is not complete.

    Parameters
    ----------
    emit
        Called with what the runs log and how they end.
    finish_record
        Starts the process that writes a dead run's exit code into W&B's record of it, if it can.
    """

    def __init__(
        self,
        emit: Callable[[RunnerEvent], None],
        finish_record: Callable[[TrackedRun, int], subprocess.Popen[bytes] | None],
    ) -> None:
        self._emit = emit
        self._finish_record = finish_record
        self._disk_executor = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self._tracked: dict[RunId, TrackedRun] = {}

    def make_durable(self, path: Path, *before: Path) -> None:
        """Sync a file of a run to disk in a thread, so that it survives a power loss.

        Those `before` it are synced first: if it exists after a power loss, they are complete.
        """
        self._disk_executor.submit(sync_to_disk, *before, path, path.parent)

    def close(self) -> None:
        """Wait until everything is on disk."""
        self._disk_executor.shutdown()

    def add(self, tracked: TrackedRun) -> None:
        """Start to monitor a run."""
        self._tracked[tracked.job.run] = tracked

    def get(self, run: RunId) -> TrackedRun | None:
        """Return a monitored run, or None."""
        return self._tracked.get(run)

    def tracked(self) -> list[TrackedRun]:
        """Return all monitored runs."""
        return list(self._tracked.values())

    def poll(self) -> None:
        """Follow all logs, and detect the ends that no fork server reports."""
        for tracked in self.tracked():
            try:
                self._poll(tracked)
            except OSError as error:
                # The disk may be full or briefly unavailable: the next poll may succeed.
                if not tracked.is_unreadable:
                    logger.warning("run %s: %s", tracked.job.run, error)
                    self._emit(
                        RunnerNotice(f"what a run logs cannot be read: {error.strerror or error}")
                    )
                tracked.is_unreadable = True
                if tracked.seconds_gone > FINISHER_TIMEOUT_S:
                    self._abandon(tracked, str(error))
            except Exception as error:
                logger.exception("run %s", tracked.job.run)
                self._abandon(tracked, f"{type(error).__name__}: {error}")
            while tracked.damaged_files:
                name = tracked.damaged_files.pop()
                self._emit(
                    RunnerNotice(f"{name} of a run was empty or damaged: it counts as not written")
                )

    def _poll(self, tracked: TrackedRun) -> None:
        if tracked.exit_info is not None:
            self._tail_logs(tracked)
            self._finalize(tracked)
            return
        if tracked.is_confirmed:
            self._check_process(tracked)
        if tracked.exit_info is None:
            self._tail_logs(tracked)

    def _abandon(self, tracked: TrackedRun, problem: str) -> None:
        """Report the end of a run that cannot be followed; the others continue."""
        if tracked.process is not None and is_alive(tracked.process):
            signal_group(tracked.process.pid, signal.SIGKILL)
        tracked.logs.close()
        del self._tracked[tracked.job.run]
        if not tracked.exit_reported:
            error = f"it could not be followed: {problem}"
            self._emit(RunExited(tracked.job.run, 1, None, error, time.time()))

    def child_pids(self) -> set[int]:
        """Return the processes that are waited for elsewhere."""
        pids = {tracked.process.pid for tracked in self.tracked() if tracked.process is not None}
        return pids | {tracked.finisher.pid for tracked in self.tracked() if tracked.finisher}

    def on_exit(self, tracked: TrackedRun, message: Mapping[str, Any]) -> None:
        """Record that a run's process has ended, with an exit code or a signal if known."""
        claimant = tracked.claimed_by()
        if claimant is not None and tracked.process is not None:
            if claimant.pid != tracked.process.pid:
                # The process ended because another one had claimed the run: monitor that one.
                tracked.process, tracked.parent = claimant, RunParent.UNKNOWN
                tracked.spawned = None
                return
            # Kill what is left of the run's process group.
            signal_group(tracked.process.pid, signal.SIGKILL)
        tracked.exit_info = {"ended": time.time(), **message, **(tracked.read_exit() or {})}
        folder = Path(tracked.logs.directory or tracked.job.folder)
        self.make_durable(tracked.job.paths.exit, *folder.glob("run-*.wandb"), folder)
        tracked.gone_since = time.monotonic()
        self._tail_logs(tracked)
        self._finalize(tracked)

    def _check_process(self, tracked: TrackedRun) -> None:
        if tracked.parent is RunParent.FORK_SERVER or tracked.process is None:
            return
        if tracked.parent is RunParent.RUNNER:
            status = _wait_status(tracked)
            if status is not None:
                self.on_exit(tracked, decode_wait_status(status))
                return
        if is_alive(tracked.process):
            return
        if tracked.gone_since is None:
            tracked.gone_since = time.monotonic()
        exit_info = tracked.read_exit()
        if exit_info is not None:
            self.on_exit(tracked, exit_info)
        elif tracked.seconds_gone > EXIT_FILE_TIMEOUT_S:
            self.on_exit(tracked, {})

    def _tail_logs(self, tracked: TrackedRun) -> None:
        for directory, entries, position in tracked.logs.poll():
            self._emit(RunLogged(tracked.job.run, directory, entries, position))
        if reason := tracked.upload_refusal():
            self._emit(UploadRefused(tracked.job.run, reason, tracked.logs.directory))

    def _finalize(self, tracked: TrackedRun) -> None:
        assert tracked.exit_info is not None
        tracked.logs.discover()
        is_complete = tracked.logs.is_complete
        timeout = LOG_TIMEOUT_S
        if tracked.exit_info.get("code") == 0 and tracked.logs.empty_directory:
            timeout = MISSING_LOG_TIMEOUT_S
        if not tracked.exit_reported and (is_complete or tracked.seconds_gone > timeout):
            tracked.exit_reported = True
            if not is_complete:
                tracked.reason = tracked.reason or _exit_reason(tracked.exit_info)
                tracked.finisher = self._finish_record(tracked, _exit_code(tracked.exit_info))
            self._emit(exit_event(tracked, tracked.exit_info))
        if tracked.exit_reported and _is_closed(tracked, complete=is_complete):
            if tracked.exit_info.get("code") == 0 and tracked.has_lost_records():
                self._emit(
                    RunnerNotice(
                        f"run {tracked.job.run} ended well, but wandb could not write all that it "
                        "logged, as when the disk is full: a part of its history is lost"
                    )
                )
            tracked.logs.close()
            del self._tracked[tracked.job.run]


def exit_event(tracked: TrackedRun, exit_info: Mapping[str, Any]) -> RunExited:
    """Return the end of a run as an event."""
    signal_number = exit_info.get("signal")
    error = exit_info.get("error", "")
    if not error and tracked.job.command and exit_info.get("code"):
        error = tracked.read_traceback()
    return RunExited(
        run=tracked.job.run,
        code=exit_info.get("code"),
        signal=signal_number,
        error=error,
        cause=exit_info.get("cause") or tracked.logs.cause,
        ended_at=exit_info["ended"],
        stopped=exit_info.get("stopped", ""),
        held=exit_info.get("held", False),
        recorded_exit_code=tracked.logs.exit_code,
        empty_directory=tracked.logs.empty_directory,
        hung=tracked.is_hung and signal_number == signal.SIGKILL,
        by_oom_killer=signal_number == signal.SIGKILL and oom_kill_count() > tracked.oom_kills,
    )


def _exit_reason(exit_info: Mapping[str, Any]) -> str:
    signal_number = exit_info.get("signal")
    return (
        f"killed by signal {signal_number}"
        if signal_number
        else f"exit code {exit_info.get('code', 'unknown')}"
    )


def _exit_code(exit_info: Mapping[str, Any]) -> int:
    """Return the exit code in the shell's convention."""
    signal_number = exit_info.get("signal")
    return 128 + signal_number if signal_number else int(exit_info.get("code", 1))


def _is_closed(tracked: TrackedRun, *, complete: bool) -> bool:
    """Return whether a run that has ended will write nothing more."""
    if tracked.finisher is None:
        return True
    if tracked.finisher.poll() is None:
        if tracked.seconds_gone < FINISHER_TIMEOUT_S:
            return False
        tracked.finisher.kill()
        tracked.finisher.wait()
    return complete or tracked.seconds_gone > EXIT_FILE_TIMEOUT_S


def _wait_status(tracked: TrackedRun) -> int | None:
    """Return the wait status of a run whose parent is this process, None while it runs."""
    if tracked.spawned is None:
        assert tracked.process is not None
        return reap(tracked.process.pid)
    if tracked.spawned.poll() is None:
        return None
    code = tracked.spawned.returncode
    return -code if code < 0 else code << 8


def signal_group(pid: int, number: int) -> None:
    """Signal the process group that `pid` leads, if it exists."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return
