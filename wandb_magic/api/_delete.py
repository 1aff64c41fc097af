"""Deletes a sweep's folder, even if its store cannot be read."""

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
    """Delete a sweep's folder and store, and unregister the sweep.

    Raises
    ------
    SweepStateError
        If the sweep is running, or is being sent to W&B.
    """
    require_idle(paths, sweep)
    registry.remove(sweep)
    store = paths.store
    if paths.folder.is_symlink() or not paths.folder.is_dir():
        paths.folder.unlink(missing_ok=True)
    else:
        _make_removable(paths.folder)
        shutil.rmtree(paths.folder)
    # A folder from elsewhere may name any file as its store: delete only a store of ours.
    if store.name in (f"{sweep}.db", f"{sweep}-copy.db") and store.parent.name == STATE_FOLDER:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{store}{suffix}").unlink(missing_ok=True)


def _make_removable(folder: Path) -> None:
    """Give the owner the permissions that are needed to delete a folder."""
    for path in (folder, folder / "bundle", folder / "runs"):
        with contextlib.suppress(OSError):
            if not path.is_symlink() and not os.access(path, os.W_OK | os.X_OK):
                path.chmod(FOLDER_MODE)


def require_idle(paths: SweepPaths, sweep: SweepId) -> None:
    """Raise an error if a process is using a sweep's folder.

    Raises
    ------
    SweepStateError
        If the sweep is running, or is being sent to W&B.
    """
    if is_supervisor_running(paths):
        raise SweepStateError(f"sweep {sweep} is running: stop it first")
    if is_sync_running(paths):
        raise SweepStateError(f"sweep {sweep} is being sent to W&B: wait until it is done")


def delete_unreadable(sweep: str) -> None:
    """End the processes of a sweep whose store cannot be read, and delete it.

    Raises
    ------
    SweepNotFoundError
        If there is no sweep with this id.
    SweepStateError
        If it is still running, because another user started it.
    """
    entry = registry.find(sweep)
    if entry is None:
        raise SweepNotFoundError(f"there is no sweep {sweep!r}: it was deleted or moved")
    terminate_sweep(entry.paths.folder)
    delete_sweep(entry.paths, entry.id)
