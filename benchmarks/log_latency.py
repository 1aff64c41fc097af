"""How long after ``log()`` a value can be read from a sweep's store, by another process.

    python benchmarks/log_latency.py [--quick] [--json PATH]

Eight concurrent runs log 100 steps a second each; every step contains the time when it was logged.
The floor reads the same runs' own files, bypassing the supervisor and the store. The peer is
the same with wandb's default flush interval.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from report_tables import Table, arguments, percentile, report
from sandbox import sandbox

import wandb_magic
from wandb_magic.log_records import HistoryRecord
from wandb_magic.paths import SweepPaths
from wandb_magic.runner.wandb_preload import FLUSH_INTERVAL_S
from wandb_magic.store import StoreReader
from wandb_magic.wandb_log import LogFollower

RUNS = 8
STEPS_PER_S = 100
WANDBS_DEFAULT_S = 15.0
LOOK_EVERY_S = 0.02
KEY = "logged_at"
CONFIG = {"method": "random", "parameters": {"lr": {"min": 0.0, "max": 1.0}}}


@dataclass
class Delays:
    """Seconds from ``log()`` until each step was readable."""

    store: list[float] = field(default_factory=list)
    file: list[float] = field(default_factory=list)


def observe(seconds: float, flush: float) -> Delays:
    """Run a sweep, and watch its store and its runs' files until it has ended."""

    def train() -> None:
        import os  # noqa: PLC0415 - the cell's own

        os.environ["WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL"] = str(flush)
        import wandb  # noqa: PLC0415

        with wandb.init() as run:
            begin = time.monotonic()
            for step in range(int(seconds * STEPS_PER_S)):
                run.log({KEY: time.time(), "loss": 1 / (1 + step)})
                time.sleep(max(0.0, begin + step / STEPS_PER_S - time.monotonic()))

    sweep = wandb_magic.start(CONFIG, train, count=RUNS, agents=RUNS)
    reader = StoreReader(SweepPaths(sweep.path).store)
    delays, seen, files = Delays(), {}, {}
    while True:
        ended = reader.sweep().state.has_ended
        # From the first step that has not been seen for every run.
        span = (min(seen.values()) + 1 if len(seen) == RUNS else 0, 1 << 40)
        latencies = reader.history([KEY], points=None, span=span)
        now = time.time()
        for run, curves in latencies.items():
            steps, values = curves[KEY].steps, curves[KEY].lows
            new = steps > seen.get(run, -1)
            delays.store += (now - values[new]).tolist()
            seen[run] = max(steps.tolist(), default=seen.get(run, -1))
        for record in reader.runs():
            if record.directory:
                files.setdefault(record.id, LogFollower(Path(record.directory)))
        for follower in files.values():
            entries = follower.poll()
            now = time.time()
            delays.file += [
                now - entry.scalars[KEY]
                for entry in entries
                if isinstance(entry, HistoryRecord) and KEY in entry.scalars
            ]
        if ended:
            break
        time.sleep(LOOK_EVERY_S)
    for follower in files.values():
        follower.close()
    reader.close()
    steps = RUNS * int(seconds * STEPS_PER_S)
    assert len(delays.store) == len(delays.file) == steps, (len(delays.store), steps)
    return delays


def main() -> None:
    given = arguments(__doc__).parse_args()
    seconds = 5 if given.quick else 40
    with sandbox():
        ours = observe(seconds, FLUSH_INTERVAL_S)
        peer = observe(seconds, WANDBS_DEFAULT_S)
    least = percentile(ours.file, 0.95)
    rows = (
        (f"the runs' own files, flushed every {FLUSH_INTERVAL_S:g} s (floor)", ours.file),
        ("the sweep's store", ours.store),
        (f"the store, flushed every {WANDBS_DEFAULT_S:g} s as by default", peer.store),
    )
    table = Table(
        ("from log() to readable", "median, ms", "p95, ms", "worst, ms", "p95 beside the floor"),
        tuple(
            (
                name,
                f"{1000 * median(delays):.0f}",
                f"{1000 * percentile(delays, 0.95):.0f}",
                f"{1000 * max(delays):.0f}",
                f"{percentile(delays, 0.95) / least:.2f}",
            )
            for name, delays in rows
        ),
        f"{RUNS} runs at once, {STEPS_PER_S} steps a second each, for {seconds} s; "
        f"the reader looks every {1000 * LOOK_EVERY_S:g} ms. Every step of every run arrived.",
    )
    report([table], given.json)


if __name__ == "__main__":
    main()
