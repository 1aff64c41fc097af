"""How a sweep stands, in one record that every front end shows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from wandb_magic.analysis.ranking import best_runs
from wandb_magic.daemon import is_supervisor_running, is_supervisor_starting
from wandb_magic.disk import read_note, shortage
from wandb_magic.paths import SweepPaths
from wandb_magic.processes import is_alive
from wandb_magic.records import RunRecord, RunState, SweepRecord, SweepState, sweep_metric
from wandb_magic.store import StoreReader
from wandb_magic.sync.state import SyncState
from wandb_magic.sync.state import read as read_sync

STARTUP_TIMEOUT_S = 30.0  # a supervisor that has not said a word for so long will not


@dataclass(frozen=True)
class Status:
    """How a sweep stands.

    Attributes
    ----------
    sweep
        Its record.
    counts
        How many runs are in each state.
    ended
        How many sets of parameters have been run; retries and reruns of one count once.
    best
        The best run, if one has a value of the objective.
    metric
        The objective's name, "" without one.
    died
        Whether it should be running and its supervisor is gone: `Sweep.resume` starts it again.
    sync
        How sending it to W&B goes; None if nobody tried, or for one that was online.
    busy
        Seconds in which any run was executed.
    waiting
        What keeps the sweep from going on, a full disk, say; "" if nothing does.
    """

    sweep: SweepRecord
    counts: Mapping[RunState, int]
    ended: int
    best: RunRecord | None
    metric: str
    died: bool
    sync: SyncState | None = None
    busy: float = 0.0
    waiting: str = ""

    @property
    def cause(self) -> str:
        """What the sweep waits for, or why it is in its state."""
        return self.waiting or self.sweep.cause

    @property
    def state(self) -> str:
        """The state in one word; ``died`` if the supervisor is gone."""
        return "died" if self.died else self.sweep.state.value

    @property
    def failed(self) -> int:
        """How many runs broke by themselves."""
        return sum(
            count
            for state, count in self.counts.items()
            if state.is_failure and state is not RunState.LOST
        )

    @property
    def lost(self) -> int:
        """How many runs vanished with their machine, or were killed with all of the sweep."""
        return self.counts.get(RunState.LOST, 0)

    @property
    def running(self) -> int:
        """How many runs have a process."""
        return self.counts.get(RunState.RUNNING, 0)

    @property
    def remaining(self) -> float | None:
        """Seconds until the budget is used up, if that can be said."""
        budget = self.sweep.budget
        if (
            self.state != "running"
            or self.waiting
            or budget is None
            or not self.busy
            or not self.ended
        ):
            return None
        pace = self.busy / self.ended  # of the time in which it worked, and not of a pause
        return max(0.0, budget - self.ended) * pace

    def __str__(self) -> str:
        budget = "" if self.sweep.budget is None else f"/{self.sweep.budget}"
        parts = [f"{self.sweep.name}  {self.state} {self.ended}{budget}"]
        if self.best is not None and self.best.value is not None:
            parts.append(f"best {self.metric} {self.best.value:.4g} (run {self.best.number})")
        if self.running:
            parts.append(f"{self.running} running")
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.lost:
            parts.append(f"{self.lost} lost")
        if self.remaining is not None:
            parts.append(f"{format_duration(self.remaining)} left")
        if self.died:
            parts.append("its supervisor is gone: resume() starts it again")
        elif self.cause:
            parts.append(self.cause)
        if self.sync is not None:
            parts.append(str(self.sync))
        return " · ".join(parts)


def status_of(reader: StoreReader, paths: SweepPaths, *, sync: bool = False) -> Status:
    """Read how a sweep stands, and with `sync` how sending it goes."""
    sweep = reader.sweep()
    metric = sweep_metric(sweep)
    died = has_died(sweep, paths)
    return Status(
        sweep=sweep,
        counts=reader.state_counts(),
        ended=reader.completed_count(),
        best=next(iter(best_runs(reader, metric, 1)), None),
        metric=metric.name if metric is not None else "",
        died=died,
        sync=read_sync(paths.sync) if sync else None,
        busy=reader.busy_seconds(time.time()) if sweep.state is SweepState.RUNNING else 0.0,
        waiting="" if died else waiting_reason(sweep, paths),
    )


def waiting_reason(sweep: SweepRecord, paths: SweepPaths) -> str:
    """Return what keeps a sweep from going on: as its supervisor says, or as the disk is."""
    if (
        sweep.supervisor is None
        or sweep.ended is not None
        or not is_supervisor_alive(sweep, paths)
    ):
        return ""
    if note := read_note(paths.lock):
        return note
    return "" if sweep.state is SweepState.PAUSED else shortage(paths.folder, paths.store.parent)


def has_died(sweep: SweepRecord, paths: SweepPaths) -> bool:
    """Tell whether a sweep should have a supervisor and has none."""
    if sweep.state.has_ended and sweep.ended is not None:
        return False
    if sweep.supervisor is None:
        if sweep.state is not SweepState.PENDING:
            return False
        starting = is_supervisor_starting(paths)
        return (
            time.time() - sweep.created > STARTUP_TIMEOUT_S if starting is None else not starting
        )
    return not is_supervisor_alive(sweep, paths)


def is_supervisor_alive(sweep: SweepRecord, paths: SweepPaths) -> bool:
    """Tell whether the supervisor that a sweep names lives, and is the one of this folder.

    A copy of the folder names the same process, and has the lock that this one holds elsewhere.
    """
    if not is_alive(sweep.supervisor):
        return False
    try:
        return is_supervisor_running(paths) or not paths.lock.exists()
    except OSError:  # another user's lock, or a file system without any: the process must do
        return True


def format_duration(seconds: float) -> str:
    """Return a duration for people: ``42 s``, ``3 m 12 s``, ``5 h 4 m``."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 - minutes in an hour
        return f"{minutes} m {rest} s"
    return f"{minutes // 60} h {minutes % 60} m"
