"""The events that a runner emits: plain data, which can be sent from another machine."""

from __future__ import annotations

from dataclasses import dataclass

from wandb_magic.log_records import LogRecord
from wandb_magic.records import ProcessId, RunId
from wandb_magic.resources import Resources


@dataclass(frozen=True)
class RunnerReady:
    """The runner can start runs."""


@dataclass(frozen=True)
class RunnerFailed:
    """The runner will never start a run: why, in one sentence, and the traceback."""

    reason: str
    details: str


@dataclass(frozen=True)
class RunnerNotice:
    """A message to the user, shown once."""

    text: str


@dataclass(frozen=True)
class ResourcesChanged:
    """What executes the runs has changed, or who uses it."""

    resources: Resources


@dataclass(frozen=True)
class UploadRefused:
    """wandb has stopped uploading a run for good: why, and the W&B folder with all of its data."""

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
    """What a run logged since the last event, its W&B folder, and the position read up to."""

    run: RunId
    directory: str
    entries: tuple[LogRecord, ...]
    position: int


@dataclass(frozen=True)
class RunExited:
    """A run's process has ended, and everything that it logged was emitted.

    Attributes
    ----------
    code
        Its exit code; None if a signal ended it, or if it is unknown.
    signal
        The signal that ended it, if one did.
    error
        The traceback or message of a run that failed.
    cause
        The same in one line, if the run or W&B's own record has it.
    ended_at
        When it ended, in seconds since the epoch.
    by_oom_killer
        Whether the kernel's out-of-memory killer was at work while the run was alive.
    stopped
        Why the run was interrupted, if it received the reason.
    held
        Whether it had failed, and was held for a debugger: what ended that is not why it ended.
    recorded_exit_code
        The exit code in W&B's own record of the run; None if there is none.
    empty_directory
        The W&B folder of a run that called ``wandb.init`` and left no log, else "".
    hung
        Whether it was ended because it had hung since its fork, before it logged anything.
    preempted
        Whether it was ended because what executed it is being shut down.
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
    preempted: bool = False
    held: bool = False


RunnerEvent = (
    RunnerReady
    | RunnerFailed
    | RunnerNotice
    | ResourcesChanged
    | UploadRefused
    | RunStarted
    | RunLogged
    | RunExited
)
