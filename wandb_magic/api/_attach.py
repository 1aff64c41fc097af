"""Attaches to a sweep that this machine has, or that exists at the W&B server."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from wandb_magic.api import _local_sweeps
from wandb_magic.api._attach_remote import attach_remote, is_remote_sweep
from wandb_magic.api._options import LaunchOptions, RunCode
from wandb_magic.api._sweep import Sweep
from wandb_magic.errors import SweepNotFoundError
from wandb_magic.records import Options


def attach(
    sweep: str,
    function: Callable[[], object] | None = None,
    *,
    count: int | None = None,
    agents: int = 1,
    entity: str | None = None,
    project: str | None = None,
) -> Sweep:
    """Return a sweep; if it was created elsewhere, run agents for it on this machine.

    A sweep that this machine already has is only returned, unless there is a function to run. For
    a sweep that only the W&B server has, this machine starts agents, which run the function or the
    sweep's own program.

    Parameters
    ----------
    sweep
        An id, an id prefix, a name or a folder; for a W&B sweep, an id, ``entity/project/id`` or
        the URL of the sweep's page.
    function
        The function that each run calls without arguments.
    count
        How many runs to start on this machine.
    agents
        How many runs execute at the same time.
    entity, project
        The entity and project at W&B, if `sweep` does not contain them.

    Raises
    ------
    SweepNotFoundError
        If no sweep matches, or more than one.
    RemoteError
        If the W&B server cannot be reached, or has no such sweep.
    """
    if function is None:
        try:
            return _local_sweeps.find_local(sweep)
        except SweepNotFoundError:
            if not is_remote_sweep(sweep):
                raise
    options = Options(seed=secrets.randbits(31))
    settings = LaunchOptions(count, agents, None, project, entity, "auto", options, None)
    return attach_remote(sweep, RunCode(function=function), settings)
