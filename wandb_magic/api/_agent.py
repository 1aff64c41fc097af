"""A drop-in replacement for ``wandb.agent`` that does not block the kernel."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from wandb_magic.api._attach_remote import is_remote_sweep
from wandb_magic.api._local_sweeps import find_local
from wandb_magic.api._options import LaunchOptions, RunCode
from wandb_magic.api._start import start_sweep
from wandb_magic.api._sweep import Sweep
from wandb_magic.errors import SweepNotFoundError
from wandb_magic.records import Options
from wandb_magic.spec import load


def agent(  # noqa: PLR0913 - the parameters of `wandb.agent`, and `agents`
    sweep_id: Mapping[str, Any] | str | os.PathLike[str],
    function: Callable[[], object] | None = None,
    entity: str | None = None,
    project: str | None = None,
    count: int | None = None,
    *,
    agents: int = 1,
    forward_signals: bool = False,  # noqa: ARG001 - a stop reaches a run's whole process group
    term_timeout: int | None = None,
    max_consecutive_failed_runs: int | None = None,
) -> Sweep:
    """Run a sweep as ``wandb.agent`` does, but in its own process, and return immediately.

    Parameters
    ----------
    sweep_id
        An existing sweep: its id, ``entity/project/id``, the URL of its page, or its name on this
        machine; or a sweep config, to start a new sweep.
    function
        The function that each run calls without arguments; the sweep's own code by default.
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

    Raises
    ------
    SweepError
        If there is no such sweep, or it cannot be run with these arguments.
    """
    options = Options(seed=secrets.randbits(31))
    if term_timeout is not None:
        options = replace(options, grace=term_timeout)
    if max_consecutive_failed_runs is not None:
        options = replace(options, failure_limit=max_consecutive_failed_runs)
    settings = LaunchOptions(count, agents, None, project, entity, "auto", options, None)
    code = RunCode(function=function)
    if isinstance(sweep_id, str) and (is_remote_sweep(sweep_id) or not _is_config(sweep_id)):
        try:
            sweep_id = find_local(sweep_id).id
        except SweepNotFoundError:
            if not is_remote_sweep(sweep_id):
                raise
    return start_sweep(sweep_id, code, settings)


def _is_config(text: str) -> bool:
    if "\n" in text or text.endswith((".yaml", ".yml", ".json")):
        return True
    return ":" in text and bool(load(text))
