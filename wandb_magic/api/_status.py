"""The status of a sweep, as displayed by every front end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from wandb_magic.analysis.escape_sequences import plain_line
from wandb_magic.analysis.ranking import best_runs
from wandb_magic.api._quiet import QuietRun, quiet_runs
from wandb_magic.daemon import is_supervisor_running, is_supervisor_starting
from wandb_magic.disk import read_note, shortage
from wandb_magic.paths import SweepPaths
from wandb_magic.processes import is_alive
from wandb_magic.records import (
    RunRecord,
    RunState,
    SweepRecord,
    SweepState,
    sweep_metric,
    sweep_metrics,
)
from wandb_magic.store import StoreReader
from wandb_magic.sync.state import SyncState
from wandb_magic.sync.state import read as read_sync

STARTUP_TIMEOUT_S = 30.0  # a supervisor that has written nothing for this long has died


@dataclass(frozen=True)
class Status:
    """The status of a sweep.

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
    others
        The names of the other objectives, if there are several: then there is no best run.
    died
        Whether it should be running but has lost its supervisor: `Sweep.resume` restarts it.
    sync
        The progress of sending it to W&B; None if it was never sent, or is online.
    busy
        Seconds during which at least one run was executing.
    quiet
        The runs that have neither logged nor printed anything for ten minutes.
    waiting
        What prevents the sweep from continuing, for example a full disk; "" if nothing does.
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
    quiet: tuple[QuietRun, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def cause(self) -> str:
        """What the sweep waits for, or the reason for its state."""
        return self.waiting or self.sweep.cause

    @property
    def state(self) -> str:
        """The state in one word; ``died`` if the sweep has lost its supervisor."""
        return "died" if self.died else self.sweep.state.value

    @property
    def failed(self) -> int:
        """The number of runs that failed on their own, not counting lost ones."""
        return sum(
            count
            for state, count in self.counts.items()
            if state.is_failure and state is not RunState.LOST
        )

    @property
    def lost(self) -> int:
        """The number of runs that were lost with their machine, or killed with the whole sweep."""
        return self.counts.get(RunState.LOST, 0)

    @property
    def all_failed(self) -> bool:
        """Whether the sweep has finished, and all of its runs failed: it is no success."""
        if self.sweep.state is not SweepState.FINISHED or self.died:
            return False
        return any(self.counts.values()) and all(
            state.is_failure for state, count in self.counts.items() if count
        )

    @property
    def running(self) -> int:
        """The number of runs that have a process."""
        return self.counts.get(RunState.RUNNING, 0)

    @property
    def remaining(self) -> float | None:
        """Estimated seconds until the budget is used up; None if there is no estimate."""
        budget = self.sweep.budget
        if (
            self.state != "running"
            or (self.waiting and not self.running)
            or budget is None
            or not self.busy
            or not self.ended
        ):
            return None
        pace = self.busy / self.ended  # seconds per run, pauses excluded
        return max(0.0, budget - self.ended) * pace

    def __str__(self) -> str:
        budget = "" if self.sweep.budget is None else f"/{self.sweep.budget}"
        parts = [f"{plain_line(self.sweep.name)}  {self.state} {self.ended}{budget}"]
        if self.best is not None and self.best.value is not None:
            parts.append(f"best {self.metric} {self.best.value:.4g} (run {self.best.number})")
        if self.others:
            parts.append(f"several objectives: {', '.join((self.metric, *self.others))}")
        if self.running:
            parts.append(f"{self.running} running")
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.lost:
            parts.append(f"{self.lost} lost")
        parts += map(str, self.quiet)
        if self.remaining is not None:
            parts.append(f"{format_duration(self.remaining)} left")
        if self.died:
            parts.append("its supervisor is not running: resume() starts it again")
        elif self.cause:
            parts.append(plain_line(self.cause))
        if self.sync is not None:
            parts.append(str(self.sync))
        return " · ".join(parts)


def status_of(reader: StoreReader, paths: SweepPaths, *, sync: bool = False) -> Status:
    """Read the status of a sweep; with `sync`, include the progress of sending it to W&B."""
    sweep = reader.sweep()
    metric = sweep_metric(sweep)
    died = has_died(sweep, paths)
    return Status(
        sweep=sweep,
        counts=reader.state_counts(),
        ended=reader.completed_count(),
        best=next(iter(best_runs(reader, sweep, 1)), None),
        others=tuple(other.name for other in sweep_metrics(sweep)[1:]),
        metric=metric.name if metric is not None else "",
        died=died,
        sync=read_sync(paths.sync) if sync else None,
        busy=reader.busy_seconds(time.time()) if sweep.state is SweepState.RUNNING else 0.0,
        waiting="" if died else waiting_reason(sweep, paths),
        quiet=tuple(quiet_runs(reader, paths)) if sweep.state is SweepState.RUNNING else (),
    )


def waiting_reason(sweep: SweepRecord, paths: SweepPaths) -> str:
    """Return what a sweep waits for, from its supervisor's note or from the state of the disk."""
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
    """Return whether a sweep should have a supervisor but has none."""
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
    """Return whether the supervisor that a sweep names is alive, and belongs to this folder.

    A copy of the folder names the same process, but that process locks the original folder.
    """
    if not is_alive(sweep.supervisor):
        return False
    try:
        return is_supervisor_running(paths) or not paths.lock.exists()
    except OSError:  # another user's lock, or no locks on this file system: rely on the process
        return True


def format_duration(seconds: float) -> str:
    """Return a human-readable duration: ``42 s``, ``3 m 12 s``, ``5 h 4 m``."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 - minutes in an hour
        return f"{minutes} m {rest} s"
    return f"{minutes // 60} h {minutes % 60} m"
