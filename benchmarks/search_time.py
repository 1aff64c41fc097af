"""How long a search takes to choose parameters, compared with Optuna's own samplers.

    python benchmarks/search_time.py [--quick]

Prints milliseconds (median) as a Markdown table, by the number of finished runs. Each choice
follows one more finished run, as in a sweep. The first choice is not counted: it imports torch.
"""

import argparse
import os
from collections.abc import Callable
from itertools import islice
from statistics import median
from time import perf_counter

os.environ.setdefault("OMP_NUM_THREADS", "1")

import optuna

from wandb_magic.records import RunState, Trial
from wandb_magic.search import make_searcher
from wandb_magic.search.bayes.searcher import GP_MAX_RUNS
from wandb_magic.spec import load

SIZES = (10, 100, 300, 1000, 10_000)
MOST_REPEATS = 9
AXES = [f"x{index}" for index in range(6)]
Step = Callable[[], object]


def ours(method: str, sampler: str | None, size: int) -> Step:
    entry = {"min": 0, "max": 99} if method == "grid" else {"min": 0.0, "max": 1.0}
    config = {"method": method, "parameters": dict.fromkeys(AXES, entry)}
    spec = load(config | {"metric": {"name": "loss", "goal": "minimize"}})
    searcher = make_searcher(spec, seed=0, sampler=sampler)
    drawn = make_searcher(load(config | {"method": "random"}), seed=1)

    def trial(number: int) -> Trial:
        params = drawn.ask(number, ()) or {}
        value = sum((params[axis] - 0.3) ** 2 for axis in AXES)
        return Trial(number, params, RunState.FINISHED, value)

    coming = iter([trial(number) for number in range(size + MOST_REPEATS)])
    trials = list(islice(coming, size - 1))

    def step() -> object:
        trials.append(next(coming))
        return searcher.ask(len(trials), trials)

    return step


def peer(sampler: optuna.samplers.BaseSampler, size: int) -> Step:
    study = optuna.create_study(sampler=sampler)
    axes = {axis: optuna.distributions.FloatDistribution(0, 1) for axis in AXES}
    for number in range(size - 1):
        unit = {
            axis: (number * prime % 997) / 997
            for axis, prime in zip(AXES, (2, 3, 5, 7, 11, 13), strict=True)
        }
        value = sum((x - 0.3) ** 2 for x in unit.values())
        study.add_trial(optuna.trial.create_trial(params=unit, distributions=axes, value=value))
    trial = study.ask(axes)

    def step() -> object:
        nonlocal trial
        study.tell(trial, sum((x - 0.3) ** 2 for x in trial.params.values()))
        trial = study.ask(axes)
        return trial

    return step


def milliseconds(step: Step, repeats: int) -> float:
    step()
    times = []
    for _ in range(repeats):
        start = perf_counter()
        step()
        times.append(perf_counter() - start)
    return 1000 * median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--quick", action="store_true", help="up to 1,000 runs, three choices each"
    )
    quick = parser.parse_args().quick
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sizes, repeats = (SIZES[:-1], 3) if quick else (SIZES, MOST_REPEATS)
    rows: dict[str, Callable[[int], Step]] = {
        "random": lambda size: ours("random", None, size),
        "grid": lambda size: ours("grid", None, size),
        "tpe": lambda size: ours("bayes", "tpe", size),
        "Optuna TPE": lambda size: peer(optuna.samplers.TPESampler(seed=0), size),
        "gp": lambda size: ours("bayes", "gp", size),
        "Optuna GP": lambda size: peer(optuna.samplers.GPSampler(seed=0), size),
    }
    print("| ms |", " | ".join(f"{size:,}" for size in sizes), "|")
    print("|---|" + "---:|" * len(sizes))
    for name, make in rows.items():
        cells = [
            f"{milliseconds(make(size), repeats):.3g}"
            if size <= GP_MAX_RUNS or not name.lower().endswith("gp")
            else "-"
            for size in sizes
        ]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
