"""Whether more runs would help."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import check_grad

from wandb_magic.records import RunState, Trial
from wandb_magic.search.flatness import MIN_RUNS, RegretBound, _GaussianProcess, regret_bound
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import Metric, Spec, load

PARAMETERS = {"x": {"min": 0.0, "max": 1.0}, "kind": {"values": ["a", "b"]}, "c": {"value": 1}}


def spec(goal: str = "minimize", **keys: Any) -> Spec:  # noqa: ANN401 - keys of a config
    metric = {"name": "m", "goal": goal}
    return load({"method": "random", "metric": metric, "parameters": PARAMETERS, **keys})


def bound_of(
    count: int, noise: float = 0.0, *, goal: str = "minimize", error: float = 0.0
) -> RegretBound | None:
    """Return the bound after runs at random, of a parabola with its minimum at 0.3."""
    config = spec(goal)
    draw, random = RandomSearcher(config, seed=1), np.random.default_rng(1)
    sign = -1 if goal == "maximize" else 1
    trials = []
    for number in range(count):
        params = draw.ask(number)
        assert params is not None
        value = (params["x"] - 0.3) ** 2 + (params["kind"] == "b") + noise * random.normal()
        trials.append(Trial(number, params, RunState.FINISHED, sign * float(value)))
    return regret_bound(config, trials, error)


def test_a_bound_falls_as_the_objective_is_learned() -> None:
    assert bound_of(MIN_RUNS - 1) is None
    late, upwards = bound_of(60), bound_of(60, goal="maximize")
    assert late is not None
    assert upwards is not None
    assert late.is_low
    assert upwards.bound == pytest.approx(late.bound)
    assert "others would lower the best m by no more than" in late.explain(
        Metric(name="m", goal="minimize")
    )
    assert "would raise" in upwards.explain(Metric(name="m", goal="maximize"))


def test_noise_that_is_not_known_keeps_it_high() -> None:
    noisy = bound_of(60, noise=0.3)
    assert noisy is not None
    assert not noisy.is_low
    known = bound_of(60, noise=0.3, error=2.0)
    assert known is not None
    assert known.is_low


def test_equal_values_are_flat() -> None:
    config = spec()
    draw = RandomSearcher(config, seed=1)
    trials = [Trial(n, draw.ask(n) or {}, RunState.FINISHED, 2.0) for n in range(MIN_RUNS)]
    bound = regret_bound(config, trials)
    assert bound is not None
    assert bound.is_low
    odd = [*trials, Trial(99, {"x": 9.0, "kind": "c"}, RunState.FINISHED, 1.0)]
    assert regret_bound(config, odd) == bound, "what is outside the space does not count"


def test_the_gradient_of_the_fit_is_right() -> None:
    random = np.random.default_rng(0)
    places = random.random((12, 2))
    process = _GaussianProcess(places, np.sin(4 * places[:, 0]))
    theta = np.array([-0.5, 0.2, 0.3, -4.0])
    error = check_grad(lambda at: process._loss(at)[0], lambda at: process._loss(at)[1], theta)
    assert error < 1e-4
