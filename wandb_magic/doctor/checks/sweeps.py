"""Checks for sweeps that have died: they should be running, but have lost their supervisor."""

from __future__ import annotations

from collections.abc import Iterator

from wandb_magic import registry
from wandb_magic.api._sweep import Sweep
from wandb_magic.doctor.diagnostics import Diagnostic, note, ok
from wandb_magic.doctor.environment import Environment

SHOWN = 5  # sweeps that are listed, the newest first


def check(env: Environment) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each of the newest sweeps that died or cannot be read."""
    entries = registry.list_sweeps()
    died, unreadable = [], []
    for entry in entries:
        try:
            if Sweep(entry.paths).status().died:
                died.append(entry)
        except Exception as error:  # noqa: BLE001 - its store may be damaged, or from another version
            unreadable.append((entry, f"{type(error).__name__}: {error}"))
    for entry in died[:SHOWN]:
        yield note(
            f"sweep {_title(entry)} died: its supervisor is not running",
            env.verb(f"resume {entry.id}"),
        )
    if len(died) > SHOWN:
        yield note(f"{len(died) - SHOWN} older sweeps also died", env.verb("list"))
    for entry, reason in unreadable[:SHOWN]:
        yield note(
            f"sweep {_title(entry)} cannot be read, perhaps because a newer version made it: "
            f"{reason}",
            env.pip_install("wandb-magic"),
        )
    if not died and not unreadable:
        yield ok(f"{len(entries)} on this machine, none of them died" if entries else "none yet")


def _title(entry: registry.SweepLocation) -> str:
    return entry.id if entry.name == entry.id else f"{entry.name} ({entry.id})"
