"""The runs of another sweep, as a prior for a new one."""

from __future__ import annotations

from typing import Any

from wandb_magic.errors import SweepStateError
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
