"""Checks whether two thousand runs leave anything behind: memory, descriptors, processes, files.

    python benchmarks/soak.py [--quick] [--runs N] [--json PATH]

One sweep of trivial runs is observed from outside while it runs. The slopes are those of a
straight line through the samples, without the first fifth, in which caches fill.
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import psutil
from report_tables import Table, arguments, report
from sandbox import leftovers, sandbox

import wandb_magic
from wandb_magic.api import Sweep

AGENTS = 2
SAMPLE_EVERY_S = 0.5
CONFIG = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}
# Besides the runs, of which there are at most as many as agents.
PARTS = {
    "supervisor": "wandb_magic.supervisor",
    "template": "wandb_magic.runner.fork_server",
    "wandb-core": "wandb-core",
}
SETTLING_S = 30.0


def train() -> None:
    import wandb  # noqa: PLC0415 - the cell's own

    with wandb.init() as run:
        for step in range(10):
            run.log({"loss": step / 10})


def sample(folder: Path) -> dict[str, float]:
    """Return the current resources of the sweep's processes."""
    quantities: dict[str, float] = {}
    living = leftovers(str(folder))
    quantities["processes"] = len(living)
    everything = psutil.Process().children(recursive=True)
    quantities["zombies"] = 0
    for process in everything:
        try:
            quantities["zombies"] += process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            continue
    for name, word in PARTS.items():
        for process in living:
            try:
                if not any(word in part for part in process.cmdline()):
                    continue
                # Runs are forks of the fork server, and look like it.
                if name == "template" and process.pid == os.getsid(process.pid):
                    continue
                quantities[f"{name}, RSS in MB"] = process.memory_info().rss / 1e6
                quantities[f"{name}, descriptors"] = process.num_fds()
            except (psutil.Error, OSError):
                continue
    quantities["files in the temporary folder"] = count_files(folder / "tmp")
    return quantities


def count_files(folder: Path) -> int:
    return sum(len(folders) + len(files) for _, folders, files in os.walk(folder))


def watch(folder: Path, sweep: Sweep) -> dict[str, list[tuple[int, float]]]:
    """Return the samples of each quantity, with the number of runs that had ended."""
    series = defaultdict(list)
    while (status := sweep.status()).state == "running" or not status.ended:
        for name, value in sample(folder).items():
            series[name].append((status.ended, value))
        time.sleep(SAMPLE_EVERY_S)
    return series


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    options = parser.parse_args()
    count = 100 if options.quick else options.runs
    with sandbox() as folder:
        sweep = wandb_magic.start(CONFIG, train, count=count, agents=AGENTS)
        series = watch(folder, sweep)
        status = sweep.wait().status()
        deadline = time.monotonic() + SETTLING_S
        while leftovers(str(folder)) and time.monotonic() < deadline:
            time.sleep(0.1)
        left = [" ".join(process.cmdline()) for process in leftovers(str(folder))]
        zombies = [child.name() for child in psutil.Process().children(recursive=True)]
        files = [str(path.relative_to(folder)) for path in (folder / "tmp").rglob("*")]
        records = sweep.records()
    rows = []
    for name, samples in sorted(series.items()):
        steady = np.array([each for each in samples if each[0] >= count / 5])
        slope = float(np.polyfit(*steady.T, 1)[0]) * 1000 if len(steady) > 2 else float("nan")
        first, last, most = steady[0, 1], steady[-1, 1], steady[:, 1].max()
        rows.append((name, f"{first:.4g}", f"{last:.4g}", f"{most:.4g}", f"{slope:+.3g}"))
    ended = sum(record.exit_code == 0 for record in records)
    note = (
        f"{ended} of {count} runs ended well, {AGENTS} at a time. Left behind: "
        f"{len(left)} processes, {len(zombies)} zombies, {len(files)} temporary files."
    )
    for each in (*left, *zombies, *files[:20]):
        print("left behind:", each, file=sys.stderr)
    assert status.state == "finished", status
    columns = ("of the sweep", "after a fifth", "at the end", "most", "per 1,000 runs")
    report([Table(columns, tuple(rows), note)], options.json)


if __name__ == "__main__":
    main()
