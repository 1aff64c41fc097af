"""Runs per minute of one online sweep: ``wandb agent`` and our agent, side by side on a server.

    python benchmarks/online.py [--quick] [--json PATH]

The server is the fake one of the tests, in a separate process: only the agents are compared. Both
serve the same sweep at once, with one agent each, and the same trivial training code.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from report_tables import Table, arguments, report
from sandbox import sandbox

from wandb_magic import agent
from wandb_magic.wandb_client import create_sweep

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from fake_wandb_server.process import FakeWandbServerProcess
from fake_wandb_server.state import Run

PATIENCE_S = 600
PROGRAM = """
import wandb
with wandb.init() as run:
    for step in range(10):
        run.log({"loss": run.config["lr"] * step})
    print("done")
"""
CONFIG = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
    "program": "train.py",
    "command": ["${env}", sys.executable, "${program}"],
}


def train() -> None:
    """Do the same as the program."""
    import wandb  # noqa: PLC0415 - in the run

    with wandb.init() as run:
        for step in range(10):
            run.log({"loss": run.config["lr"] * step})
        print("done")


def received(run: Run) -> tuple[Any, ...]:
    """Return what the server has of a run, without what differs from run to run."""
    return (
        run.state,
        run.exit_code,
        tuple(run.config),
        tuple(tuple(sorted(key for key in row if key[0] != "_")) for row in run.history),
        len(run.history),
        [line for line in run.console if "done" in line] != [],
        "requirements.txt" in run.files,
        run.overwritten,
    )


def main() -> None:
    """Measure."""
    options = arguments(__doc__).parse_args()
    theirs, ours = (3, 20) if options.quick else (10, 200)
    with sandbox() as folder, FakeWandbServerProcess(folder) as server:
        os.environ |= server.environment
        os.environ["WANDB_DIR"] = str(folder)
        (folder / "train.py").write_text(PROGRAM, "utf-8")
        sweep = create_sweep(CONFIG, os.environ, project="speed")
        path = f"{sweep.entity}/{sweep.project}/{sweep.id}"
        began = time.time()
        peer = subprocess.Popen(
            [sys.executable, "-m", "wandb", "agent", "--count", str(theirs), path],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        served = agent(path, function=train, count=ours)
        served.wait(PATIENCE_S)
        peer.wait(PATIENCE_S)
        mine = {run.id for run in served.records()}
        runs = server.runs
    rows = []
    pace: dict[str, float] = {}
    kinds: dict[str, Counter[Any]] = {}
    for name, chosen in (
        ("`wandb agent` (peer)", [run for id_, run in runs.items() if id_ not in mine]),
        ("ours", [run for id_, run in runs.items() if id_ in mine]),
    ):
        begins = sorted(run.created for run in chosen)
        steps = [after - before for before, after in pairwise(begins)]
        pace[name] = 60 / median(steps)
        kinds[name] = Counter(received(run) for run in chosen)
        rows.append(
            (
                name,
                str(len(chosen)),
                f"{begins[0] - began:.1f}",
                f"{median(steps) * 1000:.0f}",
                f"{pace[name]:.0f}",
            )
        )
    peer_kinds, own_kinds = kinds.values()
    same = set(peer_kinds) == set(own_kinds) and len(own_kinds) == 1
    ratio = pace["ours"] / pace["`wandb agent` (peer)"]
    note = (
        f"Ours make {ratio:.0f} times as many runs a minute. What the server received of each run "
        f"(state, exit code, config, 10 rows of history each once, console, requirements) is "
        f"{'the same' if same else 'NOT the same: ' + repr(kinds)}."
    )
    columns = (
        "one sweep, one agent each",
        "runs",
        "s to the first",
        "ms a run (median)",
        "runs/min",
    )
    report([Table(columns, tuple(rows), note)], options.json)


if __name__ == "__main__":
    main()
