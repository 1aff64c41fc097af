"""Asks all probes, and lets none of them do harm.

All but those that are about the calling thread work at the same time, each in a thread with a time
limit; one that breaks, or takes too long, is itself a finding.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from wandb_magic.doctor import (
    account,
    disk,
    gpus,
    kernel,
    panel,
    starting,
    sweeps,
    variables,
    versions,
)
from wandb_magic.doctor.findings import Finding, Section, note
from wandb_magic.doctor.place import Place

Find = Callable[[Place], Iterable[Finding]]


@dataclass(frozen=True)
class Probe:
    """How one subject is examined.

    Attributes
    ----------
    limit
        Seconds that it has.
    here
        Whether it works in the calling thread, because that is what it is about. It then keeps to
        its limit by itself.
    """

    subject: str
    find: Find
    limit: float = 5.0
    here: bool = False


PROBES = (
    Probe("versions", versions.findings),
    Probe("kernel", kernel.findings, here=True),
    Probe("W&B", account.findings, limit=account.PATIENCE_S + 6),
    Probe("variables", variables.findings),
    Probe("starting runs", starting.findings, limit=starting.LIMIT_S + 1),
    Probe("GPUs", gpus.findings, limit=gpus.LIMIT_S + 1),
    Probe("disk", disk.findings),
    Probe("panel", panel.findings, limit=8.0),
    Probe("sweeps", sweeps.findings),
)


class Asked:
    """A probe at work in a thread of its own.

    The thread is a daemon: one that hangs holds up neither the answer nor the end of the process.
    """

    def __init__(self, probe: Probe, place: Place) -> None:
        self._probe = probe
        self._place = place
        self._deadline = time.monotonic() + probe.limit
        self._found: list[Finding] = []
        self._thread = threading.Thread(
            target=self._work, name=f"doctor: {probe.subject}", daemon=True
        )
        self._thread.start()

    def answer(self) -> Section:
        """Return what was found within the time limit."""
        self._thread.join(max(0.0, self._deadline - time.monotonic()))
        found = tuple(self._found)
        if self._thread.is_alive():
            late = note(
                f"the rest could not be found out within {self._probe.limit:.0f} seconds",
                self._place.verb("doctor"),
            )
            found = (*found, late)
        return Section(self._probe.subject, found)

    def _work(self) -> None:
        for finding in asking(self._probe, self._place):
            self._found.append(finding)  # one by one: what is late takes nothing along


def examine(place: Place, probes: Iterable[Probe] = PROBES) -> list[Section]:
    """Return what is found at `place`, in the order of `probes`."""
    wanted = list(probes)
    asked = {probe.subject: Asked(probe, place) for probe in wanted if not probe.here}
    return [
        Section(probe.subject, tuple(asking(probe, place)))
        if probe.here
        else asked[probe.subject].answer()
        for probe in wanted
    ]


def asking(probe: Probe, place: Place) -> Iterator[Finding]:
    """Yield what one probe finds; what it raises is a finding."""
    try:
        yield from probe.find(place)
    except Exception as error:  # noqa: BLE001 - a broken probe must not hide what others found
        what = traceback.format_exception_only(error)[-1].strip()
        where = traceback.extract_tb(error.__traceback__)[-1]
        yield note(
            f"the rest could not be found out, through a fault of ours: {what} "
            f"({where.name}, line {where.lineno})",
            place.verb("doctor"),
        )
