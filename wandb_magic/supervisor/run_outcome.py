"""Classifies how a run ended: turns an exit code or a signal into a state and a cause."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import Enum

from wandb_magic.records import RunRecord, RunState
from wandb_magic.runner.events import RunExited
from wandb_magic.runner.exit_cause import UNWRITABLE_LOG, cause_from_output, shorten
from wandb_magic.runner.launcher import PREEMPTED
from wandb_magic.runner.local_runner import DEVICE_ERROR, OUT_OF_MEMORY

_LOST_LOG = "wandb.init was called, but what the run logged is lost"
_BY_OOM_KILLER = " while the kernel's out-of-memory killer was at work"


@dataclass(frozen=True)
class StopReason:
    """Why the supervisor ends a run: the resulting state, and the cause."""

    state: RunState
    cause: str


class FailureKind(Enum):
    """What a failure was due to: each kind has a number of retries of its own."""

    LOST = "lost"
    PREEMPTED = "preempted"
    MEMORY = "memory"
    DEVICE = "device"
    DISK = "disk"
    CODE = "code"


def failure_kind(run: RunRecord) -> FailureKind | None:
    """Return what a run's failure was due to; None if it has not failed."""
    if not run.state.is_failure:
        return None
    if run.state is RunState.LOST:
        return FailureKind.LOST
    kinds = {
        FailureKind.PREEMPTED: run.cause == PREEMPTED,
        FailureKind.MEMORY: run.cause.startswith(f"{OUT_OF_MEMORY}: ")
        or run.cause.endswith(_BY_OOM_KILLER),
        FailureKind.DEVICE: run.cause.startswith(f"{DEVICE_ERROR} "),
        FailureKind.DISK: run.cause.startswith((f"OSError: {UNWRITABLE_LOG} ", _LOST_LOG)),
    }
    return next((kind for kind, applies in kinds.items() if applies), FailureKind.CODE)


def classify_exit(event: RunExited, reason: StopReason | None) -> tuple[RunState, str]:
    """Return the state of a run that ended, and why it ended."""
    if reason is not None and not event.held:
        return reason.state, reason.cause
    if event.preempted:
        return RunState.KILLED, PREEMPTED
    if event.stopped:
        return RunState.STOPPED, event.stopped
    if event.signal is not None or event.code is None:
        return _classify_kill(event)
    if event.code == 0:
        return _classify_success(event)
    cause = event.cause or cause_from_output(event.error) or shorten(event.error)
    return RunState.FAILED, cause or f"exit code {event.code}"


def _classify_kill(event: RunExited) -> tuple[RunState, str]:
    """Return the state and cause of a run that has no exit code."""
    if event.signal is None:
        return RunState.LOST, "its process vanished, and how it ended is unknown"
    cause = f"killed by {_signal_name(event.signal)}"
    return RunState.KILLED, cause + (_BY_OOM_KILLER if event.by_oom_killer else "")


def _classify_success(event: RunExited) -> tuple[RunState, str]:
    """Return the state and cause of a run whose process exited with code 0."""
    if event.empty_directory:
        return RunState.FAILED, f"{_LOST_LOG}: there is no log in {event.empty_directory}"
    if event.recorded_exit_code:
        return RunState.FAILED, event.cause or f"run.finish(exit_code={event.recorded_exit_code})"
    return RunState.FINISHED, ""


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
