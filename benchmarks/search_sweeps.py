"""W&B's own Bayesian engine on one problem; `search_quality.py` runs this where it is installed.

python search_sweeps.py PROBLEM AGENTS SEED BUDGET
"""

import sys
from collections.abc import Sequence

import numpy as np
from search_problems import PROBLEMS, Params, Run, best
from sweeps.bayes_search import bayes_search_next_run
from sweeps.run import SweepRun


def main(name: str, agents: int, seed: int, budget: int) -> None:
    problem = PROBLEMS[name]
    np.random.seed(seed)  # noqa: NPY002 - the engine draws from the global generator

    def ask(_: int, runs: Sequence[Run]) -> Params:
        told = [
            SweepRun(
                config={key: {"value": value} for key, value in params.items()},
                state="running" if value is None else "finished",
                summary_metrics={} if value is None else {"loss": value},
            )
            for params, value in runs
        ]
        chosen = bayes_search_next_run(told, problem.config, validate=True).config
        return {key: entry["value"] for key, entry in chosen.items()}

    print(best(problem, ask, seed, agents, budget))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
