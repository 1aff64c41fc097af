"""Which sweeps of this user have died: they should be running, and their supervisor is gone."""

from __future__ import annotations

from collections.abc import Iterator

from wandb_magic.doctor.findings import Finding, note, ok
from wandb_magic.doctor.place import Place
from wandb_magic.verbs.finding import sweeps

SHOWN = 5  # dead sweeps that are named, the newest first


def findings(place: Place) -> Iterator[Finding]:
    """Yield a finding for each of the newest sweeps that died."""
    known, died, unreadable = 0, [], []
    for sweep in sweeps():
        known += 1
        try:
            if sweep.status().died:
                died.append(sweep)
        except Exception as error:  # noqa: BLE001 - its store may be broken, or of another version
            unreadable.append((sweep, f"{type(error).__name__}: {error}"))
    for sweep in died[:SHOWN]:
        named = sweep.id if sweep.name == sweep.id else f"{sweep.name} ({sweep.id})"
        yield note(f"sweep {named} died: its supervisor is gone", place.verb(f"resume {sweep.id}"))
    if len(died) > SHOWN:
        yield note(f"{len(died) - SHOWN} older sweeps died, too", place.verb("list"))
    for sweep, why in unreadable[:SHOWN]:
        yield note(
            f"sweep {sweep.id} cannot be read, perhaps because another version made it: {why}",
            place.pip("wandb-magic"),
        )
    if not died and not unreadable:
        yield ok(f"{known} on this machine, none of them died" if known else "none yet")
