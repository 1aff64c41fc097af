"""What a host says. Plain data: a launcher may carry it from another machine."""

from __future__ import annotations

from dataclasses import dataclass

from wandb_magic.log_records import LogRecord
from wandb_magic.records import ProcessId, RunId


@dataclass(frozen=True)
class RunnerReady:
    """The host can start runs."""


@dataclass(frozen=True)
class RunnerFailed:
    """The host will never start a run: why, in one sentence, and the traceback behind it."""

    reason: str
    details: str


@dataclass(frozen=True)
class RunnerNotice:
    """Something that the user should know once."""

    text: str


@dataclass(frozen=True)
class UploadRefused:
    """wandb has stopped uploading a run for good: why, and W&B's folder that has all of it."""

    run: RunId
    reason: str
    directory: str


@dataclass(frozen=True)
class RunStarted:
    """A run has a process."""

    run: RunId
    process: ProcessId


@dataclass(frozen=True)
class RunLogged:
    """What a run logged since the last time, in which W&B folder, and how far that reaches."""

    run: RunId
    directory: str
    entries: tuple[LogRecord, ...]
    position: int


@dataclass(frozen=True)
class RunExited:
    """A run's process is gone, and all that it logged has been said.

    Attributes
    ----------
    code
        Its exit code, None if a signal ended it or nobody knows.
    signal
        The signal that ended it, if one did.
    error
        The traceback or message of a run that failed.
    cause
        The same in one line, if the run could say it, or W&B's own record does.
    ended_at
        When it ended, in seconds since the epoch.
    by_oom_killer
        Whether the kernel's out-of-memory killer was at work while the run was alive.
    stopped
        Why the run was interrupted, if it heard that.
    recorded_exit_code
        The exit code in W&B's own record of the run, None if it has none.
    empty_directory
        The W&B folder of a run that called ``wandb.init`` and left no log, else "".
    hung
        Whether it was ended because it had hung since its fork, before it logged anything.
    """

    run: RunId
    code: int | None
    signal: int | None
    error: str
    ended_at: float
    by_oom_killer: bool = False
    stopped: str = ""
    recorded_exit_code: int | None = None
    empty_directory: str = ""
    cause: str = ""
    hung: bool = False


RunnerEvent = (
    RunnerReady | RunnerFailed | RunnerNotice | UploadRefused | RunStarted | RunLogged | RunExited
)
