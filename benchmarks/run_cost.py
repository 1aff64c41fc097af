"""What a run costs, compared with a bare fork that does the same and a cold ``python train.py``.

    python benchmarks/run_cost.py [--quick] [--json PATH]

The run is as small as possible: ``wandb.init``, ten ``log``, the end; offline, torch imported. The
floor is a loop of ``os.fork`` in a parent with everything imported and one wandb-core for
all. Ours is a whole sweep with one agent, from its first run's start to its last run's end. The
three take turns, so that a busy machine slows all of them. Ours must leave the same in W&B's
folder as a cold run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

from bare_forks import BareForks, run_variables
from report_tables import Table, arguments, report
from run_traces import left_behind
from sandbox import sandbox

import wandb_magic
from wandb_magic.records import RunRecord

SCRIPT = """
import torch
import wandb

with wandb.init() as run:
    for step in range(10):
        run.log({"loss": step / 10})
"""
CONFIG = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}
ROWS = (
    "bare `os.fork` (floor)",
    "a sweep's run: the whole sweep / its runs",
    "a sweep's run: from start to start",
    "of that, from start to end",
    "cold `python train.py`",
)


def train() -> None:
    import torch  # noqa: F401, PLC0415 - as in the user's cell
    import wandb  # noqa: PLC0415

    with wandb.init() as run:
        for step in range(10):
            run.log({"loss": step / 10})


def cold_run() -> tuple[float, str]:
    """Return how many seconds a run in a fresh Python took, and its id."""
    variables = run_variables()
    begin = time.perf_counter()
    subprocess.run([sys.executable, "train.py"], env=os.environ | variables, check=True)
    return time.perf_counter() - begin, variables["WANDB_RUN_ID"]


def our_runs(count: int) -> tuple[list[RunRecord], float]:
    """Return the runs of one sweep, and how many seconds it took per run."""
    runs = wandb_magic.start(CONFIG, train, count=count).wait().records()
    assert all(run.exit_code == 0 for run in runs)
    begin, end = runs[0].started, runs[-1].ended
    assert begin is not None
    assert end is not None
    return runs, (end - begin) / count


def main() -> None:
    options = arguments(__doc__).parse_args()
    rounds, count = (2, 5) if options.quick else (12, 10)
    times: dict[str, list[float]] = {name: [] for name in ROWS}
    ratios: dict[str, list[float]] = {name: [] for name in ROWS}
    same = 0
    with sandbox() as folder:
        Path("train.py").write_text(SCRIPT, "utf-8")
        floor = BareForks(SCRIPT)
        floor.runs(3)
        for _ in range(rounds):
            bare = floor.runs(count)
            runs, per_run = our_runs(count)
            seconds, name = cold_run()
            starts = [run.started or 0.0 for run in runs]
            intervals = [after - before for before, after in pairwise(starts)]
            spans = [(run.ended or 0.0) - (run.started or 0.0) for run in runs]
            for row, taken in zip(
                ROWS, (bare, [per_run], intervals, spans, [seconds]), strict=True
            ):
                times[row] += taken
                ratios[row].append(median(taken) / median(bare))
            lone = left_behind(next(folder.glob(f"wandb/offline-run-*-{name}")))
            for run in runs:
                ours = left_behind(Path(run.directory))
                missing = [key for key in lone if ours.get(key) != lone[key]]
                assert not missing, missing
            same += len(runs)
        floor.close()
    table = Table(
        ("one trivial run", "median, ms", "beside the floor (median of rounds)"),
        tuple(
            (row, f"{1000 * median(times[row]):.0f}", f"{median(ratios[row]):.2f}") for row in ROWS
        ),
        f"{same} of {rounds * count} runs left what a cold run leaves: kinds of records, files, "
        f"requirements.txt, Git commit and uncommitted changes.",
    )
    report([table], options.json)


if __name__ == "__main__":
    main()
