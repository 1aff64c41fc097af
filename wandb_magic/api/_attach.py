"""Attaches to a sweep that this machine has, or runs agents for one that the W&B server has.

On this machine, an attached sweep has its own folder, as every sweep does; requests to it affect
only the agents of this machine. Several machines can run agents for one sweep.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from wandb_magic import registry
from wandb_magic.api import _sweep_dir
from wandb_magic.api._launch import launch, sweep_environment
from wandb_magic.api._local_sweeps import find_local
from wandb_magic.api._options import (
    ONLINE_REPEATS,
    LaunchOptions,
    RunCode,
    require_bound,
    validate_code,
    validate_options,
    with_objective,
)
from wandb_magic.api._status import Status
from wandb_magic.api._sweep import Sweep
from wandb_magic.api._trust import authorized_environment
from wandb_magic.arguments import check_bytes
from wandb_magic.bundle import CaptureSummary, bundles_equal
from wandb_magic.bundle.manifest import scheduler_path
from wandb_magic.daemon import is_supervisor_running
from wandb_magic.errors import SpecError, SweepNotFoundError, SweepStateError
from wandb_magic.file_lock import one_at_a_time
from wandb_magic.paths import SweepPaths
from wandb_magic.records import Options, SweepRecord, SweepState
from wandb_magic.search.grid import grid_size
from wandb_magic.spec import Spec, load, load_lenient, spec_of
from wandb_magic.wandb_client import RemoteSweep, get_sweep, has_credentials, is_sweep_path


def attach(  # noqa: PLR0913 - all options
    sweep: str,
    function: Callable[..., object] | None = None,
    *,
    count: int | None = None,
    agents: int = 1,
    entity: str | None = None,
    project: str | None = None,
    gpus_per_run: float | None = None,
    gpu_memory: int | str | None = None,
    launcher: object | None = None,
    launcher_options: Mapping[str, object] | str | None = None,
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
        The function that each run calls, as in `start`.
    count
        How many runs to start on this machine.
    agents
        How many runs execute at the same time.
    entity, project
        The entity and project at W&B, if `sweep` does not contain them.
    gpus_per_run, gpu_memory, launcher, launcher_options
        What each run needs, and where it executes, as in `start`.

    Raises
    ------
    SweepNotFoundError
        If no sweep matches, or more than one.
    RemoteError
        If the W&B server cannot be reached, or has no such sweep.
    SweepStateError
        If the sweep is running other code on this machine and has no end, or has other options.
    """
    if function is None:
        try:
            return find_local(sweep)
        except SweepNotFoundError:
            if not is_remote_sweep(sweep):
                raise
    options = Options(
        seed=secrets.randbits(31),
        gpus_per_run=gpus_per_run,
        gpu_memory=check_bytes("gpu_memory", gpu_memory),
    )
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
    return attach_remote(sweep, RunCode(function=function), settings)


def is_remote_sweep(config: Mapping[str, Any] | str | os.PathLike[str]) -> bool:
    """Return whether a value given as a config is the path of a W&B sweep."""
    return isinstance(config, str) and is_sweep_path(config) and not Path(config).exists()


def attach_remote(sweep: str, code: RunCode, launch_options: LaunchOptions) -> Sweep:
    """Run agents for a sweep.

    Parameters
    ----------
    sweep
        Its id, ``entity/project/id``, or the URL of its page.
    code
        What its runs execute; the sweep's own ``program`` if it is empty.
    launch_options
        The options; `count` is the number of additional runs to start on this machine.

    Raises
    ------
    SweepStateError
        If the sweep is running other code on this machine and has no end, or has other options.
    SweepNotFoundError
        If this machine has no such sweep, and there is no API key to look for it at W&B.
    RemoteError
        If the server cannot be reached, or has no such sweep.
    """
    local_sweep = _find_attached(sweep)
    if local_sweep is not None:
        return _continue_sweep(local_sweep, code, launch_options)
    environment = sweep_environment(launch_options)
    if not has_credentials(environment):
        raise SweepNotFoundError(
            f"there is no sweep {sweep!r} here, and W&B finds no API key to look for it there: "
            "run `wandb login` or set WANDB_API_KEY"
        )
    remote = get_sweep(
        sweep,
        environment,
        entity=launch_options.entity or "",
        project=launch_options.project or "",
    )
    environment["WANDB_BASE_URL"] = remote.base_url
    spec = _parse_spec(remote.config, code)
    code = with_objective(code, spec)
    validate_options(spec, code, launch_options, is_remote=True)
    if launch_options.options.repeat > 1:
        raise SpecError(ONLINE_REPEATS)
    launch_options = replace(
        launch_options, options=replace(launch_options.options, attached=True)
    )
    return Sweep(
        *launch(spec, launch_options, environment, _RemoteSource(remote, code, environment))
    )


@dataclass(frozen=True)
class _RemoteSource:
    """The source of a sweep that exists at the server."""

    remote: RemoteSweep
    code: RunCode
    environment: dict[str, str]

    def write_bundle(self, staging: SweepPaths) -> CaptureSummary:
        return _sweep_dir.write_bundle(staging, self.code, self.environment)

    def create_remote(self) -> RemoteSweep:
        return self.remote


def _find_attached(sweep: str) -> Sweep | None:
    sweep_id = sweep.rstrip("/").partition("?")[0].rpartition("/")[2]
    if registry.find_available(sweep_id) is None:
        return None
    local_sweep = find_local(sweep_id)
    return None if local_sweep.status().sweep.options.copied else local_sweep


