"""Finding sweeps again, from any process of the same user."""

from __future__ import annotations

import contextlib
from pathlib import Path

from wandb_magic import index
from wandb_magic.errors import StoreError, SweepNotFoundError
from wandb_magic.paths import SweepPaths
from wandb_magic.verbs.handle import Sweep
from wandb_magic.verbs.unreadable import UnreadableSweep, opened

SHOWN = 5  # candidates that a message lists


def sweeps() -> list[Sweep]:
    """Return all sweeps of this user on this machine that can be read, newest first."""
    return [sweep for sweep in known() if not isinstance(sweep, UnreadableSweep)]


def known() -> list[Sweep]:
    """Return all sweeps of this user on this machine, those that cannot be read among them."""
    return [opened(entry) for entry in index.entries()]


def attach(sweep: str) -> Sweep:
    """Return the sweep with an id, a unique prefix of one, a name, or a folder.

    One that is away or damaged is returned, too: it can be stopped and deleted.

    Raises
    ------
    SweepNotFoundError
        If there is none, or more than one.
    """
    folder = _folder(sweep)
    if folder is not None:
        paths = SweepPaths(folder.resolve())
        if paths.store_pointer.exists() and not paths.store.exists():
            raise StoreError(
                f"{folder} is from a machine that keeps its store at {paths.store}: copy that "
                f"file to {folder / 'sweep.db'}, and {paths.store.name}-wal, if it is there, to "
                f"{folder / 'sweep.db-wal'}"
            )
        listed = [entry for entry in index.entries() if entry.paths == paths]
        return opened(listed[0]) if listed else Sweep(paths)
    entries = index.entries()
    wanted = sweep.rstrip("/").rpartition("/")[2]  # W&B's entity/project/id, too
    for found in (
        [entry for entry in entries if entry.id == wanted],
        [entry for entry in entries if entry.name == sweep],
        [entry for entry in entries if sweep and entry.id.startswith(sweep)],
    ):
        if len(found) == 1:
            return opened(found[0])
        there = [entry for entry in found if not entry.away]
        if len(there) == 1:
            return opened(there[0])
        if found:
            raise SweepNotFoundError(
                f"{len(found)} sweeps go by {sweep!r}: use one of the ids "
                + ", ".join(entry.id for entry in found[:SHOWN])
            )
    names = ", ".join(f"{entry.id} ({entry.name})" for entry in entries[:SHOWN])
    raise SweepNotFoundError(
        f"there is no sweep {sweep!r}: " + (f"the newest are {names}" if names else "none exists")
    )


def _folder(name: str) -> Path | None:
    """Return the sweep's folder that a name is; None if it is none, or cannot be one."""
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # too long, NUL, no such user
        folder = Path(name).expanduser()
        if folder.is_dir() and (folder / "spec.yaml").exists():
            return folder
    return None
