"""The progress of a sync: its only persistent state, from which the next sync continues.

There are two files. ``state.json`` contains the target and the state; it is replaced as a whole.
``runs.log`` has a line for each step of a run and only grows, so that a step costs the same
however many runs there are. A step is recorded before it is taken (``begun``) and after (``sent``,
with the time at which the run had ended: a run that is resumed and ends again must be sent again);
a run with only the former was interrupted. Only the process that holds the lock writes either
file.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any

from wandb_magic.paths import FOLDER_MODE, SyncPaths, read_regular_file, write_atomically
from wandb_magic.processes import is_alive
from wandb_magic.records import ProcessId, RunId, RunRecord, is_id


class UploadStep(str, Enum):
    """The progress of a run: its upload was ``BEGUN``, or it was ``SENT`` completely."""

    BEGUN = "begun"
    SENT = "sent"


class Phase(str, Enum):
    """The phase of a sync.

    ``CREATING`` the sweep at W&B or finding it again, ``SENDING`` the runs that have ended,
    ``WAITING`` for active runs; ``DONE`` when all were sent, ``FAILED`` if it cannot continue: its
    problem has the reason.
    """

    CREATING = "creating"
    SENDING = "sending"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing more will be sent unless another sync is requested."""
        return self in (Phase.DONE, Phase.FAILED)


@dataclass(frozen=True)
class Target:
    """The sweep at W&B.

    Attributes
    ----------
    entity, project, id
        Its path, as named by the server; `id` is "" while there is no sweep.
    url
        Its page.
    """

    entity: str = ""
    project: str = ""
    id: str = ""
    url: str = ""

    @property
    def path(self) -> str:
        """Its path in W&B's notation."""
        return f"{self.entity}/{self.project}/{self.id}"


@dataclass(frozen=True)
class SyncState:
    """The target and the progress of a sync.

    Attributes
    ----------
    target
        The sweep at W&B, as far as it is known.
    phase
        The current phase.
    asked
        Whether the sweep was requested: the server may have created it even if no response came.
    runs
        The number of runs of the sweep.
    sent
        The number of runs that have arrived.
    problem
        Why it failed, as a sentence; "" if it did not.
    notices
        Sentences about what did not go as expected.
    process
        The process that does it.
    """

    target: Target
    phase: Phase = Phase.CREATING
    asked: bool = False
    runs: int = 0
    sent: int = 0
    problem: str = ""
    notices: tuple[str, ...] = ()
    process: ProcessId | None = None

    @property
    def interrupted(self) -> bool:
        """Whether it is not finished and its process no longer exists."""
        return not self.phase.ended and not is_alive(self.process)

    def __str__(self) -> str:
        target = f" to {self.target.url}" if self.target.url else ""
        text = f"synced {self.sent}/{self.runs}{target}"
        if self.phase is Phase.CREATING and not target:
            text = "creating the sweep at W&B"
        if self.problem:
            return f"{text} · {self.problem}"
        if self.interrupted:
            return f"{text} · interrupted: sync again to continue"
        return f"{text} · waiting for active runs" if self.phase is Phase.WAITING else text


def read(paths: SyncPaths) -> SyncState | None:
    """Return how far a sweep has been sent; None if no sync was ever started."""
    try:
        data: dict[str, Any] = json.loads(read_regular_file(paths.state))
        data["target"] = Target(**data["target"])
        data["phase"] = Phase(data["phase"])
        data["notices"] = tuple(data["notices"])
        data["process"] = None if data["process"] is None else ProcessId(**data["process"])
        return SyncState(**data)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        # It is unknown whether the server has the sweep: search for it before creating one.
        problem = f"{paths.state} cannot be read ({error}): sync again to check what W&B has"
        return SyncState(Target(), Phase.FAILED, asked=True, problem=problem)


@dataclass(frozen=True)
class RunUploadStatus:
    """The last step that was taken with a run, which had ended at `ended` (epoch seconds)."""

    step: UploadStep
    ended: float | None = None

    @property
    def sent(self) -> bool:
        """Whether the run has arrived."""
        return self.step is UploadStep.SENT


def steps(paths: SyncPaths) -> dict[RunId, RunUploadStatus]:
    """Return the last step of each run; a line that was cut off by a crash does not count."""
    uploads: dict[RunId, RunUploadStatus] = {}
    try:
        text = read_regular_file(paths.runs)
    except (OSError, ValueError):  # the server knows what has arrived
        return uploads
    for line in text.split("\n")[:-1]:
        step, run, ended, *_ = [*line.split(" "), "", "", ""]
        if is_id(run) and step == UploadStep.BEGUN.value:
            uploads[RunId(run)] = RunUploadStatus(UploadStep.BEGUN)
        elif is_id(run) and step == UploadStep.SENT.value:
            with contextlib.suppress(ValueError):
                uploads[RunId(run)] = RunUploadStatus(UploadStep.SENT, float(ended or "nan"))
    return uploads


def sent(paths: SyncPaths) -> list[RunId]:
    """Return the runs that have arrived: an online sweep can use them as priors."""
    return [run for run, status in steps(paths).items() if status.sent]


class SyncJournal:
    """Records the progress of a sync; owned by the one process that holds the lock.

    Parameters
    ----------
    paths
        The files to write.
    state
        The current state.
    """

    def __init__(self, paths: SyncPaths, state: SyncState) -> None:
        self._paths = paths
        paths.folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        self.uploads: dict[RunId, RunUploadStatus] = steps(paths)
        self.state = state
        self._terminate_partial_line()

    def update(self, **fields: object) -> None:
        """Change fields of the state."""
        changed = replace(self.state, **fields)  # type: ignore[arg-type] # as the state's own
        if changed != self.state or not self._paths.state.exists():
            self.state = changed
            write_atomically(self._paths.state, json.dumps(asdict(changed)))

    def add_notice(self, text: str) -> None:
        """Add a notice, once."""
        if text not in self.state.notices:
            self.update(notices=(*self.state.notices, text))

    def record_step(self, run: RunRecord, step: UploadStep) -> None:
        """Record a step of a run; it is on disk when this returns."""
        ended = f" {run.ended!r}" if step is UploadStep.SENT and run.ended is not None else ""
        with self._paths.runs.open("a", encoding="ascii") as file:
            file.write(f"{step.value} {run.id}{ended}\n")
            file.flush()
            os.fsync(file.fileno())
        self.uploads[run.id] = RunUploadStatus(step, run.ended)

    def is_sent(self, run: RunRecord) -> bool:
        """Return whether the current state of a run has arrived."""
        status = self.uploads.get(run.id)
        return status is not None and status.sent and status.ended == run.ended

    def _terminate_partial_line(self) -> None:
        if self._paths.runs.exists() and not self._paths.runs.read_bytes().endswith(b"\n"):
            with self._paths.runs.open("ab") as file:
                file.write(b"\n")
