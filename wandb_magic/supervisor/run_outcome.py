"""What an ending means: from an exit code or a signal to a state and its cause, in words."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from wandb_magic.records import RunState
from wandb_magic.runner.events import RunExited
from wandb_magic.runner.exit_cause import cause_from_output, shorten


@dataclass(frozen=True)
class StopReason:
    """Why the supervisor ends a run itself: the state that this leads to, and the cause."""

    state: RunState
    cause: str


def classify_exit(ended: RunExited, reason: StopReason | None) -> tuple[RunState, str]:
    """Return the state of a run that ended, and why it ended."""
    if reason is not None:
        return reason.state, reason.cause
    if ended.stopped:
        return RunState.STOPPED, ended.stopped
    if ended.signal is not None:
        cause = f"killed by {_signal_name(ended.signal)}"
        if ended.by_oom_killer:
            cause += " while the kernel's out-of-memory killer was at work"
        return RunState.KILLED, cause
    if ended.code == 0:
        return _classify_success(ended)
    if ended.code is None:
        return RunState.LOST, "its process vanished, and nobody saw how"
    cause = ended.cause or cause_from_output(ended.error) or shorten(ended.error)
    return RunState.FAILED, cause or f"exit code {ended.code}"


def _classify_success(ended: RunExited) -> tuple[RunState, str]:
    """Return whether a process that ended well is a run that did."""
    if ended.empty_directory:
        cause = "wandb.init was called, but what the run logged is lost: there is no log in "
        return RunState.FAILED, cause + ended.empty_directory
    if ended.recorded_exit_code:
        return RunState.FAILED, ended.cause or f"run.finish(exit_code={ended.recorded_exit_code})"
    return RunState.FINISHED, ""


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
