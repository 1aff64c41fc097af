"""Deleting a sweep's folder, whether its store can be read or not."""

from __future__ import annotations

import shutil
from pathlib import Path

from wandb_magic import index
from wandb_magic.detach import supervised, syncing
from wandb_magic.errors import SweepNotFoundError, SweepStateError
from wandb_magic.paths import STATE_FOLDER, SweepPaths
from wandb_magic.records import SweepId


def remove(paths: SweepPaths, sweep: SweepId) -> None:
    """Delete what a sweep left, and forget it.

    Raises
    ------
    SweepStateError
        If the sweep is running, or on its way to W&B.
    """
    check_idle(paths, sweep)
    index.remove(sweep)
    store = paths.store
    shutil.rmtree(paths.folder)
    # A folder from elsewhere may name any file as its store: only one of ours goes with it.
    if store.name in (f"{sweep}.db", f"{sweep}-copy.db") and store.parent.name == STATE_FOLDER:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{store}{suffix}").unlink(missing_ok=True)


def check_idle(paths: SweepPaths, sweep: SweepId) -> None:
    """See to it that nobody works in a sweep's folder.

    Raises
    ------
    SweepStateError
        If the sweep is running, or on its way to W&B.
    """
    if supervised(paths):
        raise SweepStateError(f"sweep {sweep} is running: stop it first")
    if syncing(paths):
        raise SweepStateError(f"sweep {sweep} is being sent to W&B: wait until it is there")


def discard(sweep: str) -> None:
    """Delete a sweep whose store cannot be read.

    Raises
    ------
    SweepNotFoundError
        If there is none with this id.
    SweepStateError
        If it is running all the same.
    """
    for entry in index.entries():
        if entry.id == sweep:
            remove(entry.paths, entry.id)
            return
    raise SweepNotFoundError(f"there is no sweep {sweep!r}: it was deleted or moved")
