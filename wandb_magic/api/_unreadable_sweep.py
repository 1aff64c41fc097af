"""A sweep that cannot be read: it is away, damaged or forbidden, and can be ended and deleted."""

from __future__ import annotations

from typing import NoReturn

from wandb_magic.api._delete import delete_unreadable
from wandb_magic.api._sweep import Sweep
from wandb_magic.errors import StoreError, SweepError
from wandb_magic.records import SweepId
from wandb_magic.registry import SweepLocation
from wandb_magic.runner.process_cleanup import terminate_sweep


class UnreadableSweep(Sweep):
    """A sweep of which only its place is known; whatever reads it says why that cannot be.

    Parameters
    ----------
    entry
        What the index says of it.
    reason
        Why it cannot be read.
    """

    def __init__(self, entry: SweepLocation, reason: str) -> None:
        self._paths = entry.paths
        self.contents = None
        self.id: SweepId = entry.id
        self.__dict__["name"] = entry.name
        self.reason = reason

    @property
    def _reader(self) -> NoReturn:  # type: ignore[override] # there is none
        raise StoreError(self.reason, lasting=True)

    def stop(self, *, drain: bool = False) -> Sweep:  # noqa: ARG002 - nobody can be told to wait
        """End the sweep's processes; nobody is there who could note how its runs ended."""
        terminate_sweep(self._paths.folder)
        return self

    def delete(self) -> None:
        """End the sweep's processes, delete its folder if it is there, and forget the sweep."""
        delete_unreadable(self.id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {self.reason}>"


def unreadable_reason(entry: SweepLocation, error: Exception) -> str:
    """Return in a sentence why a sweep cannot be read."""
    if entry.is_unavailable:
        return f"its folder {entry.folder} is away: bring its disk back, or delete the sweep"
    if isinstance(error, SweepError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or entry.folder} cannot be read: {error.strerror or error}"
    return (
        f"{entry.folder} holds what cannot be read ({type(error).__name__}: {error}): restore it, "
        "or delete the sweep"
    )


def open_entry(entry: SweepLocation) -> Sweep:
    """Return a sweep, or what can still be done with it if it cannot be read."""
    try:
        return Sweep(entry.paths)
    except Exception as error:  # noqa: BLE001 - whatever is in its folder, others are not concerned
        return UnreadableSweep(entry, unreadable_reason(entry, error))
