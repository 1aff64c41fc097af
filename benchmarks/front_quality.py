"""How good a front a search finds: ours, plain Optuna and random search.

    python benchmarks/front_quality.py [--seeds N] [--first SEED] [--budget RUNS] [--json PATH]

Prints the median hypervolume after the runs, as a share of the true front's, as a Markdown table;
for the constrained problem, the number of the first run that keeps to the constraint as well. All
get the same budget, functions and seeds; one agent.
"""

import argparse
import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import optuna

from wandb_magic.analysis.hypervolume import hypervolume
from wandb_magic.records import RunState, Trial
from wandb_magic.search import make_searcher
from wandb_magic.spec import load

ENGINES = ("wandb_magic", "Optuna GP", "Optuna TPE", "random")
Vector = np.ndarray


@dataclass(frozen=True)
class Problem:
    """Objectives to be minimised over the unit cube; a run is feasible if `limit` is 0 or less."""

    dimensions: int
    function: Callable[[Vector], tuple[float, ...]]
    reference: tuple[float, ...]
    best: float
    limit: Callable[[Vector], float] | None = None


def zdt1(x: Vector) -> tuple[float, ...]:
    g = 1 + 9 * float(x[1:].mean())
    return float(x[0]), g * (1 - math.sqrt(x[0] / g))


def dtlz2(x: Vector) -> tuple[float, ...]:
    """Two objectives, whose front is a quarter of a circle."""
    g = float(((x[1:] - 0.5) ** 2).sum())
    angle = float(x[0]) * math.pi / 2
    return (1 + g) * math.cos(angle), (1 + g) * math.sin(angle)


PROBLEMS = {
    "ZDT1, 6-d": Problem(6, zdt1, (1.1, 6.0), 1.1 * 6 - 1 + 2 / 3),
    "DTLZ2, 6-d": Problem(6, dtlz2, (1.1, 1.1), 1.21 - math.pi / 4),
    "ZDT1, constrained": Problem(
        6, zdt1, (1.1, 6.0), 1.1 * 6 - 1 + 2 / 3, lambda x: float(x[1] + x[2] - 0.4)
    ),
}


def ours(problem: Problem, seed: int, budget: int, sampler: str) -> list[Vector]:
    names = [f"x{index}" for index in range(problem.dimensions)]
    config: dict[str, Any] = {
        "method": "bayes",
        "parameters": {name: {"min": 0.0, "max": 1.0} for name in names},
        "metrics": [{"name": f"f{index}"} for index in range(len(problem.reference))],
    }
    if problem.limit is not None:
        config["constraints"] = ["c <= 0"]
    searcher = make_searcher(load(config), seed=seed, sampler=sampler)
    trials: list[Trial] = []
    for number in range(budget):
        params = dict(searcher.ask(number, trials) or {})
        x = np.array([params[name] for name in names])
        results = {f"f{index}": value for index, value in enumerate(problem.function(x))}
        if problem.limit is not None:
            results["c"] = problem.limit(x)
        trials.append(Trial(number, params, RunState.FINISHED, results["f0"], (), results))
    return [np.array([trial.params[name] for name in names]) for trial in trials]


def optunas(problem: Problem, sampler: optuna.samplers.BaseSampler, budget: int) -> list[Vector]:
    study = optuna.create_study(directions=["minimize"] * len(problem.reference), sampler=sampler)
    found = []
    for _ in range(budget):
        trial = study.ask()
        x = np.array([trial.suggest_float(f"x{i}", 0, 1) for i in range(problem.dimensions)])
        if problem.limit is not None:
            trial.set_constraint("c", problem.limit(x))
        study.tell(trial, problem.function(x))
        found.append(x)
    return found


def search(engine: str, problem: Problem, seed: int, budget: int) -> list[Vector]:
    if engine == "Optuna GP":
        return optunas(problem, optuna.samplers.GPSampler(seed=seed), budget)
    if engine == "Optuna TPE":
        return optunas(problem, optuna.samplers.TPESampler(seed=seed), budget)
    return ours(problem, seed, budget, "random" if engine == "random" else "auto")


def score(problem: Problem, xs: list[Vector]) -> tuple[float, int]:
    """Return the share of the true front's volume, and the number of the first feasible run."""
    kept = [problem.limit is None or problem.limit(x) <= 0 for x in xs]
    points = [problem.function(x) for x, keeps in zip(xs, kept, strict=True) if keeps]
    table = np.array(points).reshape(-1, len(problem.reference))
    share = hypervolume(table, np.array(problem.reference)) / problem.best
    return share, kept.index(True) if any(kept) else len(xs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--budget", type=int, default=60, help="runs")
    parser.add_argument("--json", type=Path, help="where to write every score")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    scores: dict[str, list[tuple[float, int]]] = {}
    # All engines on one seed before the next one, so that a run that is cut short can be used.
    for seed, name, engine in product(
        range(options.first, options.first + options.seeds), PROBLEMS, ENGINES
    ):
        found = score(PROBLEMS[name], search(engine, PROBLEMS[name], seed, options.budget))
        scores.setdefault(f"{engine}, {name}", []).append(found)
        print(f"{seed} {engine}, {name}: {found[0]:.4f}, first feasible {found[1]}", flush=True)
        if options.json:
            options.json.write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
    print("| share of the hypervolume (first feasible run) |", " | ".join(PROBLEMS), "|")
    print("|---|" + "---|" * len(PROBLEMS))
    for engine in ENGINES:
        cells = [
            f"{median(share for share, _ in scores[f'{engine}, {name}']):.3f} "
            f"({median(first for _, first in scores[f'{engine}, {name}']):g})"
            for name in PROBLEMS
        ]
        print(f"| {engine} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
