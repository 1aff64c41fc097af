"""Learns from the first run that succeeds how much GPU memory runs need, and says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from wandb_magic.log_records import LogRecord, SystemRecord
from wandb_magic.records import RunId
from wandb_magic.slots.devices import Device

HEADROOM = 1.2
"""How much more than its peak a run is advised to ask for: W&B samples every few seconds."""
_OF_PROCESS = re.compile(r"gpu\.process\.\d+\.memoryAllocatedBytes")
_GIB = 2**30


class MemoryPeak:
    """The most GPU memory that the runs of a sweep used, as W&B's system metrics have it."""

    def __init__(self) -> None:
        self._peaks: dict[RunId, float] = {}
        self._has_advised = False

    def on_logged(self, run: RunId, entries: Iterable[LogRecord]) -> None:
        """Record what a run used of each GPU."""
        for entry in entries:
            if isinstance(entry, SystemRecord):
                used = [value for key, value in entry.values.items() if _OF_PROCESS.fullmatch(key)]
                if used:
                    self._peaks[run] = max(self._peaks.get(run, 0.0), *used)

    def on_ended(self, run: RunId, devices: Sequence[Device], *, succeeded: bool) -> str:
        """Forget a run; return what to advise after the first one that succeeded, or ""."""
        peak = self._peaks.pop(run, 0.0)
        if not succeeded or not peak or self._has_advised:
            return ""
        self._has_advised = True
        need = max(1, -int(-peak * HEADROOM // _GIB))
        smallest = min((device.memory or 0 for device in devices), default=0)
        fitting = smallest // (need * _GIB)
        text = f"the first run used up to {peak / _GIB:.1f} GiB of GPU memory"
        if fitting < 2:  # noqa: PLR2004 - nothing to share
            return f"{text}, so that runs do not fit on one GPU together"
        return f"{text}: with --gpu-memory {need}G, {fitting} runs share one GPU"
