"""A sweep's folder: made whole, or not at all.

The bundle is frozen first, in a folder of its own: what cannot be handed over is said before the
server hears of the sweep.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Mapping
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
from wandb_magic.records import Options, SweepId, SweepRecord, SweepState, new_id
from wandb_magic.search.grid import grid_size
from wandb_magic.spec import Spec
from wandb_magic.spec.fields import encode_nonfinite
from wandb_magic.store import create, network_file_system
from wandb_magic.wandb_client import RemoteSweep
from wandb_magic.wandb_client.sweeps import DEFAULT_PROJECT

EAGER_SYNC_BYTES = 1 << 20  # octets of a file of the bundle
NOT_STARTED = "nobody has run it yet"


def new_staging_dir() -> SweepPaths:
    """Return the paths of a sweep that is being made."""
    return SweepPaths.of(base_dir(), SweepId(new_id()))


def base_dir() -> Path:
    """Return the folder that ``WANDB_DIR`` names, this one by default."""
    return Path(os.environ.get("WANDB_DIR") or Path.cwd()).absolute()


def write_bundle(
    paths: SweepPaths, code: RunCode, environment: Mapping[str, str]
) -> CaptureSummary:
    """Freeze the code into a new folder."""
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
    )


def resolve_project(spec: Spec, launch_options: LaunchOptions) -> str:
    """Return the project: as it was asked for, or W&B's own choice."""
    asked = launch_options.project or spec.project
    return asked or os.environ.get("WANDB_PROJECT", "") or DEFAULT_PROJECT


def resolve_entity(spec: Spec, launch_options: LaunchOptions) -> str:
    """Return the user or team, "" for the account's own."""
    return launch_options.entity or spec.entity or os.environ.get("WANDB_ENTITY", "")


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
    whole = grid_size(spec) if spec.method == "grid" and not options.attached else None
    cap = None if options.attached else spec.run_cap
    if whole is not None and whole > MAX_RUNS:
        whole = None  # it goes on until somebody ends it
    budgets = [budget for budget in (launch_options.count, cap, whole) if budget is not None]
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


def commit(staging: SweepPaths, sweep: SweepRecord) -> SweepPaths:
    """Give a folder its name, its config and its store, and let it be found."""
    paths = SweepPaths.of(staging.root, sweep.id)
    if paths.folder != staging.folder:
        staging.folder.rename(paths.folder)
    try:
        if why := registry.write_problem():
            notice = (
                f"no list of sweeps can be kept ({why}), so this one is found by its folder only, "
                f"{paths.folder}: JUPYTER_DATA_DIR names another place for the list"
            )
            sweep = replace(sweep, notices=(*sweep.notices, notice))
        sign_command(paths.bundle, sweep.spec)
        # What is large is synced by the supervisor: nobody should wait for it here.
        files = (
            path for path in paths.bundle.glob("*") if path.stat().st_size <= EAGER_SYNC_BYTES
        )
        sync_to_disk(*files, paths.bundle, paths.folder)
        write_files(paths, sweep)
        if not why:
            registry.add(
                registry.SweepLocation(sweep.id, sweep.name, str(paths.folder), sweep.created)
            )
    except BaseException:
        rollback(paths, sweep.id)
        raise
    return paths


def write_files(paths: SweepPaths, sweep: SweepRecord) -> None:
    """Give a folder its config and its store, which lies on a local disk in any case."""
    write_atomically(paths.spec, yaml.safe_dump(dict(sweep.spec), sort_keys=False), durable=True)
    if network_file_system(paths.folder) is not None:
        store = _local_state_dir() / f"{sweep.id}{'-copy' if sweep.options.copied else ''}.db"
        make_folder(store.parent, exist_ok=True)
        write_atomically(paths.store_pointer, str(store), durable=True)
    create(paths.store, sweep)
    sync_to_disk(paths.store.parent, paths.folder.parent, paths.root)


def _local_state_dir() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / STATE_FOLDER


def rollback(paths: SweepPaths, sweep: SweepId) -> None:
    """Leave nothing of a sweep behind."""
    with contextlib.suppress(OSError):  # where no list can be kept
        registry.remove(sweep)
    paths.store.unlink(missing_ok=True)
    shutil.rmtree(paths.folder, ignore_errors=True)


def explain_os_error(error: OSError, paths: SweepPaths) -> str:
    """Say what to do about a folder that cannot be written."""
    place = Path(error.filename or paths.folder)
    if place.is_relative_to(_local_state_dir()) or (
        _local_state_dir().is_relative_to(place) and not paths.folder.is_relative_to(place)
    ):
        return (
            f"{place} cannot be written ({error.strerror}), where the store of a sweep on a "
            "network file system is kept: set XDG_STATE_HOME to a folder that can"
        )
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOENT, errno.ENOTDIR):
        return f"{place} cannot be written: set WANDB_DIR to a folder that can"
    if error.errno == errno.ENOSPC:
        return f"the disk of {paths.root} is full: free some space, or set WANDB_DIR"
    return f"{place}: {error.strerror or error}"
