"""Takes GPUs out whose runs fail one after another while others succeed (a circuit breaker).

After `LIMIT` device errors in a row, with no success in between, a GPU gets no more runs for a
while, which doubles each time. Then it gets one run: a success brings it back, an error takes it
out again. The last GPU is never taken out: if runs fail everywhere, their code is to blame.

The pattern is from M. Nygard, *Release It!* (2007), chapter 5.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

LIMIT = 2
FIRST_PAUSE_S = 300.0
MAX_PAUSE_S = 3600.0


@dataclass
class _Circuit:
    errors: int = 0
    pause: float = FIRST_PAUSE_S
    out_until: float | None = None
    tried_at: float | None = None  # the same in seconds since the epoch, for people
    is_on_trial: bool = False


class CircuitBreaker:
    """The health of GPUs.

    Parameters
    ----------
    clock
        Returns a time in seconds that never jumps.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._circuits: dict[str, _Circuit] = {}

    def excluded(self, devices: Iterable[str]) -> list[str]:
        """Return which of these GPUs get no run at present."""
        return [device for device in devices if self._is_out(device)]

    def out_until(self, device: str) -> float | None:
        """Return when a GPU that gets no run is tried again; None if it gets runs.

        It is in seconds since the epoch, and past while a run tries it.
        """
        return self._circuits[device].tried_at if self._is_out(device) else None

    def is_failing(self, device: str) -> bool:
        """Return whether the last run on a GPU had a device error."""
        return device in self._circuits

    def on_started(self, devices: Iterable[str]) -> None:
        """Record that a run has started on GPUs; one that was out is now on trial."""
        for device in devices:
            circuit = self._circuits.get(device)
            if circuit is not None and circuit.out_until is not None:
                circuit.is_on_trial = True

    def on_success(self, devices: Mapping[str, str]) -> str:
        """Record that a run succeeded; return a notice if that brings a GPU back.

        `devices` has the names of its GPUs by their ids.
        """
        back = [
            name
            for device, name in devices.items()
            if (circuit := self._circuits.pop(device, None)) is not None
            and circuit.out_until is not None
        ]
        return f"{', '.join(back)}: runs succeed again, so it is used again" if back else ""

    def on_device_error(self, devices: Mapping[str, str], usable: Iterable[str]) -> str:
        """Record a device error of a run; return a notice if a GPU is taken out.

        `usable` has the ids of all GPUs.
        """
        others = set(usable) - set(devices)
        taken_out = []
        for device, name in devices.items():
            circuit = self._circuits.setdefault(device, _Circuit())
            circuit.errors += 1
            if circuit.errors < LIMIT or all(map(self._is_out, others)):
                continue
            if circuit.out_until is not None:
                circuit.pause = min(2 * circuit.pause, MAX_PAUSE_S)
            circuit.out_until = self._clock() + circuit.pause
            circuit.tried_at = time.time() + circuit.pause
            circuit.is_on_trial = False
            taken_out.append(name)
        if not taken_out:
            return ""
        return (
            f"{', '.join(taken_out)}: {LIMIT} runs in a row failed with device errors, so it gets "
            "no runs for a while and is then tried again"
        )

    def on_inconclusive(self, devices: Iterable[str]) -> None:
        """Record that a run ended for another reason: a GPU on trial gets another run."""
        for device in devices:
            if (circuit := self._circuits.get(device)) is not None:
                circuit.is_on_trial = False

    def _is_out(self, device: str) -> bool:
        circuit = self._circuits.get(device)
        if circuit is None or circuit.out_until is None:
            return False
        return circuit.is_on_trial or self._clock() < circuit.out_until
