"""Sweeps that cannot be read (missing, damaged or forbidden); they can be stopped and deleted."""

from __future__ import annotations

from typing import NoReturn

from wandb_magic.api._delete import delete_unreadable
from wandb_magic.api._sweep import Sweep
from wandb_magic.errors import StoreError, SweepError
from wandb_magic.records import SweepId
from wandb_magic.registry import SweepLocation
from wandb_magic.runner.process_cleanup import terminate_sweep


class UnreadableSweep(Sweep):
    """A sweep of which only the location is known; reading it raises an error with the reason.

    Parameters
    ----------
    entry
        Its entry in the list of sweeps.
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
    def _reader(self) -> NoReturn:  # type: ignore[override] # always raises
        raise StoreError(self.reason, lasting=True)

    def stop(self, *, drain: bool = False) -> Sweep:  # noqa: ARG002 - no supervisor could wait for runs
        """End the sweep's processes; how its runs ended is not recorded."""
        terminate_sweep(self._paths.folder)
        return self

    def delete(self) -> None:
        """End the sweep's processes, delete its folder if it exists, and unregister the sweep."""
        delete_unreadable(self.id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {self.reason}>"


def unreadable_reason(entry: SweepLocation, error: Exception) -> str:
    """Return one sentence that says why a sweep cannot be read."""
    if entry.is_unavailable:
        return f"its folder {entry.folder} is missing: mount its disk again, or delete the sweep"
    if isinstance(error, SweepError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or entry.folder} cannot be read: {error.strerror or error}"
    return (
        f"{entry.folder} cannot be read ({type(error).__name__}: {error}): restore it, or delete "
        "the sweep"
    )


def open_entry(entry: SweepLocation) -> Sweep:
    """Return a sweep; an `UnreadableSweep` if it cannot be read."""
    try:
        return Sweep(entry.paths)
    except Exception as error:  # noqa: BLE001 - one damaged folder must not hide other sweeps
        return UnreadableSweep(entry, unreadable_reason(entry, error))
