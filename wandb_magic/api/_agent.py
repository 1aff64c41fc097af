"""The drop-in for ``wandb.agent``: the same call, and the kernel stays free."""

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


def agent(  # noqa: PLR0913 - what `wandb.agent` takes, and how many at a time
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
    """Run a sweep as ``wandb.agent`` would, in a process of its own, and return at once.

    Parameters
    ----------
    sweep_id
        An existing sweep: its id, ``entity/project/id``, the address of its page, or the name that
        it has here; or a sweep config, to start a new one.
    function
        What each run calls, without arguments; the sweep's own code by default.
    entity, project
        Where the sweep is at W&B, as in ``wandb.agent``.
    count
        How many runs to start here.
    agents
        How many runs at a time; what several calls of ``wandb.agent`` are for.
    forward_signals
        Without effect: a stop reaches all processes of a run as it is.
    term_timeout
        Seconds that a run has to end when it is stopped.
    max_consecutive_failed_runs
        The sweep pauses when so many runs in a row have failed at its start.

    Raises
    ------
    SweepError
        If there is no such sweep, or it cannot be run like this.
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
