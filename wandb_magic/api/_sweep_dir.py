"""Creates a sweep's folder, completely or not at all.

The bundle is frozen first, in a staging folder, so that variables that cannot be captured are
reported before the sweep is created at the server.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from wandb_magic import registry
from wandb_magic.api._options import LaunchOptions, RunCode
from wandb_magic.arguments import MAX_RUNS
from wandb_magic.bundle import CaptureSummary, freeze, sign_command
from wandb_magic.paths import (
    STATE_FOLDER,
    SweepPaths,
    make_folder,
    sync_to_disk,
    write_atomically,
)
from wandb_magic.records import (
    Options,
    RunRecord,
    SweepId,
    SweepRecord,
    SweepState,
    new_id,
    own_run,
)
from wandb_magic.search.grid import grid_size
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import Spec
from wandb_magic.spec.fields import canonical, encode_nonfinite
from wandb_magic.spec.own_params import complete_params
from wandb_magic.store import create, network_file_system
from wandb_magic.wandb_client import RemoteSweep
from wandb_magic.wandb_client.sweeps import DEFAULT_PROJECT

EAGER_SYNC_BYTES = 1 << 20  # files of the bundle up to this size are synced at once
NOT_STARTED = "not started yet"


def new_staging_dir(folder: str | None = None) -> SweepPaths:
    """Return the paths of a new sweep, under a random id; see `LaunchOptions.folder`."""
    return SweepPaths.of(Path(folder) if folder else base_dir(), SweepId(new_id()))


def base_dir() -> Path:
    """Return the folder that ``WANDB_DIR`` names, the working directory by default."""
    return Path(os.environ.get("WANDB_DIR") or Path.cwd()).absolute()


def write_bundle(
    paths: SweepPaths,
    code: RunCode,
    environment: Mapping[str, str],
    *,
    directory: str | None = None,
    scheduler: str = "",
) -> CaptureSummary:
    """Freeze the code into a new folder; see `freeze` for the other arguments."""
    make_folder(paths.folder)
    return freeze(
        paths.bundle,
        cell=code.cell,
        function=code.function,
        namespace=code.namespace,
        exclude=code.exclude,
        include=code.include,
        rerun_cells=code.rerun_cells,
        random_state=code.random_state,
        environment=environment,
        directory=directory,
        scheduler=scheduler,
    )


def resolve_project(spec: Spec, launch_options: LaunchOptions) -> str:
    """Return the requested project, or W&B's default."""
    project = launch_options.project or spec.project
    return project or os.environ.get("WANDB_PROJECT", "") or DEFAULT_PROJECT


def resolve_entity(spec: Spec, launch_options: LaunchOptions) -> str:
    """Return the user or team, "" for the account's default."""
    return launch_options.entity or spec.entity or os.environ.get("WANDB_ENTITY", "")


def first_runs(spec: Spec, launch_options: LaunchOptions) -> list[RunRecord]:
    """Return the runs whose parameters the user has given: they wait for an agent."""
    draws = RandomSearcher(spec, seed=launch_options.options.seed)
    return [
        own_run(number, complete_params(spec, given, draws.draws(number)), time.time())
        for number, given in enumerate(launch_options.first)
    ]


