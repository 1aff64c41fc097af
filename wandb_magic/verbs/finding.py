"""Finding sweeps again, from any process of the same user."""

from __future__ import annotations

from wandb_magic import index
from wandb_magic.verbs.handle import Sweep
from wandb_magic.verbs.locating import locate
from wandb_magic.verbs.unreadable import UnreadableSweep, opened


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
    paths, entry = locate(sweep)
    return Sweep(paths) if entry is None else opened(entry)
