"""What a run costs on a Dask cluster, beside Dask's own no-op task and a trial of Ray Tune.

    python benchmarks/cluster_cost.py [--quick] [--json PATH]

Two workers of one thread each, on this machine. The run is trivial: our runs log one value with
wandb (offline), Ray's trial reports one value and has no W&B. All take turns, so that a busy
machine slows each of them. The second table is the scenario that Ray publishes for Tune, many
trials of one second, scaled to this machine: the ideal is their number times one second, divided
by the slots. Ray has an environment of its own in the user's cache folder, made once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from distributed import Client, LocalCluster
from report_tables import Table, arguments, report
from sandbox import sandbox

import wandb_magic

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wandb-magic-benchmarks"
WORKERS = 2
RAY = """
import os, sys, time
count, slots, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
os.environ |= {"RAY_AIR_NEW_OUTPUT": "0", "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1"}
import ray
from ray import tune

def trial(config):
    time.sleep(seconds)
    tune.report({"loss": config["lr"]})

ray.init(num_cpus=slots, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
def fit(count):
    config = tune.TuneConfig(num_samples=count, max_concurrent_trials=slots)
    space = {"lr": tune.uniform(0.0, 1.0)}
    run = tune.RunConfig(verbose=0, storage_path=os.getcwd())
    begin = time.perf_counter()
    results = tune.Tuner(trial, param_space=space, tune_config=config, run_config=run).fit()
    assert len(results) == count and not results.errors
    return time.perf_counter() - begin

fit(slots)  # its workers start
print("seconds", fit(count))
"""
CONFIG = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}


def train() -> None:
    import wandb  # noqa: PLC0415 - as in the user's cell

    with wandb.init() as run:
        run.log({"loss": run.config.lr})


def train_for_a_second() -> None:
    import time  # noqa: PLC0415 - as in the user's cell

    import wandb  # noqa: PLC0415 - as above

    with wandb.init() as run:
        time.sleep(1.0)
        run.log({"loss": run.config.lr})


def ray_python() -> Path:
    """Return the interpreter of an environment that has Ray Tune."""
    folder = CACHE / "ray"
    python = folder / "bin" / "python"
    if not python.exists():
        uv = (sys.executable, "-m", "uv")
        subprocess.run([*uv, "venv", "-q", "--clear", "--python", "3.11", folder], check=True)
        subprocess.run([*uv, "pip", "install", "-q", "-p", python, "ray[tune]"], check=True)
    return python


def ray_seconds(python: Path, count: int, slots: int, seconds: float) -> float:
    """Return how long Ray Tune takes for its trials, without its own start."""
    command = [python, "-c", RAY, str(count), str(slots), str(seconds)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(output.rpartition("seconds ")[2])


def our_seconds(count: int, slots: int, function: object, launcher: object = None) -> float:
    """Return how long a sweep takes, from its first run's start to its last run's end."""
    sweep = wandb_magic.start(CONFIG, function, count=count, agents=slots, launcher=launcher)
    runs = sweep.wait().records()
    assert [run.state.value for run in runs] == ["finished"] * count
    begin = min(run.started or 0.0 for run in runs)
    return max(run.ended or 0.0 for run in runs) - begin


def noop_seconds(client: Client, count: int) -> float:
    """Return how long Dask takes for tasks that do nothing, each sent when another has ended."""
    begin = time.perf_counter()
    for first in range(0, count, WORKERS):
        numbers = range(first, min(count, first + WORKERS))
        client.gather([client.submit(abs, number, pure=False) for number in numbers])
    return time.perf_counter() - begin


def cost_of_a_run(python: Path, rounds: int, count: int) -> Table:
    rows = ("Dask's own no-op task", "a sweep here", "a sweep on Dask", "Ray Tune, without W&B")
    times: dict[str, list[float]] = {row: [] for row in rows}
    with (
        sandbox(),
        LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        for _ in range(rounds):
            taken = (
                noop_seconds(client, count),
                our_seconds(count, WORKERS, train),
                our_seconds(count, WORKERS, train, client),
                ray_seconds(python, count, WORKERS, 0.0),
            )
            for row, seconds in zip(rows, taken, strict=True):
                times[row].append(seconds / count)
    ray = times[rows[-1]]
    return Table(
        (f"one trivial run, {WORKERS} at a time", "median, ms", "beside Ray's trial"),
        tuple(
            (
                row,
                f"{1000 * median(times[row]):.0f}",
                f"{median(a / b for a, b in zip(times[row], ray, strict=True)):.2f}",
            )
            for row in rows
        ),
        f"{rounds} rounds of {count} runs: seconds until all have ended, divided by their number.",
    )


def many_short_trials(python: Path, count: int, slots: int) -> Table:
    ideal = count / slots
    with (
        sandbox(),
        LocalCluster(
            n_workers=1, threads_per_worker=slots, dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        rows = (
            ("a sweep here", our_seconds(count, slots, train_for_a_second)),
            ("a sweep on Dask", our_seconds(count, slots, train_for_a_second, client)),
            ("Ray Tune, without W&B", ray_seconds(python, count, slots, 1.0)),
        )
    return Table(
        (f"{count} runs of 1 s, {slots} at a time", "seconds", "beside the ideal"),
        tuple((name, f"{taken:.1f}", f"{taken / ideal:.2f}") for name, taken in rows),
        f"The ideal is {ideal:.0f} s. Ray publishes 1.14 times the ideal for 10,000 trials on 16 "
        "slots of a large machine.",
    )


def main() -> None:
    options = arguments(__doc__).parse_args()
    python = ray_python()
    rounds, count = (1, 10) if options.quick else (5, 40)
    trials = 32 if options.quick else 320
    report(
        [cost_of_a_run(python, rounds, count), many_short_trials(python, trials, 8)], options.json
    )


if __name__ == "__main__":
    main()
