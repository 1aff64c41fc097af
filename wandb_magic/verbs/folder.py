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

from wandb_magic import index
from wandb_magic.bundle import Contents, freeze, sign_command
from wandb_magic.paths import (
    STATE_FOLDER,
    SweepPaths,
    make_folder,
    sync_to_disk,
    write_atomically,
)
from wandb_magic.records import Options, SweepId, SweepRecord, SweepState, new_id
from wandb_magic.remote import RemoteSweep
from wandb_magic.remote.finding import DEFAULT_PROJECT
from wandb_magic.search.grid import size
from wandb_magic.spec import Spec
from wandb_magic.spec.fields import storable
from wandb_magic.store import create, network_file_system
from wandb_magic.validation import MOST_RUNS
from wandb_magic.verbs.settings import Code, Settings

SYNCED_AT_ONCE = 1 << 20  # octets of a file of the bundle
NOT_BEGUN = "nobody has run it yet"


def staged() -> SweepPaths:
    """Return the paths of a sweep that is being made."""
    return SweepPaths.of(root(), SweepId(new_id()))


def root() -> Path:
    """Return the folder that ``WANDB_DIR`` names, this one by default."""
    return Path(os.environ.get("WANDB_DIR") or Path.cwd()).absolute()


def write_bundle(paths: SweepPaths, code: Code, environment: Mapping[str, str]) -> Contents:
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


def project_of(spec: Spec, settings: Settings) -> str:
    """Return the project: as it was asked for, or W&B's own choice."""
    asked = settings.project or spec.project
    return asked or os.environ.get("WANDB_PROJECT", "") or DEFAULT_PROJECT


def entity_of(spec: Spec, settings: Settings) -> str:
    """Return the user or team, "" for the account's own."""
    return settings.entity or spec.entity or os.environ.get("WANDB_ENTITY", "")


def record(
    id_: SweepId,
    spec: Spec,
    settings: Settings,
    *,
    remote: RemoteSweep | None,
    options: Options,
    notice: str,
) -> SweepRecord:
    """Return the record of a new sweep."""
    whole = size(spec) if spec.method == "grid" and not options.attached else None
    cap = None if options.attached else spec.run_cap
    if whole is not None and whole > MOST_RUNS:
        whole = None  # it goes on until somebody ends it
    budgets = [budget for budget in (settings.count, cap, whole) if budget is not None]
    return SweepRecord(
        id=id_,
        name=settings.name or spec.name or id_,
        project=remote.project if remote is not None else project_of(spec, settings),
        entity=remote.entity if remote is not None else entity_of(spec, settings),
        mode="offline" if remote is None else "online",
        state=SweepState.PAUSED if settings.idle else SweepState.PENDING,
        created=time.time(),
        spec=storable(spec.to_dict()),
        options=options,
        agents=settings.agents,
        budget=min(budgets, default=None),
        cause=NOT_BEGUN if settings.idle else "",
        notices=(*spec.notices, *([notice] if notice else [])),
        url="" if remote is None else remote.url,
    )


def complete(staging: SweepPaths, sweep: SweepRecord) -> SweepPaths:
    """Give a folder its name, its config and its store, and let it be found."""
    paths = SweepPaths.of(staging.root, sweep.id)
    if paths.folder != staging.folder:
        staging.folder.rename(paths.folder)
    try:
        if why := index.why_not():
            notice = (
                f"no list of sweeps can be kept ({why}), so this one is found by its folder only, "
                f"{paths.folder}: JUPYTER_DATA_DIR names another place for the list"
            )
            sweep = replace(sweep, notices=(*sweep.notices, notice))
        sign_command(paths.bundle, sweep.spec)
        # What is large is synced by the supervisor: nobody should wait for it here.
        files = (path for path in paths.bundle.glob("*") if path.stat().st_size <= SYNCED_AT_ONCE)
        sync_to_disk(*files, paths.bundle, paths.folder)
        furnish(paths, sweep)
        if not why:
            index.add(index.Entry(sweep.id, sweep.name, str(paths.folder), sweep.created))
    except BaseException:
        take_back(paths, sweep.id)
        raise
    return paths


def furnish(paths: SweepPaths, sweep: SweepRecord) -> None:
    """Give a folder its config and its store, which lies on a local disk in any case."""
    write_atomically(paths.spec, yaml.safe_dump(dict(sweep.spec), sort_keys=False), durable=True)
    if network_file_system(paths.folder) is not None:
        store = _local_state() / f"{sweep.id}{'-copy' if sweep.options.copied else ''}.db"
        make_folder(store.parent, exist_ok=True)
        write_atomically(paths.store_pointer, str(store), durable=True)
    create(paths.store, sweep)
    sync_to_disk(paths.store.parent, paths.folder.parent, paths.root)


def _local_state() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / STATE_FOLDER


def take_back(paths: SweepPaths, sweep: SweepId) -> None:
    """Leave nothing of a sweep behind."""
    with contextlib.suppress(OSError):  # where no list can be kept
        index.remove(sweep)
    paths.store.unlink(missing_ok=True)
    shutil.rmtree(paths.folder, ignore_errors=True)


def sentence(error: OSError, paths: SweepPaths) -> str:
    """Say what to do about a folder that cannot be written."""
    place = Path(error.filename or paths.folder)
    if place.is_relative_to(_local_state()) or (
        _local_state().is_relative_to(place) and not paths.folder.is_relative_to(place)
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
