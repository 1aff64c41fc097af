"""Classifies how a run ended: turns an exit code or a signal into a state and a cause."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from wandb_magic.records import RunState
from wandb_magic.runner.events import RunExited
from wandb_magic.runner.exit_cause import cause_from_output, shorten


@dataclass(frozen=True)
class StopReason:
    """Why the supervisor ends a run: the resulting state, and the cause."""

    state: RunState
    cause: str


def classify_exit(event: RunExited, reason: StopReason | None) -> tuple[RunState, str]:
    """Return the state of a run that ended, and why it ended."""
    if reason is not None:
        return reason.state, reason.cause
    if event.stopped:
        return RunState.STOPPED, event.stopped
    if event.signal is not None:
        cause = f"killed by {_signal_name(event.signal)}"
        if event.by_oom_killer:
            cause += " while the kernel's out-of-memory killer was at work"
        return RunState.KILLED, cause
    if event.code == 0:
        return _classify_success(event)
    if event.code is None:
        return RunState.LOST, "its process vanished, and how it ended is unknown"
    cause = event.cause or cause_from_output(event.error) or shorten(event.error)
    return RunState.FAILED, cause or f"exit code {event.code}"


def _classify_success(event: RunExited) -> tuple[RunState, str]:
    """Return the state and cause of a run whose process exited with code 0."""
    if event.empty_directory:
        cause = "wandb.init was called, but what the run logged is lost: there is no log in "
        return RunState.FAILED, cause + event.empty_directory
    if event.recorded_exit_code:
        return RunState.FAILED, event.cause or f"run.finish(exit_code={event.recorded_exit_code})"
    return RunState.FINISHED, ""


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
