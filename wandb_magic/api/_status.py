"""The status of a sweep, as displayed by every front end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wandb_magic.analysis.escape_sequences import plain_line
from wandb_magic.analysis.ranking import best_runs, best_sets
from wandb_magic.analysis.repeats import has_repeats
from wandb_magic.api._eta import Eta, Progress, estimate
from wandb_magic.api._held import HeldRun, held_runs
from wandb_magic.api._quiet import QuietRun, quiet_runs
from wandb_magic.daemon import is_supervisor_running, is_supervisor_starting
from wandb_magic.disk import read_note, shortage
from wandb_magic.durations import format_duration
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
from wandb_magic.sweep_limits import cost_of, time_left
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
    eta
        How long it will still take; None if that is unknown, or it does not run.
    best_runs, best_spread
        How many runs the value of the best one is the mean of, and their standard deviation.
    quiet
        The runs that have neither logged nor printed anything for ten minutes.
    held
        The failed runs whose processes are held for a debugger.
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
    eta: Eta | None = None
    best_runs: int = 1
    best_spread: float | None = None
    waiting: str = ""
    quiet: tuple[QuietRun, ...] = ()
    held: tuple[HeldRun, ...] = ()
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
        """Estimated seconds until the sweep ends; None if there is no estimate."""
        return None if self.eta is None else self.eta.seconds

    @property
    def cost(self) -> float | None:
        """What the sweep has cost so far; None without a price."""
        return cost_of(self.sweep)

    @property
    def best_name(self) -> str:
        """Which run is the best: ``run 7``, or ``run 7 and 2 repeats``."""
        name = "" if self.best is None else f"run {self.best.number}"
        others = self.best_runs - 1
        return f"{name} and {others} repeat{'s' if others > 1 else ''}" if others else name

    @property
    def time_left(self) -> str:
        """How long it will still take, in words; "" if that is unknown."""
        if self.eta is None:
            return ""
        text = f"{format_duration(self.eta.seconds)} left"
        low, high = format_duration(self.eta.low), format_duration(self.eta.high)
        return text if low == high else f"{text} ({low} to {high})"

    def __str__(self) -> str:
        budget = "" if self.sweep.budget is None else f"/{self.sweep.budget}"
        parts = [f"{plain_line(self.sweep.name)}  {self.state} {self.ended}{budget}"]
        if self.best is not None and self.best.value is not None:
            spread = "" if self.best_spread is None else f" ± {self.best_spread:.2g}"
            parts.append(f"best {self.metric} {self.best.value:.4g}{spread} ({self.best_name})")
        if self.others:
            parts.append(f"several objectives: {', '.join((self.metric, *self.others))}")
        if self.running:
            parts.append(f"{self.running} running")
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.lost:
            parts.append(f"{self.lost} lost")
        parts += map(str, (*self.held, *self.quiet))
        if self.eta is not None:
            parts.append(self.time_left)
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
    waiting = "" if died else waiting_reason(sweep, paths)
    counts = reader.state_counts()
    held = held_runs(reader, paths) if sweep.options.hold and not died else []
    held_numbers = {run.number for run in held}
    quiet = quiet_runs(reader, paths) if sweep.state is SweepState.RUNNING else []
    return Status(
        sweep=sweep,
        counts=counts,
        ended=reader.completed_count(),
        **_best(reader, sweep),
        others=tuple(other.name for other in sweep_metrics(sweep)[1:]),
        metric=metric.name if metric is not None else "",
        died=died,
        sync=read_sync(paths.sync) if sync else None,
        eta=None
        if died or (waiting and not counts.get(RunState.RUNNING))
        else _eta(reader, sweep),
        waiting=waiting,
        quiet=tuple(run for run in quiet if run.number not in held_numbers),
        held=tuple(held),
    )


def _best(reader: StoreReader, sweep: SweepRecord) -> dict[str, Any]:
    if not has_repeats(sweep):
        return {"best": next(iter(best_runs(reader, sweep, 1)), None)}
    best = next(iter(best_sets(reader, sweep, 1)), None)
    if best is None:
        return {"best": None}
    return {"best": best.run, "best_runs": best.runs, "best_spread": best.spread}


def _eta(reader: StoreReader, sweep: SweepRecord) -> Eta | None:
    """Return how long a running sweep will still take."""
    if sweep.state is not SweepState.RUNNING:
        return None
    times = reader.run_times(time.time())
    # Slots were idle before the first run because the code was being read, for example.
    idle_first = 0.0
    if times.first_started is not None and sweep.started is not None:
        idle_first = sweep.agents * max(0.0, times.first_started - sweep.started)
    idle = max(0.0, sweep.slot_seconds - sweep.run_seconds - idle_first)
    return estimate(
        Progress(
            times.durations,
            times.ages,
            None if sweep.budget is None else max(0, sweep.budget - times.begun),
            sweep.agents,
            gap=idle / max(1, times.begun),
            time_left=time_left(sweep, len(times.ages)),
        )
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
