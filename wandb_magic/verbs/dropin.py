"""The drop-in for ``wandb.agent``: the same call, and the kernel stays free."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from wandb_magic.errors import SweepError
from wandb_magic.spec import load
from wandb_magic.verbs.finding import attach
from wandb_magic.verbs.handle import Sweep
from wandb_magic.verbs.starting import start


def agent(
    config_or_sweep: Mapping[str, Any] | str | os.PathLike[str],
    function: Callable[[], object] | None = None,
    count: int | None = None,
    *,
    entity: str | None = None,
    project: str | None = None,
) -> Sweep:
    """Run a sweep as ``wandb.agent`` would, in a process of its own, and return at once.

    Parameters
    ----------
    config_or_sweep
        A sweep config, or an existing sweep by id or name.
    function
        What each run calls, without arguments.
    count
        How many runs to start.
    entity, project
        As in W&B.

    Raises
    ------
    SweepError
        If an existing sweep is given a function: it has its own.
    """
    if not isinstance(config_or_sweep, str) or _is_config(config_or_sweep):
        return start(config_or_sweep, function, count=count, entity=entity, project=project)
    sweep = attach(config_or_sweep)
    if function is not None:
        raise SweepError(
            f"sweep {sweep.id} brings its own code: leave the function out to run more of it, or "
            "give the config instead of the id to start a new sweep"
        )
    if count is not None:
        sweep.set_count(sweep.status().ended + count)
    return sweep.resume()


def _is_config(text: str) -> bool:
    if "\n" in text or text.endswith((".yaml", ".yml", ".json")):
        return True
    return ":" in text and bool(load(text))
