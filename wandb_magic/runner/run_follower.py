"""Follows a run that something else executes, on a disk that this machine shares."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from wandb_magic.records import ProcessId
from wandb_magic.runner.events import RunLogged, RunnerEvent, RunStarted
from wandb_magic.runner.run_monitor import (
    EXIT_FILE_TIMEOUT_S,
    LOG_TIMEOUT_S,
    MISSING_LOG_TIMEOUT_S,
    RunParent,
    TrackedRun,
    exit_event,
)
from wandb_magic.runner.run_process import Job


class RunFollower:
    """Reports the start, the logs and the end of one run.

    Parameters
    ----------
    job
        The run.
    positions
        The position up to which each of its logs was read before.
    emit
        Called with each event.

    Attributes
    ----------
    process
        The process that executes it, on whichever machine; None before it has begun.
    """

    def __init__(
        self, job: Job, positions: Mapping[str, int], emit: Callable[[RunnerEvent], None]
    ) -> None:
        self._run = TrackedRun(job, RunParent.UNKNOWN, oom_kills=0, positions=positions)
        self._emit = emit
        self._gone_since: float | None = None
        self._ended_since: float | None = None
        self.process: ProcessId | None = None

    def poll(self, *, is_alive: bool) -> bool:
        """Report what is new.

        Parameters
        ----------
        is_alive
            Whether the process is there, as far as is known.

        Returns
        -------
        bool
            Whether the run has ended, and its end was reported. Without a process and without a
            record of its end for a while, it is reported as lost.
        """
        run = self._run
        if self.process is None and (claim := run.claimed_by()) is not None:
            self.process = claim
            self._emit(RunStarted(run.job.run, claim))
        self._poll_logs()
        ended = run.read_exit()
        if ended is None and self._may_still_end(is_alive=is_alive):
            return False
        run.logs.discover()
        self._poll_logs()
        if not run.logs.is_complete and not self._has_waited(ended or {}):
            return False
        run.exit_info = {"ended": time.time(), **(ended or {})}
        self._emit(exit_event(run, run.exit_info))
        run.logs.close()
        return True

    def _poll_logs(self) -> None:
        for directory, entries, position in self._run.logs.poll():
            self._emit(RunLogged(self._run.job.run, directory, entries, position))

    def _has_waited(self, ended: Mapping[str, Any]) -> bool:
        """Return whether the last of its log had the time to reach the disk."""
        now = time.monotonic()
        self._ended_since = self._ended_since or now
        is_missing = ended.get("code") == 0 and self._run.logs.empty_directory
        return now - self._ended_since > (MISSING_LOG_TIMEOUT_S if is_missing else LOG_TIMEOUT_S)

    def _may_still_end(self, *, is_alive: bool) -> bool:
        """Return whether the record of its end may still appear."""
        now = time.monotonic()
        self._gone_since = None if is_alive else self._gone_since or now
        return self._gone_since is None or now - self._gone_since < EXIT_FILE_TIMEOUT_S
