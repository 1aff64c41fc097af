"""Finds the folder of a sweep on this machine by id, name or path."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from wandb_magic import registry
from wandb_magic.api._reader import SweepReader
from wandb_magic.errors import StoreError, SweepNotFoundError
from wandb_magic.paths import SweepPaths
from wandb_magic.registry import SweepLocation

MAX_CANDIDATES = 5  # candidates that a message lists


def locate(sweep: str) -> tuple[SweepPaths, SweepLocation | None]:
    """Return the paths of a sweep, and its entry in the list of sweeps, if it has one.

    Parameters
    ----------
    sweep
        An id, a unique id prefix, a name, or a folder.

    Raises
    ------
    SweepNotFoundError
        If no sweep matches, or more than one.
    """
    folder = _sweep_folder(sweep)
    if folder is not None:
        paths = SweepPaths(folder.resolve())
        if paths.store_pointer.exists() and not paths.store.exists():
            raise StoreError(
                f"{folder} is from a machine that keeps its store at {paths.store}: copy that "
                f"file to {folder / 'sweep.db'}, and {paths.store.name}-wal, if it exists, to "
                f"{folder / 'sweep.db-wal'}"
            )
        return paths, next(
            (entry for entry in registry.list_sweeps() if entry.paths == paths), None
        )
    entries = registry.list_sweeps()
    sweep_id = sweep.rstrip("/").rpartition("/")[2]  # accepts W&B's entity/project/id
    for matches in (
        [entry for entry in entries if entry.id == sweep_id],
        [entry for entry in entries if entry.name == sweep],
        [entry for entry in entries if sweep and entry.id.startswith(sweep)],
    ):
        if len(matches) == 1:
            return matches[0].paths, matches[0]
        present = [entry for entry in matches if not entry.is_unavailable]
        if len(present) == 1:
            return present[0].paths, present[0]
        if matches:
            raise SweepNotFoundError(
                f"{len(matches)} sweeps match {sweep!r}: use one of the ids "
                + ", ".join(entry.id for entry in matches[:MAX_CANDIDATES])
            )
    names = ", ".join(f"{entry.id} ({entry.name})" for entry in entries[:MAX_CANDIDATES])
    raise SweepNotFoundError(
        f"there is no sweep {sweep!r}: " + (f"the newest are {names}" if names else "none exists")
    )


def readable() -> Iterator[SweepReader]:
    """Yield all sweeps of this user on this machine that can be read, newest first."""
    for entry in registry.list_sweeps():
        try:
            reader = SweepReader(entry.paths)
        except Exception:  # noqa: BLE001, S112 - one damaged folder must not hide other sweeps
            continue
        yield reader


def _sweep_folder(name: str) -> Path | None:
    """Return the path if a name is the path of a sweep's folder, else None."""
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # too long, NUL, no such user
        folder = Path(name).expanduser()
        if folder.is_dir() and (folder / "spec.yaml").exists():
            return folder
    return None
