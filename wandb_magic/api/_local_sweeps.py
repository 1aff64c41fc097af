"""Finding sweeps again, from any process of the same user."""

from __future__ import annotations

from wandb_magic import registry
from wandb_magic.api._locate import locate
from wandb_magic.api._sweep import Sweep
from wandb_magic.api._unreadable_sweep import UnreadableSweep, open_entry


def sweeps() -> list[Sweep]:
    """Return all sweeps of this user on this machine that can be read, newest first."""
    return [sweep for sweep in all_sweeps() if not isinstance(sweep, UnreadableSweep)]


def all_sweeps() -> list[Sweep]:
    """Return all sweeps of this user on this machine, those that cannot be read among them."""
    return [open_entry(entry) for entry in registry.list_sweeps()]


def find_local(sweep: str) -> Sweep:
    """Return the sweep with an id, a unique prefix of one, a name, or a folder.

    One that is away or damaged is returned, too: it can be stopped and deleted.

    Raises
    ------
    SweepNotFoundError
        If there is none, or more than one.
    """
    paths, entry = locate(sweep)
    return Sweep(paths) if entry is None else open_entry(entry)
