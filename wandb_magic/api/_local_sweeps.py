"""Finds the sweeps of this user on this machine, from any process."""

from __future__ import annotations

from wandb_magic import registry
from wandb_magic.api._locate import locate
from wandb_magic.api._sweep import Sweep
from wandb_magic.api._unreadable_sweep import UnreadableSweep, open_entry


def sweeps() -> list[Sweep]:
    """Return all sweeps of this user on this machine that can be read, newest first."""
    return [sweep for sweep in all_sweeps() if not isinstance(sweep, UnreadableSweep)]


def all_sweeps() -> list[Sweep]:
    """Return all sweeps of this user on this machine, including those that cannot be read."""
    return [open_entry(entry) for entry in registry.list_sweeps()]


def find_local(sweep: str) -> Sweep:
    """Return the sweep with an id, a unique id prefix, a name, or a folder.

    A sweep that is missing or damaged is also returned: it can be stopped and deleted.

    Raises
    ------
    SweepNotFoundError
        If no sweep matches, or more than one.
    """
    paths, entry = locate(sweep)
    return Sweep(paths) if entry is None else open_entry(entry)
