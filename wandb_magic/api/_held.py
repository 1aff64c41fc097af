"""Finds failed runs whose processes are held for a debugger."""

from __future__ import annotations

from dataclasses import dataclass

from wandb_magic.paths import SweepPaths
from wandb_magic.postmortem.hold_file import Hold, read_hold
from wandb_magic.records import RunRecord, RunState
from wandb_magic.store import StoreReader


@dataclass(frozen=True)
class HeldRun:
    """A run that is held: its number, until when, and where a debugger finds it."""

    number: int
    hold: Hold

    def __str__(self) -> str:
        return f"run {self.number} failed, and is held until {self.hold.end}"


def held_run(run: RunRecord, paths: SweepPaths) -> HeldRun | None:
    """Return a run if it is held."""
    if run.state is not RunState.RUNNING:
        return None
    hold = read_hold(paths.run(run.id).latest_execution)
    return None if hold is None else HeldRun(run.number, hold)


def held_runs(reader: StoreReader, paths: SweepPaths) -> list[HeldRun]:
    """Return the runs of a sweep that are held."""
    active = reader.active_runs(reader.last_row())
    return [held for run in active if (held := held_run(run, paths)) is not None]
