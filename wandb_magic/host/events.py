"""What a host says. Plain data: a launcher may carry it from another machine."""

from __future__ import annotations

from dataclasses import dataclass

from wandb_magic.entries import Entry
from wandb_magic.records import Process, RunId


@dataclass(frozen=True)
class Ready:
    """The host can start runs."""


@dataclass(frozen=True)
class Broken:
    """The host will never start a run: why, in one sentence, and the traceback behind it."""

    reason: str
    details: str


@dataclass(frozen=True)
class Notice:
    """Something that the user should know once."""

    text: str


@dataclass(frozen=True)
class Refused:
    """wandb has stopped uploading a run for good: why, and W&B's folder that has all of it."""

    run: RunId
    reason: str
    directory: str


@dataclass(frozen=True)
class Started:
    """A run has a process."""

    run: RunId
    process: Process


@dataclass(frozen=True)
class Logged:
    """What a run logged since the last time, in which W&B folder, and how far that reaches."""

    run: RunId
    directory: str
    entries: tuple[Entry, ...]
    position: int


@dataclass(frozen=True)
class Ended:
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
    at
        When it ended, in seconds since the epoch.
    memory_killer
        Whether the kernel's out-of-memory killer was at work while the run was alive.
    stopped
        Why the run was interrupted, if it heard that.
    recorded
        The exit code in W&B's own record of the run, None if it has none.
    unlogged
        The W&B folder of a run that called ``wandb.init`` and left no log, else "".
    hung
        Whether it was ended because it had hung since its fork, before it logged anything.
    """

    run: RunId
    code: int | None
    signal: int | None
    error: str
    at: float
    memory_killer: bool = False
    stopped: str = ""
    recorded: int | None = None
    unlogged: str = ""
    cause: str = ""
    hung: bool = False


Event = Ready | Broken | Notice | Refused | Started | Logged | Ended
