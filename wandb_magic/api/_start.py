"""Starts a sweep: checks the config, freezes the code, and hands both to a supervisor."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wandb_magic.api import _sweep_dir
from wandb_magic.api._attach import attach_remote, is_remote_sweep
from wandb_magic.api._launch import kernel_mode, launch, sweep_environment
from wandb_magic.api._mode import resolve_mode
from wandb_magic.api._options import (
    ONLINE_REPEATS,
    LaunchOptions,
    Prior,
    RunCode,
    is_external,
    validate_options,
    with_objective,
)
from wandb_magic.api._priors import priors_from_runs, remote_run_ids, resolve_priors
from wandb_magic.api._scheduler_source import read_scheduler
from wandb_magic.api._sweep import Sweep
from wandb_magic.arguments import check_bytes
from wandb_magic.bundle import CaptureSummary
from wandb_magic.errors import SpecError
from wandb_magic.paths import SweepPaths
from wandb_magic.records import Options
from wandb_magic.spec import Spec, load
from wandb_magic.wandb_client import RemoteSweep, create_sweep

Config = Mapping[str, Any] | str | os.PathLike[str]


def start(  # noqa: PLR0913 - each is a user's option, and has a default
    config: Mapping[str, Any] | str | os.PathLike[str],
    function: Callable[..., object] | None = None,
    *,
    count: int | None = None,
    repeat: int = 1,
    max_time: float | None = None,
    max_cost: float | None = None,
    price_per_hour: float | None = None,
    until_flat: bool = False,
    agents: int = 1,
    name: str | None = None,
    project: str | None = None,
    entity: str | None = None,
    mode: str = "auto",
    seed: int | None = None,
    sampler: str = "auto",
    prior: Prior | None = None,
    first: Sequence[Mapping[str, Any]] = (),
    exclude: Collection[str] = (),
    include: Collection[str] = (),
    rerun_cells: bool = False,
    random_state: bool = False,
    env: Mapping[str, str] | None = None,
    run_timeout: float | None = None,
    retries: int = 0,
    failure_limit: int = 3,
    grace: float = 10.0,
    gpus_per_run: float | None = None,
    gpu_memory: int | str | None = None,
    debug_mb: float = 50.0,
    hold: float = 0.0,
    notify: Collection[str] = (),
    launcher: object | None = None,
    launcher_options: Mapping[str, object] | str | None = None,
) -> Sweep:
    """Start a sweep in its own process, and return immediately.

    Parameters
    ----------
    config
        A W&B sweep config: a mapping, a YAML file, or YAML text; or an existing W&B sweep, given
        by its id, ``entity/project/id`` or the URL of its page.
    function
        The function that each run calls; the config's ``program`` by default. A function without
        arguments reads ``wandb.config`` and logs by itself. One that takes the sweep's parameters
        by name, or all of them as ``config``, returns the metric, or metrics as a dict, which are
        logged for it; one that yields them reports a step each time. Without a function or
        program, you execute the runs yourself, with `Sweep.ask` and `Sweep.tell`.
    count
        How many runs to start. The config's ``run_cap`` applies if it is smaller, or if there is
        no `count`. Repeats count.
    repeat
        How many runs each set of parameters has, with a seed each: the search learns from their
        mean, and gives up a set that is plainly worse than the best one after its first run.
    max_time
        Seconds after which no more runs start; pauses do not count. Active runs may finish.
    max_cost, price_per_hour
        What the sweep may cost before no more runs start, and what an hour costs: of this machine
        while the sweep is not paused, or, with a `launcher`, of each run.
    until_flat
        Whether the sweep ends once other parameters would hardly be better than the best ones.
    agents
        How many runs execute at the same time.
    name, project, entity
        As in W&B; they take precedence over the config's.
    mode
        ``offline``, ``online``, or ``auto``: online if W&B finds an API key, unless ``WANDB_MODE``
        is set to something else.
    seed
        Makes the search, and the global generators of each run, reproducible.
    sampler
        The sampler that ``bayes`` uses: ``auto``, ``gp``, ``tpe``, ``cmaes`` or ``random``.
    prior
        What ``bayes`` learns from: another sweep, an `optuna.Study`, the file of one, or the
        result of `from_study`.
    first
        Parameters of the first runs: a list of mappings, nested or with dotted names, before the
        search chooses any. They are among the `count` runs; what a mapping leaves out is drawn at
        random.
    exclude
        Names that the function uses but that are not captured.
    include
        Names that are captured although the function does not use them, or only in a string.
    rerun_cells
        Whether each run executes the cells that define variables that cannot be pickled.
    random_state
        Whether each run starts with the current state of the generators of `random`, NumPy,
        PyTorch, Keras and TensorFlow, so that all runs draw the same numbers. By default, each
        run has its own seed.
    env
        Environment variables for the runs.
    run_timeout
        Seconds after which a run is stopped.
    retries
        How often a failed run is started again with the same parameters.
    failure_limit
        Pause the sweep if its first runs fail, this many in a row; 0 for never.
    grace
        Seconds between SIGINT, SIGTERM and SIGKILL when a run is stopped.
    gpus_per_run
        How many GPUs each run has to itself, or a fraction of one. Runs wait until they are free,
        whichever sweep uses them. By default, the GPUs are divided evenly among agents.
    gpu_memory
        How much GPU memory each run needs, in bytes or as ``10G``: as many run on one GPU as fit.
    debug_mb
        How many MB the variables of a failed run may take on disk, for `Sweep.failure` and the
        debugger; 0 keeps none.
    hold
        Minutes for which the process of a failed run is kept, so that ``debug`` can enter it; one
        run at a time. 0 keeps none.
    notify
        Rules for alerts, each sent once: ``best < 0.2``, ``failed > 3``, ``quiet > 30m``,
        ``ended``, or ``alert`` for each ``run.alert``. ``WANDB_MAGIC_NOTIFY`` holds the address.
    launcher
        Where the runs execute: the address of a Dask cluster, such as ``dask://host:8786``, the
        cluster itself, or a `distributed.Client` of it; or a batch system: ``slurm``, ``pbs``,
        ``lsf``, ``sge`` or ``htcondor``. By default, this machine executes them.
    launcher_options
        What each run needs of the batch system: a mapping, or text such as
        ``partition=gpu,gres=gpu:1,mem=16G,walltime=02:00:00``.

    Raises
    ------
    SpecError
        If the config or an argument is wrong.
    BundleError
        If a variable cannot be captured.
    RemoteError
        If the sweep is online, and the W&B server cannot be reached or refuses it.
    """
    options = Options(
        seed=secrets.randbits(31) if seed is None else seed,
        sampler=sampler,
        retries=retries,
        run_timeout=run_timeout,
        failure_limit=failure_limit,
        grace=grace,
        gpus_per_run=gpus_per_run,
        gpu_memory=check_bytes("gpu_memory", gpu_memory),
        debug_mb=debug_mb,
        hold=hold,
        notify=tuple(notify),
        repeat=repeat,
        max_time=max_time,
        max_cost=max_cost,
        price_per_hour=price_per_hour,
        until_flat=until_flat,
    )
    settings = LaunchOptions(
        count,
        agents,
        name,
        project,
        entity,
        mode,
        options,
        env,
        prior,
        launcher,
        launcher_options,
        first=first,
        ask=None,
    )
    code = RunCode(
        function=function,
        exclude=exclude,
        include=include,
        rerun_cells=rerun_cells,
        random_state=random_state,
    )
    return start_sweep(config, code, settings)


def start_sweep(config: Config, code: RunCode, launch_options: LaunchOptions) -> Sweep:
    """Start a sweep of a cell, a function or a program; see `start`."""
    if is_remote_sweep(config):
        return attach_remote(str(config), code, launch_options)
    spec = load(config)
    code = with_objective(code, spec)
    validate_options(spec, code, launch_options)
    if spec.program and (code.cell is not None or code.function is not None):
        code_kind = "cell" if code.function is None else "function"
        spec = _with_notice(
            spec, f"program: {spec.program} is ignored: runs execute the {code_kind} instead"
        )
    if is_external(spec, code, launch_options):
        options = replace(launch_options.options, external=True)
        launch_options = replace(launch_options, options=options, mode="offline")
    environment = sweep_environment(launch_options)
    account, notice = resolve_mode(launch_options.mode, {**kernel_mode(), **environment})
    if account is not None:
        # It may come from a settings file in a place that the runs do not read.
        environment["WANDB_BASE_URL"] = account.base_url
        spec = _online_spec(spec, launch_options.options.repeat)

    if account is None and launch_options.prior is not None:
        priors, prior_notice = resolve_priors(launch_options.prior, spec)
        launch_options = replace(
            launch_options, options=replace(launch_options.options, priors=priors)
        )
        spec = _with_notice(spec, prior_notice)
    elif account is None and launch_options.prior_runs:
        priors, prior_notice = priors_from_runs(launch_options.prior_runs, spec)
        launch_options = replace(
            launch_options, options=replace(launch_options.options, priors=priors)
        )
        spec = _with_notice(spec, prior_notice)
    source = _NewSweep(spec, code, launch_options, environment, online=account is not None)
    return Sweep(*launch(spec, launch_options, environment, source, notice))


@dataclass(frozen=True)
class _NewSweep:
    """The source of a sweep that this machine creates."""

    spec: Spec
    code: RunCode
    settings: LaunchOptions
    environment: dict[str, str]
    online: bool

    def write_bundle(self, staging: SweepPaths) -> CaptureSummary:
        text = "" if self.spec.scheduler is None else read_scheduler(self.spec.scheduler)
        return _sweep_dir.write_bundle(
            staging, self.code, self.environment, directory=self.settings.folder, scheduler=text
        )

    def create_remote(self) -> RemoteSweep | None:
        if not self.online:
            return None
        project = _sweep_dir.resolve_project(self.spec, self.settings)
        prior = self.settings.prior
        return create_sweep(
            self.spec.to_dict() | ({"name": self.settings.name} if self.settings.name else {}),
            self.environment,
            entity=_sweep_dir.resolve_entity(self.spec, self.settings),
            project=project,
            prior_runs=self.settings.prior_runs
            if prior is None
            else remote_run_ids(prior, project),
        )


def _online_spec(spec: Spec, repeat: int = 1) -> Spec:
    """Return the config of an online sweep, with a notice of what W&B's server does not know.

    Raises
    ------
    SpecError
        If the server would have to choose parameters by it.
    """
    if repeat > 1:
        raise SpecError(ONLINE_REPEATS)
    if spec.scheduler is not None:
        raise SpecError(
            "scheduler: at W&B, its code is executed by `wandb sweep-scheduler`, which is not "
            "started here: use --mode offline"
        )
    if spec.metrics and spec.method == "bayes":
        raise SpecError(
            "metrics: W&B's server optimises a single metric: use one, or --mode offline"
        )
    if spec.early_terminate and spec.early_terminate.type != "hyperband":
        raise SpecError(
            f"early_terminate: W&B's server, which ends the runs of online sweeps, does not know "
            f"{spec.early_terminate.type}: use hyperband, or --mode offline"
        )
    if spec.conditions:
        raise SpecError(
            "when, forbid: W&B's server does not know them, and chooses the parameters of online "
            "sweeps: use --mode offline"
        )
    if spec.constraints:
        return _with_notice(
            spec,
            "constraints: W&B's server does not know them: they decide here which run is best",
        )
    return spec


def _with_notice(spec: Spec, notice: str) -> Spec:
    return spec.model_copy(update={"notices": (*spec.notices, notice)}) if notice else spec
