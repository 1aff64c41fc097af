"""Deleting a sweep's folder, whether its store can be read or not."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from wandb_magic import registry
from wandb_magic.daemon import is_supervisor_running, is_sync_running
from wandb_magic.errors import SweepNotFoundError, SweepStateError
from wandb_magic.paths import FOLDER_MODE, STATE_FOLDER, SweepPaths
from wandb_magic.records import SweepId
from wandb_magic.runner.process_cleanup import terminate_sweep


def delete_sweep(paths: SweepPaths, sweep: SweepId) -> None:
    """Delete what a sweep left, and forget it.

    Raises
    ------
    SweepStateError
        If the sweep is running, or on its way to W&B.
    """
    require_idle(paths, sweep)
    registry.remove(sweep)
    store = paths.store
    if paths.folder.is_symlink() or not paths.folder.is_dir():
        paths.folder.unlink(missing_ok=True)
    else:
        _make_removable(paths.folder)
        shutil.rmtree(paths.folder)
    # A folder from elsewhere may name any file as its store: only one of ours goes with it.
    if store.name in (f"{sweep}.db", f"{sweep}-copy.db") and store.parent.name == STATE_FOLDER:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{store}{suffix}").unlink(missing_ok=True)


def _make_removable(folder: Path) -> None:
    """Give the owner the rights to a folder that it takes to delete it."""
    for place in (folder, folder / "bundle", folder / "runs"):
        with contextlib.suppress(OSError):
            if not place.is_symlink() and not os.access(place, os.W_OK | os.X_OK):
                place.chmod(FOLDER_MODE)


def require_idle(paths: SweepPaths, sweep: SweepId) -> None:
    """See to it that nobody works in a sweep's folder.

    Raises
    ------
    SweepStateError
        If the sweep is running, or on its way to W&B.
    """
    if is_supervisor_running(paths):
        raise SweepStateError(f"sweep {sweep} is running: stop it first")
    if is_sync_running(paths):
        raise SweepStateError(f"sweep {sweep} is being sent to W&B: wait until it is there")


def delete_unreadable(sweep: str) -> None:
    """Delete a sweep whose store cannot be read, and end what still runs of it.

    Raises
    ------
    SweepNotFoundError
        If there is none with this id.
    SweepStateError
        If it is running all the same, by another user's doing.
    """
    for entry in registry.list_sweeps():
        if entry.id == sweep:
            terminate_sweep(entry.paths.folder)
            delete_sweep(entry.paths, entry.id)
            return
    raise SweepNotFoundError(f"there is no sweep {sweep!r}: it was deleted or moved")