def _continue_sweep(sweep: Sweep, code: RunCode, launch_options: LaunchOptions) -> Sweep:
    """Run more of a sweep that this machine has; with new code, if there is any.

    Runs of earlier calls are executed first, with the code of those calls, as if each call had
    waited for its runs, as ``wandb.agent`` does.
    """
    code = with_objective(code, spec_of(sweep.status().sweep))
    validate_code(code)
    _require_same_options(sweep.status().sweep, launch_options)
    if code.cell is not None or code.function is not None:
        _new_budget(sweep.status(), launch_options)  # raises errors before anything is frozen
        _replace_code(sweep, code, launch_options)
    # Each call adds to the budget of the previous one.
    with one_at_a_time(SweepPaths(sweep.path).budget_lock):
        status = sweep.status()
        budget = _new_budget(status, launch_options)
        if budget != status.sweep.budget:
            sweep.set_count(budget)
    sweep.resume()
    if launch_options.agents > status.sweep.agents:
        sweep.set_agents(launch_options.agents)
    return sweep


def _require_same_options(sweep: SweepRecord, launch_options: LaunchOptions) -> None:
    """Refuse options that the sweep does not have, as they would have no effect.

    Raises
    ------
    SweepStateError
        If there are any. What is left at its default counts as not given.
    """
    given = launch_options.options
    if launch_options.launcher is not None:
        given = replace(given, launcher=str(launch_options.resolve_launcher()[0]))
    default = Options(seed=given.seed)
    other = [
        field.name
        for field in fields(Options)
        if getattr(given, field.name)
        not in (getattr(default, field.name), getattr(sweep.options, field.name))
    ]
    if other:
        raise SweepStateError(
            f"{', '.join(other)}: sweep {sweep.id} is on this machine already, and has other "
            "values: leave them out, or start another sweep"
        )


def _replace_code(sweep: Sweep, code: RunCode, launch_options: LaunchOptions) -> None:
    """Replace the code of the next runs, after waiting for the runs of the current code.

    Raises
    ------
    SweepStateError
        If the sweep runs other code, and is paused or has no end.
    """
    paths = SweepPaths(sweep.path)
    environment = _with_recorded_server(sweep, sweep_environment(launch_options))
    staging = _sweep_dir.new_staging_dir()
    try:
        scheduler = scheduler_path(paths.bundle)  # the sweep keeps it
        text = scheduler.read_text(encoding="utf-8") if scheduler.exists() else ""
        _sweep_dir.write_bundle(staging, code, environment, scheduler=text)
        if is_supervisor_running(paths):
            if bundles_equal(staging.bundle, paths.bundle):
                return
            _wait_for_current_runs(sweep)
        shutil.rmtree(paths.bundle)
        staging.bundle.rename(paths.bundle)
    finally:
        shutil.rmtree(staging.folder, ignore_errors=True)


def _wait_for_current_runs(sweep: Sweep) -> None:
    record = sweep.status().sweep
    is_active = record.state in (SweepState.PENDING, SweepState.RUNNING)
    if is_active and record.budget is not None:
        print(  # noqa: T201 - tells the user why the cell waits
            f"Sweep {sweep.id} is running other code: waiting until its {record.budget} runs have "
            "ended; an interrupt stops only the waiting."
        )
    if record.budget is not None or not is_active:
        sweep.wait()
    if is_supervisor_running(SweepPaths(sweep.path)):
        raise SweepStateError(
            f"sweep {sweep.id} is {sweep.state}, with other code: stop it with %wandb_sweep stop "
            f"{sweep.id}, and wait until it has stopped, to run this code"
        )


def _new_budget(status: Status, launch_options: LaunchOptions) -> int | None:
    """Return the new total number of runs, with `launch_options.count` more of them."""
    record = status.sweep
    is_active = record.state in (SweepState.PENDING, SweepState.RUNNING) and not status.died
    if is_active and record.budget is None:
        return None
    if launch_options.count is None:
        if record.options.attached:
            return None
        used_up = record.budget is None or status.ended >= record.budget
        if used_up and not is_active and record.mode == "offline":
            return _default_budget(load(record.spec), launch_options)
        return record.budget
    budget = record.budget if is_active else None
    total = (status.ended + status.running if budget is None else budget) + launch_options.count
    cap = None if record.options.attached else record.spec.get("run_cap")
    return total if cap is None else min(total, cap)


def _default_budget(spec: Spec, launch_options: LaunchOptions) -> int:
    """Return the number of runs after which a search limits."""
    require_bound(spec, launch_options)
    limits = [spec.run_cap, grid_size(spec) if spec.method == "grid" else None]
    return min(limit for limit in limits if limit is not None)


def _with_recorded_server(sweep: Sweep, environment: dict[str, str]) -> dict[str, str]:
    recorded = authorized_environment(SweepPaths(sweep.path), sweep.status().sweep.spec)
    base_url = recorded.get("WANDB_BASE_URL")
    return {**environment, "WANDB_BASE_URL": base_url} if base_url else environment


def _parse_spec(config: Mapping[str, Any], code: RunCode) -> Spec:
    """Return the spec of the server's config; code given by the user replaces its program."""
    config_copy = dict(config)
    if code.cell is not None or code.function is not None:
        config_copy.pop("program", None)
        config_copy.pop("command", None)
    return load_lenient(config_copy)
