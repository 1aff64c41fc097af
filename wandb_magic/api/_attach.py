"""Taking hold of a sweep: one that this machine knows, or one that exists at the W&B server."""

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
    """Return a sweep; if it is another machine's, run agents for it here.

    A sweep that this machine knows is only returned, unless there is a function to run. One that
    only the W&B server knows gets agents here, which run the function, or the sweep's own program.

    Parameters
    ----------
    sweep
        An id, the beginning of one, a name or a folder; at W&B an id, ``entity/project/id`` or the
        address of the sweep's page.
    function
        What each run calls, without arguments.
    count
        How many runs to start here.
    agents
        How many runs at a time.
    entity, project
        Where to look at W&B if `sweep` does not say it.

    Raises
    ------
    SweepNotFoundError
        If there is none, or more than one.
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
