"""Which sweeps of this user have died: they should be running, and their supervisor is gone."""

from __future__ import annotations

from collections.abc import Iterator

from wandb_magic import index
from wandb_magic.doctor.findings import Finding, note, ok
from wandb_magic.doctor.place import Place
from wandb_magic.verbs.handle import Sweep

SHOWN = 5  # sweeps that are named, the newest first


def findings(place: Place) -> Iterator[Finding]:
    """Yield a finding for each of the newest sweeps that died, or cannot be read."""
    entries = index.entries()
    died, unreadable = [], []
    for entry in entries:
        try:
            if Sweep(entry.paths).status().died:
                died.append(entry)
        except Exception as error:  # noqa: BLE001 - its store may be broken, or of another version
            unreadable.append((entry, f"{type(error).__name__}: {error}"))
    for entry in died[:SHOWN]:
        yield note(
            f"sweep {_named(entry)} died: its supervisor is gone", place.verb(f"resume {entry.id}")
        )
    if len(died) > SHOWN:
        yield note(f"{len(died) - SHOWN} older sweeps died, too", place.verb("list"))
    for entry, why in unreadable[:SHOWN]:
        yield note(
            f"sweep {_named(entry)} cannot be read, perhaps because a newer version made it: "
            f"{why}",
            place.pip("wandb-magic"),
        )
    if not died and not unreadable:
        yield ok(f"{len(entries)} on this machine, none of them died" if entries else "none yet")


def _named(entry: index.Entry) -> str:
    return entry.id if entry.name == entry.id else f"{entry.name} ({entry.id})"
