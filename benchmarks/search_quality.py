"""How good the parameters are that a search finds: ours, W&B's engine, Optuna and random search.

    python benchmarks/search_quality.py [--quick] [--seeds N] [--first SEED] [--json PATH]

Prints the median regret (the best value found minus the optimum) as a Markdown table. Every search
gets the same budget, functions and seeds. Runs take equally long, so with two agents one run is
always in flight when parameters are chosen. W&B's engine needs an old numpy: this script creates
an environment for it, once, in the user's cache folder.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import optuna
from search_problems import PROBLEMS, Ask, Params, Problem, Run, best

from wandb_magic.records import RunState, Trial
from wandb_magic.search import make_searcher
from wandb_magic.spec import load

OURS = "wandb_magic"
SWEEPS = "W&B (sweeps 0.3.0)"
ENGINES = (OURS, SWEEPS, "Optuna default (TPE)", "Optuna GP", "random")
AGENTS = (1, 2)
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wandb-magic-benchmarks"


def sweeps_python() -> Path:
    """Return the interpreter of an environment that has W&B's engine."""
    folder = CACHE / "sweeps-0.3.0"
    python = folder / "bin" / "python"
    if not python.exists():
        uv = (sys.executable, "-m", "uv")
        subprocess.run([*uv, "venv", "-q", "--clear", "--python", "3.11", folder], check=True)
        packages = ("sweeps==0.3.0", "numpy<2")
        subprocess.run([*uv, "pip", "install", "-q", "-p", python, *packages], check=True)
    return python


def ours(problem: Problem, seed: int, sampler: str) -> Ask:
    searcher = make_searcher(load(problem.config), seed=seed, sampler=sampler)

    def ask(number: int, runs: Sequence[Run]) -> Params:
        trials = [
            Trial(i, params, RunState.RUNNING if value is None else RunState.FINISHED, value)
            for i, (params, value) in enumerate(runs)
        ]
        return dict(searcher.ask(number, trials) or {})

    return ask


def suggest(trial: optuna.Trial, name: str, entry: dict[str, Any]) -> str | float:
    if "values" in entry:
        return trial.suggest_categorical(name, entry["values"])
    low, high = entry["min"], entry["max"]
    if isinstance(low, int):
        return trial.suggest_int(name, low, high)
    return trial.suggest_float(name, low, high, log="distribution" in entry)


def optunas(problem: Problem, sampler: optuna.samplers.BaseSampler) -> Ask:
    study = optuna.create_study(sampler=sampler)
    told: set[int] = set()

    def ask(_: int, runs: Sequence[Run]) -> Params:
        for number, (_params, value) in enumerate(runs):
            if value is not None and number not in told:
                study.tell(number, value)
                told.add(number)
        trial = study.ask()
        return {name: suggest(trial, name, entry) for name, entry in problem.parameters.items()}

    return ask


def regret(engine: str, name: str, agents: int, seed: int, budget: int) -> float:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    problem = PROBLEMS[name]
    if engine == SWEEPS:
        script = Path(__file__).with_name("search_sweeps.py")
        command = [sweeps_python(), "-W", "ignore", script, name, str(agents), str(seed)]
        found = subprocess.run([*command, str(budget)], check=True, capture_output=True, text=True)
        return float(found.stdout)
    if engine == OURS:
        ask = ours(problem, seed, "auto")
    elif engine == "random":
        ask = ours(problem, seed, "random")
    elif engine == "Optuna GP":
        ask = optunas(problem, optuna.samplers.GPSampler(seed=seed))
    else:
        ask = optunas(problem, optuna.samplers.TPESampler(seed=seed))
    return best(problem, ask, seed, agents, budget)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="two seeds, 20 runs")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--budget", type=int, default=60, help="runs")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--json", type=Path, help="where to write every regret")
    options = parser.parse_args()
    count, budget = (2, 20) if options.quick else (options.seeds, options.budget)
    seeds = range(options.first, options.first + count)
    os.environ["OMP_NUM_THREADS"] = "1"
    sweeps_python()
    columns = list(product(PROBLEMS, AGENTS))
    rows = {}
    print(
        "| median regret |", " | ".join(f"{name}, {agents} ag." for name, agents in columns), "|"
    )
    print("|---|" + "---|" * len(columns))
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for engine in ENGINES:
            waiting = {
                column: [pool.submit(regret, engine, *column, seed, budget) for seed in seeds]
                for column in columns
            }
            found = {column: [one.result() for one in all_] for column, all_ in waiting.items()}
            medians = " | ".join(f"{median(found[column]):.3g}" for column in columns)
            print(f"| {engine} | {medians} |", flush=True)
            rows[engine] = {f"{name}, {agents}": found[name, agents] for name, agents in columns}
    if options.json:
        record = {"budget": budget, "seeds": list(seeds), "regrets": rows}
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
