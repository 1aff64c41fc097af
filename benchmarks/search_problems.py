"""Functions with known optima, and the queue of runs in which a search is tested on them.

Needs only numpy, so that engines in other environments can use the same. All optima are 0.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Params = dict[str, Any]
Run = tuple[Params, float | None]
"""Parameters and value; None while the run is in flight."""
Ask = Callable[[int, Sequence[Run]], Params]
"""Chooses the parameters of the run with a number, after all runs before it."""


@dataclass(frozen=True)
class Problem:
    """W&B's config of the parameters, and the function of them and a seed."""

    parameters: dict[str, dict[str, Any]]
    function: Callable[[Params, int], float]

    @property
    def config(self) -> dict[str, Any]:
        """The whole sweep config."""
        return {
            "method": "bayes",
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": self.parameters,
        }


def best(problem: Problem, ask: Ask, seed: int, agents: int, budget: int) -> float:
    """Return the best value of `budget` runs that all take equally long."""
    runs: list[Run] = []
    for number in range(budget):
        ended = number - agents
        if ended >= 0:
            params = runs[ended][0]
            runs[ended] = params, problem.function(params, seed)
        runs.append((ask(number, tuple(runs)), None))
    return min(problem.function(params, seed) for params, _ in runs)


def vector(params: Params) -> np.ndarray:
    return np.array([params[f"x{index}"] for index in range(len(params))])


def branin(params: Params, _: int) -> float:
    x, y = params["x"], params["y"]
    valley = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    ripple = 10 * (1 - 1 / (8 * math.pi)) * math.cos(x)
    return valley**2 + ripple + 10 - 0.39788735772973816


WEIGHTS = np.array([1, 1.2, 3, 3.2])
SCALES = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
CENTRES = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann(params: Params, _: int) -> float:
    distance = (SCALES * (vector(params) - CENTRES) ** 2).sum(axis=1)
    return 3.322368011415515 - float(WEIGHTS @ np.exp(-distance))


def ackley(params: Params, seed: int) -> float:
    """Ackley's function, with its optimum somewhere in the inner 70 % of every axis."""
    optimum = np.random.default_rng([seed, 10]).uniform(-0.7, 0.7, len(params)) * 32.768
    z = vector(params) - optimum
    bowl = 20 - 20 * math.exp(-0.2 * math.sqrt((z**2).mean()))
    return bowl + math.e - math.exp(np.cos(2 * math.pi * z).mean())


def network(params: Params, _: int) -> float:
    """Mimic the loss of a network: the best rate and depth depend on the categories."""
    rate = {"sgd": -1.0, "adam": -3.0, "rmsprop": -3.5}[params["optimizer"]]
    depth = {"relu": 5, "gelu": 4, "tanh": 2, "sigmoid": 1}[params["activation"]]
    return (
        {"sgd": 0.1, "adam": 0.0, "rmsprop": 0.05}[params["optimizer"]]
        + {"relu": 0.03, "gelu": 0.0, "tanh": 0.08, "sigmoid": 0.2}[params["activation"]]
        + 0.6 * (1 - math.exp(-0.5 * (math.log10(params["rate"]) - rate) ** 2))
        + 0.01 * (math.log10(params["decay"]) + 4) ** 2
        + 0.03 * abs(params["layers"] - depth)
        + 0.05 * math.log2(params["width"] / 200) ** 2
        + 0.5 * (params["dropout"] - 0.25) ** 2
    )


UNIT = {"min": 0.0, "max": 1.0}
PROBLEMS = {
    "Branin": Problem({"x": {"min": -5.0, "max": 10.0}, "y": {"min": 0.0, "max": 15.0}}, branin),
    "Hartmann-6": Problem({f"x{index}": UNIT for index in range(6)}, hartmann),
    "Ackley-10, shifted": Problem(
        {f"x{index}": {"min": -32.768, "max": 32.768} for index in range(10)}, ackley
    ),
    "mixed 7-d": Problem(
        {
            "optimizer": {"values": ["sgd", "adam", "rmsprop"]},
            "activation": {"values": ["relu", "gelu", "tanh", "sigmoid"]},
            "rate": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1.0},
            "decay": {"distribution": "log_uniform_values", "min": 1e-6, "max": 1e-1},
            "layers": {"min": 1, "max": 8},
            "width": {"min": 16, "max": 512},
            "dropout": {"min": 0.0, "max": 0.9},
        },
        network,
    ),
}