def new_record(
    id_: SweepId,
    spec: Spec,
    launch_options: LaunchOptions,
    *,
    remote: RemoteSweep | None,
    options: Options,
    notice: str,
) -> SweepRecord:
    """Return the record of a new sweep."""
    grid_runs = grid_size(spec) if spec.method == "grid" and not options.attached else None
    if grid_runs is not None and launch_options.first:
        # A grid goes through each combination once, whoever proposed it.
        own = [canonical(run.params) for run in first_runs(spec, launch_options)]
        grid_runs += len(own) - len({*own})
    if grid_runs is not None:
        grid_runs *= options.repeat
    run_cap = None if options.attached else spec.run_cap
    if grid_runs is not None and grid_runs > MAX_RUNS:
        grid_runs = None  # it runs until somebody stops it
    budgets = [
        budget for budget in (launch_options.count, run_cap, grid_runs) if budget is not None
    ]
    return SweepRecord(
        id=id_,
        name=launch_options.name or spec.name or id_,
        project=remote.project if remote is not None else resolve_project(spec, launch_options),
        entity=remote.entity if remote is not None else resolve_entity(spec, launch_options),
        mode="offline" if remote is None else "online",
        state=SweepState.PAUSED if launch_options.idle else SweepState.PENDING,
        created=time.time(),
        spec=encode_nonfinite(spec.to_dict()),
        options=options,
        agents=launch_options.agents,
        budget=min(budgets, default=None),
        cause=NOT_STARTED if launch_options.idle else "",
        notices=(*spec.notices, *([notice] if notice else [])),
        url="" if remote is None else remote.url,
    )


def commit(staging: SweepPaths, sweep: SweepRecord, runs: Sequence[RunRecord] = ()) -> SweepPaths:
    """Give a folder its final name, its config and its store, and register the sweep."""
    paths = SweepPaths.of(staging.root, sweep.id)
    if paths.folder != staging.folder:
        staging.folder.rename(paths.folder)
    try:
        if problem := registry.write_problem():
            notice = (
                f"the list of sweeps cannot be written ({problem}), so only its folder finds this "
                f"sweep, {paths.folder}: set JUPYTER_DATA_DIR to keep the list elsewhere"
            )
            sweep = replace(sweep, notices=(*sweep.notices, notice))
        sign_command(paths.bundle, sweep.spec)
        # The supervisor syncs large files, so that the user does not wait for them here.
        files = (
            path for path in paths.bundle.glob("*") if path.stat().st_size <= EAGER_SYNC_BYTES
        )
        sync_to_disk(*files, paths.bundle, paths.folder)
        write_files(paths, sweep, runs)
        if not problem:
            registry.add(
                registry.SweepLocation(sweep.id, sweep.name, str(paths.folder), sweep.created)
            )
    except BaseException:
        rollback(paths, sweep.id)
        raise
    return paths


def write_files(paths: SweepPaths, sweep: SweepRecord, runs: Sequence[RunRecord] = ()) -> None:
    """Write the config and the store with its first runs, which is always on a local disk."""
    write_atomically(paths.spec, yaml.safe_dump(dict(sweep.spec), sort_keys=False), durable=True)
    if network_file_system(paths.folder) is not None:
        store = _local_state_dir() / f"{sweep.id}{'-copy' if sweep.options.copied else ''}.db"
        make_folder(store.parent, exist_ok=True)
        write_atomically(paths.store_pointer, str(store), durable=True)
    create(paths.store, sweep, runs)
    sync_to_disk(paths.store.parent, paths.folder.parent, paths.root)


def _local_state_dir() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / STATE_FOLDER


def rollback(paths: SweepPaths, sweep: SweepId) -> None:
    """Remove all traces of a sweep."""
    with contextlib.suppress(OSError):  # the list may not be writable
        registry.remove(sweep)
    paths.store.unlink(missing_ok=True)
    shutil.rmtree(paths.folder, ignore_errors=True)


def explain_os_error(error: OSError, paths: SweepPaths) -> str:
    """Return a message about a folder that cannot be written, with a remedy."""
    path = Path(error.filename or paths.folder)
    if path.is_relative_to(_local_state_dir()) or (
        _local_state_dir().is_relative_to(path) and not paths.folder.is_relative_to(path)
    ):
        return (
            f"{path} cannot be written ({error.strerror}); the store of a sweep on a network "
            "file system is kept there: set XDG_STATE_HOME to a writable folder"
        )
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOENT, errno.ENOTDIR):
        return f"{path} cannot be written: set WANDB_DIR to a writable folder"
    if error.errno == errno.ENOSPC:
        return f"the disk of {paths.root} is full: free some space, or set WANDB_DIR"
    return f"{path}: {error.strerror or error}"
