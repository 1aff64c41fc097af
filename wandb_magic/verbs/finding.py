"""Finding sweeps again, from any process of the same user."""

from __future__ import annotations

import contextlib
from pathlib import Path

from wandb_magic import index
from wandb_magic.errors import StoreError, SweepNotFoundError
from wandb_magic.paths import SweepPaths
from wandb_magic.verbs.handle import Sweep

SHOWN = 5  # candidates that a message lists


def sweeps() -> list[Sweep]:
    """Return all sweeps of this user on this machine, newest first."""
    found = []
    for entry in index.entries():
        with contextlib.suppress(StoreError):  # being made, or being deleted
            found.append(Sweep(entry.paths))
    return found


def attach(sweep: str) -> Sweep:
    """Return the sweep with an id, a unique prefix of one, a name, or a folder.

    Raises
    ------
    SweepNotFoundError
        If there is none, or more than one.
    """
    folder = Path(sweep).expanduser()
    if folder.is_dir() and (folder / "spec.yaml").exists():
        paths = SweepPaths(folder.resolve())
        if paths.store_pointer.exists() and not paths.store.exists():
            raise StoreError(
                f"{folder} is from a machine that keeps its store at {paths.store}: copy that "
                f"file to {folder / 'sweep.db'}, and {paths.store.name}-wal, if it is there, to "
                f"{folder / 'sweep.db-wal'}"
            )
        return Sweep(paths)
    known = index.entries()
    wanted = sweep.rstrip("/").rpartition("/")[2]  # W&B's entity/project/id, too
    for found in (
        [entry for entry in known if entry.id == wanted],
        [entry for entry in known if entry.name == sweep],
        [entry for entry in known if sweep and entry.id.startswith(sweep)],
    ):
        if len(found) == 1:
            return Sweep(found[0].paths)
        if found:
            raise SweepNotFoundError(
                f"{len(found)} sweeps go by {sweep!r}: use one of the ids "
                + ", ".join(entry.id for entry in found[:SHOWN])
            )
    names = ", ".join(f"{entry.id} ({entry.name})" for entry in known[:SHOWN])
    raise SweepNotFoundError(
        f"there is no sweep {sweep!r}: " + (f"the newest are {names}" if names else "none exists")
    )
