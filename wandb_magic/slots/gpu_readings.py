"""How busy GPUs are, and how much of their memory is used, from W&B's system metrics of runs."""

from __future__ import annotations

from collections.abc import Iterable

from wandb_magic.log_records import LogRecord, SystemRecord
from wandb_magic.records import RunId
from wandb_magic.slots.devices import Device

_BUSY, _USED = "gpu.{}.gpu", "gpu.{}.memoryAllocatedBytes"


class GpuReadings:
    """The newest readings of each active run.

    W&B measures whole GPUs by the driver's numbers; of MIG slices, nothing is known.
    """

    def __init__(self) -> None:
        self._readings: dict[RunId, dict[str, float]] = {}

    def on_logged(self, run: RunId, entries: Iterable[LogRecord]) -> None:
        """Record what a run has measured."""
        for entry in entries:
            if isinstance(entry, SystemRecord):
                readings = {
                    key: value for key, value in entry.values.items() if key.startswith("gpu.")
                }
                if readings:
                    self._readings.setdefault(run, {}).update(readings)

    def on_ended(self, run: RunId) -> None:
        """Forget a run."""
        self._readings.pop(run, None)

    def latest(self, run: RunId, device: Device) -> tuple[float | None, float | None]:
        """Return how busy a GPU is in percent, and the bytes of its memory that are used."""
        readings = self._readings.get(run, {})
        return tuple(readings.get(key.format(device.token)) for key in (_BUSY, _USED))  # type: ignore[return-value] # two
