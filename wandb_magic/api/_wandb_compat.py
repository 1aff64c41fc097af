"""Drop-in replacements for ``wandb.sweep`` and ``wandb.agent``, which do not block the kernel.

`sweep` creates a sweep without running it. The sweep has its own folder like any other, but no
code: whoever runs the sweep supplies the code, or its spec names a program. `start` creates and
runs a sweep in one step.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from wandb_magic.api._attach import is_remote_sweep
from wandb_magic.api._local_sweeps import find_local
from wandb_magic.api._options import LaunchOptions, RunCode, required_arguments
from wandb_magic.api._start import start_sweep
from wandb_magic.api._sweep import Sweep
from wandb_magic.arguments import check_bytes
from wandb_magic.errors import SpecError, SweepNotFoundError
from wandb_magic.records import Options
from wandb_magic.spec import load


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


def agent(  # noqa: PLR0913 - the parameters of `wandb.agent`, and `agents`
    sweep_id: Mapping[str, Any] | str | os.PathLike[str],
    function: Callable[..., object] | None = None,
    entity: str | None = None,
    project: str | None = None,
    count: int | None = None,
    *,
    agents: int = 1,
    forward_signals: bool = False,  # noqa: ARG001 - a stop reaches a run's whole process group
    term_timeout: int | None = None,
    max_consecutive_failed_runs: int | None = None,
    gpus_per_run: float | None = None,
    gpu_memory: int | str | None = None,
    launcher: object | None = None,
    launcher_options: Mapping[str, object] | str | None = None,
) -> Sweep:
    """Run a sweep as ``wandb.agent`` does, but in its own process, and return immediately.

    Parameters
    ----------
    sweep_id
        An existing sweep: its id, ``entity/project/id``, the URL of its page, or its name on this
        machine; or a sweep config, to start a new sweep.
    function
        The function that each run calls, as in `start`; the sweep's own code by default.
    entity, project
        The sweep's entity and project at W&B, as in ``wandb.agent``.
    count
        How many runs to start on this machine.
    agents
        How many runs execute at the same time, instead of several calls of ``wandb.agent``.
    forward_signals
        Has no effect: a stop always reaches all processes of a run.
    term_timeout
        Seconds that a run has to end when it is stopped.
    max_consecutive_failed_runs
        Pause the sweep if its first runs fail, this many in a row.
    gpus_per_run, gpu_memory, launcher, launcher_options
        What each run needs, and where it executes, as in `start`.

    Raises
    ------
    SweepError
        If there is no such sweep, or it cannot be run with these arguments.
    """
    options = Options(
        seed=secrets.randbits(31),
        gpus_per_run=gpus_per_run,
        gpu_memory=check_bytes("gpu_memory", gpu_memory),
    )
    if term_timeout is not None:
        options = replace(options, grace=term_timeout)
    if max_consecutive_failed_runs is not None:
        options = replace(options, failure_limit=max_consecutive_failed_runs)
    settings = LaunchOptions(
        count,
        agents,
        None,
        project,
        entity,
        "auto",
        options,
        None,
        launcher=launcher,
        launcher_options=launcher_options,
    )
    code = RunCode(function=function)
    if isinstance(sweep_id, str) and (is_remote_sweep(sweep_id) or not _is_config(sweep_id)):
        try:
            sweep_id = find_local(sweep_id).id
        except SweepNotFoundError:
            if not is_remote_sweep(sweep_id):
                raise
    return start_sweep(sweep_id, code, settings)


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


def _is_config(text: str) -> bool:
    if "\n" in text or text.endswith((".yaml", ".yml", ".json")):
        return True
    return ":" in text and bool(load(text))
