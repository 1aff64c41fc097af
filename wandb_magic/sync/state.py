"""How far a sweep has been sent: the only memory of a sync, so that the next one goes on there.

Two files. ``state.json`` says where to and how it goes; it is replaced as a whole. ``runs.log``
has a line for each step of a run and only grows, so that a step costs the same however many runs
there are. A step is noted before it is taken (``begun``) and after (``sent``, with the time at
which the run had ended: one that is resumed and ends again has to be sent again); what stands
between was interrupted. Only the process that holds the lock writes either.
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
    """What was done with a run: it was ``BEGUN``, or is ``SENT`` as a whole."""

    BEGUN = "begun"
    SENT = "sent"


class Phase(str, Enum):
    """What a sync does.

    ``CREATING`` the sweep at W&B or finding it again, ``SENDING`` the runs that have ended,
    ``WAITING`` for the living ones; ``DONE`` when all were sent, ``FAILED`` if it cannot go on:
    its problem says why.
    """

    CREATING = "creating"
    SENDING = "sending"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing more will be sent, unless somebody asks again."""
        return self in (Phase.DONE, Phase.FAILED)


@dataclass(frozen=True)
class Target:
    """The sweep at W&B.

    Attributes
    ----------
    entity, project, id
        Its place, as the server named them; `id` is "" while there is no sweep.
    url
        Its page.
    """

    entity: str = ""
    project: str = ""
    id: str = ""
    url: str = ""

    @property
    def path(self) -> str:
        """W&B's own name of it."""
        return f"{self.entity}/{self.project}/{self.id}"


@dataclass(frozen=True)
class SyncState:
    """Where a sweep is sent to, and how that goes.

    Attributes
    ----------
    target
        The sweep at W&B, or what is known of it yet.
    phase
        What is being done.
    asked
        Whether the server was asked for the sweep: it may have one, though no answer came.
    runs
        How many runs the sweep has.
    sent
        How many of them have arrived.
    problem
        Why it failed, in a sentence; "" if it did not.
    notices
        What did not go as it should, in sentences.
    process
        Who does it.
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
        """Whether it should go on, and its process is gone."""
        return not self.phase.ended and not is_alive(self.process)

    def __str__(self) -> str:
        where = f" to {self.target.url}" if self.target.url else ""
        text = f"synced {self.sent}/{self.runs}{where}"
        if self.phase is Phase.CREATING and not where:
            text = "creating the sweep at W&B"
        if self.problem:
            return f"{text} · {self.problem}"
        if self.interrupted:
            return f"{text} · interrupted: sync again to go on"
        return f"{text} · waiting for the living runs" if self.phase is Phase.WAITING else text


def read(paths: SyncPaths) -> SyncState | None:
    """Return how far a sweep has been sent; None if nobody ever tried."""
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
        # Whether the server has the sweep is not known: it is looked for before it is made.
        problem = f"{paths.state} cannot be read ({error}): sync again to look what W&B has"
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
    """Return the last step of each run; a line that was cut off by a crash never was."""
    found: dict[RunId, RunUploadStatus] = {}
    try:
        text = read_regular_file(paths.runs)
    except (OSError, ValueError):  # what has arrived, the server knows
        return found
    for line in text.split("\n")[:-1]:
        step, run, ended, *_ = [*line.split(" "), "", "", ""]
        if is_id(run) and step == UploadStep.BEGUN.value:
            found[RunId(run)] = RunUploadStatus(UploadStep.BEGUN)
        elif is_id(run) and step == UploadStep.SENT.value:
            with contextlib.suppress(ValueError):
                found[RunId(run)] = RunUploadStatus(UploadStep.SENT, float(ended or "nan"))
    return found


def sent(paths: SyncPaths) -> list[RunId]:
    """Return the runs that have arrived: an online sweep can begin with them as its priors."""
    return [run for run, taken in steps(paths).items() if taken.sent]


class SyncJournal:
    """Notes how far a sync is; owned by the one process that holds the lock.

    Parameters
    ----------
    paths
        Where to note it.
    state
        How it stands.
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
        """Note a step of a run; it is on the disk when this returns."""
        ended = f" {run.ended!r}" if step is UploadStep.SENT and run.ended is not None else ""
        with self._paths.runs.open("a", encoding="ascii") as file:
            file.write(f"{step.value} {run.id}{ended}\n")
            file.flush()
            os.fsync(file.fileno())
        self.uploads[run.id] = RunUploadStatus(step, run.ended)

    def is_sent(self, run: RunRecord) -> bool:
        """Tell whether a run has arrived as it is now."""
        taken = self.uploads.get(run.id)
        return taken is not None and taken.sent and taken.ended == run.ended

    def _terminate_partial_line(self) -> None:
        if self._paths.runs.exists() and not self._paths.runs.read_bytes().endswith(b"\n"):
            with self._paths.runs.open("ab") as file:
                file.write(b"\n")
