"""Taking hold of a sweep: one that this machine knows, or one that exists at the W&B server."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from wandb_magic.errors import SweepNotFoundError
from wandb_magic.records import Options
from wandb_magic.verbs import finding
from wandb_magic.verbs.handle import Sweep
from wandb_magic.verbs.serving import names_a_sweep, serve
from wandb_magic.verbs.settings import Code, Settings


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
            return finding.attach(sweep)
        except SweepNotFoundError:
            if not names_a_sweep(sweep):
                raise
    options = Options(seed=secrets.randbits(31))
    settings = Settings(count, agents, None, project, entity, "auto", options, None)
    return serve(sweep, Code(function=function), settings)
