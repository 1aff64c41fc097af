"""What an ending means: from an exit code or a signal to a state and its cause, in words."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from wandb_magic.causes import cause_in, shorten
from wandb_magic.host import Ended
from wandb_magic.records import RunState


@dataclass(frozen=True)
class Intent:
    """Why the supervisor ends a run itself: the state that this leads to, and the cause."""

    state: RunState
    cause: str


def verdict(ended: Ended, intent: Intent | None) -> tuple[RunState, str]:
    """Return the state of a run that ended, and why it ended."""
    if intent is not None:
        return intent.state, intent.cause
    if ended.stopped:
        return RunState.STOPPED, ended.stopped
    if ended.signal is not None:
        cause = f"killed by {_name(ended.signal)}"
        if ended.memory_killer:
            cause += " while the kernel's out-of-memory killer was at work"
        return RunState.KILLED, cause
    if ended.code == 0:
        return _verdict_of_success(ended)
    if ended.code is None:
        return RunState.LOST, "its process vanished, and nobody saw how"
    cause = ended.cause or cause_in(ended.error) or shorten(ended.error)
    return RunState.FAILED, cause or f"exit code {ended.code}"


def _verdict_of_success(ended: Ended) -> tuple[RunState, str]:
    """Return whether a process that ended well is a run that did."""
    if ended.unlogged:
        cause = "wandb.init was called, but what the run logged is lost: there is no log in "
        return RunState.FAILED, cause + ended.unlogged
    if ended.recorded:
        return RunState.FAILED, ended.cause or f"run.finish(exit_code={ended.recorded})"
    return RunState.FINISHED, ""


def _name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
