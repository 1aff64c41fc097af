"""Creates a large ended sweep on disk, for benchmarks of what displays it.

    python benchmarks/large_sweep.py [--runs 10000] [--steps 1000] [--root FOLDER]

It is added to the index of the user that the environment names, like any other sweep.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from wandb_magic import registry, store
from wandb_magic.bundle import freeze
from wandb_magic.log_records import HistoryRecord, InfoRecord, LogRecord, SummaryRecord
from wandb_magic.paths import SweepPaths
from wandb_magic.records import (
    Options,
    RunId,
    RunRecord,
    RunState,
    SweepId,
    SweepRecord,
    SweepState,
    new_id,
)
from wandb_magic.spec import load

CELL = """import wandb

with wandb.init() as run:
    for step in range(1000):
        run.log({"loss": 1 / (step + 1)})
"""
CONFIG = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1},
        "layers": {"distribution": "int_uniform", "min": 1, "max": 8},
        "optimizer": {"values": ["adam", "sgd", "lion"]},
        "dropout": {"min": 0.0, "max": 0.5},
    },
}
AGENTS = 8
STEP_S = 0.01


def make(root: Path, runs: int, steps: int) -> SweepPaths:
    """Write a sweep of finished runs below `root`, and add it to the index."""
    spec = load(CONFIG)
    sweep = SweepId(new_id())
    paths = SweepPaths.of(root, sweep)
    paths.folder.mkdir(mode=0o700, parents=True)
    freeze(paths.bundle, cell=CELL, namespace={}, environment={})
    paths.spec.write_text(yaml.safe_dump(spec.to_dict(), sort_keys=False), "utf-8")
    begin = time.time() - runs * steps * STEP_S / AGENTS
    record = SweepRecord(
        id=sweep,
        name=f"large-{runs}",
        project="benchmark",
        entity="",
        mode="offline",
        state=SweepState.FINISHED,
        created=begin,
        started=begin,
        ended=time.time(),
        spec=spec.to_dict(),
        options=Options(),
        agents=AGENTS,
        budget=runs,
    )
    store.create(paths.store, record)
    writer = store.StoreWriter(paths.store)
    for number in range(runs):
        started = begin + number // AGENTS * steps * STEP_S
        params = {
            "lr": 10 ** random.uniform(-5, -1),
            "layers": random.randint(1, 8),
            "optimizer": random.choice(["adam", "sgd", "lion"]),
            "dropout": random.uniform(0, 0.5),
        }
        run = RunRecord(
            id=RunId(f"r{number:07}"),
            number=number,
            attempt=0,
            agent=number % AGENTS,
            params=params,
            state=RunState.RUNNING,
            created=started,
            started=started,
        )
        writer.add_run(run)
        floor = 0.05 + abs(math.log10(params["lr"]) + 3) / 5 + params["dropout"] / 4
        writer.append(run.id, list(logged(number, started, floor, steps)))
        writer.update_run(
            run.id,
            state=RunState.FINISHED,
            exit_code=0,
            value=floor,
            ended=started + steps * STEP_S,
        )
        if number % 100 == 0:
            writer.commit()
    writer.commit()
    writer.close()
    registry.add(registry.SweepLocation(sweep, record.name, str(paths.folder), record.created))
    return paths


def logged(number: int, started: float, floor: float, steps: int) -> Iterator[LogRecord]:
    """Yield what one run logs."""
    yield InfoRecord(f"brisk-wave-{number}", "benchmark", "", "", (), "", "localhost", "", started)
    values: dict[str, float] = {}
    for step in range(steps):
        values = {
            "loss": floor + math.exp(-step / 300) + random.random() / 50,
            "accuracy": 1 - floor / 2 - math.exp(-step / 200) / 2,
            "rate": 1e-3,
            "epoch": float(step // 100),
        }
        yield HistoryRecord(step, started + step * STEP_S, values)
    yield SummaryRecord({**values, "loss": floor, "_step": steps - 1, "_runtime": steps * STEP_S})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--root", type=Path, default=Path.cwd())
    options = parser.parse_args()
    random.seed(1)
    print(make(options.root, options.runs, options.steps).folder)


if __name__ == "__main__":
    main()
