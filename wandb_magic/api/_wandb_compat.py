"""A drop-in replacement for ``wandb.sweep``: creates a sweep without running it.

The sweep has its own folder like any other, but no code: whoever runs the sweep supplies the code,
or its spec names a program. `start` creates and runs a sweep in one step.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from wandb_magic.api._option_checks import required_arguments
from wandb_magic.api._options import LaunchOptions, RunCode
from wandb_magic.api._start import start_sweep
from wandb_magic.errors import SpecError
from wandb_magic.records import Options


def sweep(
    sweep: Mapping[str, Any] | str | os.PathLike[str] | Callable[[], Any],
    entity: str | None = None,
    project: str | None = None,
    prior_runs: Sequence[str] | None = None,
    *,
    mode: str = "auto",
    seed: int | None = None,
) -> str:
    """Create a sweep as ``wandb.sweep`` does, and return its id.

    `agent`, ``%%wandb_sweep ID`` and ``wandb-magic run ID`` run it; if it is online, so do
    ``wandb.agent`` and ``wandb agent``.

    Parameters
    ----------
    sweep
        A W&B sweep config: a mapping, a YAML file, or YAML text; or a function without arguments
        that returns one.
    entity, project
        The sweep's entity and project, as in ``wandb.sweep``.
    prior_runs
        The ids of earlier runs that it learns from. Offline, these are runs of sweeps on this
        machine; unknown ids are ignored with a notice.
    mode
        ``offline``, ``online``, or ``auto``: online if W&B finds an API key, unless ``WANDB_MODE``
        is set to something else.
    seed
        Makes the search, and the global generators of each run, reproducible.

    Raises
    ------
    SpecError
        If the config is wrong.
    RemoteError
        If the sweep is online, and the W&B server cannot be reached or refuses it.
    """
    options = Options(seed=secrets.randbits(31) if seed is None else seed)
    prior = (prior_runs,) if isinstance(prior_runs, str) else tuple(prior_runs or ())
    settings = LaunchOptions(
        None, 1, None, project, entity, mode, options, None, idle=True, prior_runs=prior
    )
    return str(start_sweep(_resolve_config(sweep), RunCode(), settings).id)


def _resolve_config(config: Any) -> Any:  # noqa: ANN401 - any value; the config is validated later
    """Return the config; if it is a function, the config that it returns."""
    if isinstance(config, (Mapping, str, os.PathLike)) or not callable(config):
        return config
    if missing := required_arguments(config):
        raise SpecError(
            f"sweep: the function that returns the config is called without arguments, and needs "
            f"{missing}: give them defaults, or call it yourself"
        )
    result = config()
    return next(result, None) if isinstance(result, Iterator) else result
