"""The runs of another sweep, as a prior for a new one."""

from __future__ import annotations

from typing import Any

from wandb_magic.errors import SweepStateError
from wandb_magic.paths import SweepPaths, SyncPaths
from wandb_magic.sync.state import read, sent
from wandb_magic.verbs.finding import attach
from wandb_magic.verbs.handle import Sweep


def priors_of(sweep: str | Sweep) -> tuple[dict[str, Any], ...]:
    """Return parameters and objective of each run of a sweep that has one.

    Raises
    ------
    SweepNotFoundError
        If there is no such sweep.
    SweepStateError
        If none of its runs has a value of its objective.
    """
    handle = attach(sweep) if isinstance(sweep, str) else sweep
    found = tuple(
        {"params": dict(run.params), "value": run.value}
        for run in handle.records()
        if run.value is not None
    )
    if not found:
        raise SweepStateError(f"sweep {handle.id} has no run with a value to learn from")
    return found


def prior_runs_of(sweep: str | Sweep, project: str) -> tuple[str, ...]:
    """Return the ids under which W&B has the runs of a sweep, for an online sweep in `project`.

    Raises
    ------
    SweepNotFoundError
        If there is no such sweep.
    SweepStateError
        If it is not at W&B, or in another project: W&B learns from runs of the same one only.
    """
    handle = attach(sweep) if isinstance(sweep, str) else sweep
    record = handle.status().sweep
    there = handle.url is not None
    if record.mode == "online":
        home, found = record.project, tuple(run.id for run in handle.records())
    else:
        synced = SweepPaths(handle.path).sync
        home, found = project_of(synced), tuple(sent(synced)) if there else ()
    if not found:
        raise SweepStateError(
            f"prior: sweep {handle.id} has no run at W&B: send it there with "
            f"%wandb_sweep sync {handle.id}, or use --mode offline"
        )
    if home != project:
        raise SweepStateError(
            f"prior: the runs of sweep {handle.id} are in the project {home!r}, and W&B learns "
            f"from runs of the same project only: use --project {home}"
        )
    return found


def project_of(synced: SyncPaths) -> str:
    """Return the project to which a sweep was sent, "" if it was not."""
    state = read(synced)
    return "" if state is None else state.target.project
