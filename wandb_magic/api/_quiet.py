"""Finds runs that have neither logged nor printed anything for long."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunRecord, RunState
from wandb_magic.store import StoreReader

QUIET_AFTER_S = 600.0
"""For how long a run must have been quiet before a status says so."""

_MAX_RUNS = 256  # that are looked at: a status is read often


@dataclass(frozen=True)
class QuietRun:
    """A run that is quiet: its number, and for how many seconds."""

    number: int
    seconds: float

    def __str__(self) -> str:
        hours, minutes = divmod(int(self.seconds // 60), 60)
        duration = f"{hours} h {minutes} min" if hours else f"{minutes} min"
        return f"run {self.number} quiet for {duration}"


def quiet_runs(
    reader: StoreReader, paths: SweepPaths, after: float = QUIET_AFTER_S
) -> list[QuietRun]:
    """Return the active runs that have been quiet for longer than `after` seconds."""
    now = time.time()
    runs = [
        run
        for run in reader.active_runs(reader.last_row())[:_MAX_RUNS]
        if run.state is RunState.RUNNING and now - (run.started or now) > after
    ]
    if not runs:
        return []
    summaries = reader.summaries([run.id for run in runs])
    found = [
        QuietRun(run.number, now - _last_sign(run, summaries.get(run.id, {}), paths))
        for run in runs
    ]
    return [run for run in found if run.seconds > after]


def _last_sign(run: RunRecord, summary: dict[str, object], paths: SweepPaths) -> float:
    """Return when a run last logged or printed something."""
    times = [run.started or 0.0]
    logged = summary.get("_timestamp")
    if isinstance(logged, (int, float)):
        times.append(float(logged))
    with contextlib.suppress(OSError):
        times.append(paths.run(run.id).output.lstat().st_mtime)
    return max(times)
