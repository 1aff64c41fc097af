"""Bayesian search with several objectives and with constraints."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from wandb_magic.errors import SpecError
from wandb_magic.records import Params, RunState, Trial
from wandb_magic.search import make_searcher
from wandb_magic.search.bayes.outcomes import outcomes
from wandb_magic.search.bayes.pareto_searcher import STARTUP_RUNS, ParetoSearcher
from wandb_magic.search.bayes.space import SearchSpace
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import Spec, load

SAMPLERS = ["gp", "tpe"]
RUNS = [("gp", 14), ("tpe", 45)]
gp = pytest.mark.full("the same with tpe, and a constraint with gp")
FEWER = [pytest.param("gp", 14, marks=gp), ("tpe", 45)]
PLANE = {"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}}


TWO = {"metrics": [{"name": "a", "goal": "minimize"}, {"name": "b", "goal": "maximize"}]}
ONE = {"metric": {"name": "a", "goal": "minimize"}}


def spec(constraint: str = "", objectives: dict[str, Any] = TWO) -> Spec:
    constraints = {"constraints": [constraint]} if constraint else {}
    return load({"method": "bayes", "parameters": PLANE, **objectives, **constraints})


def measure(params: Params) -> dict[str, float]:
    """Return two objectives that are best at different x, for y = 0.5, and y itself."""
    x, away = params["x"], (params["y"] - 0.5) ** 2
    return {"a": x**2 + away, "b": -((1 - x) ** 2) - away, "y": params["y"]}


def ended(number: int, params: Params, state: RunState = RunState.FINISHED) -> Trial:
    results = measure(params) if state is RunState.FINISHED else {}
    return Trial(number, params, state, results.get("a"), (), results)


def drawn(count: int, config: Spec | None = None) -> list[Trial]:
    draw = RandomSearcher(config or spec(), seed=5)
    return [ended(number, draw.ask(number)) for number in range(count)]


def search(
    config: Spec,
    count: int,
    sampler: str = "tpe",
    fails: Callable[[Params], bool] = lambda _: False,
) -> list[Trial]:
    searcher = make_searcher(config, seed=3, sampler=sampler)
    trials: list[Trial] = []
    for number in range(count):
        params = searcher.ask(number, trials)
        assert params is not None
        trials.append(
            ended(number, params, RunState.FAILED if fails(params) else RunState.FINISHED)
        )
    return trials


@pytest.mark.parametrize(("sampler", "runs"), FEWER)
def test_it_approaches_the_front(sampler: str, runs: int) -> None:
    trials = search(spec(), runs, sampler)[STARTUP_RUNS:]
    away = [abs(trial.params["y"] - 0.5) for trial in trials]
    assert sum(away) / len(away) < 0.2  # 0.25 at random
    assert max(trial.params["x"] for trial in trials) > 0.6  # both ends of the front
    assert min(trial.params["x"] for trial in trials) < 0.4


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_an_answer_depends_on_seed_number_and_trials_alone(sampler: str) -> None:
    config = spec("y <= 0.6")
    trials = drawn(STARTUP_RUNS + 2, config)
    trials[3] = replace(trials[3], state=RunState.FAILED, results={}, value=None)
    trials[-1] = Trial(trials[-1].number, trials[-1].params, RunState.RUNNING)
    lived = ParetoSearcher(config, seed=7, sampler=sampler)
    lived.ask(99, trials[:-1], cheap=True)
    params = ParetoSearcher(config, seed=7, sampler=sampler).ask(20, trials[::-1])
    assert lived.ask(20, trials) == params
    if sampler == "tpe":
        assert ParetoSearcher(config, seed=8, sampler=sampler).ask(20, trials) != params


def test_until_enough_runs_have_ended_it_is_random_search() -> None:
    searcher, draw = ParetoSearcher(spec(), seed=3), RandomSearcher(spec(), seed=3)
    assert searcher.ask(50, drawn(STARTUP_RUNS - 1)) == draw.ask(50)
    assert searcher.ask(50, drawn(STARTUP_RUNS)) != draw.ask(50)
    failed = [
        Trial(trial.number, trial.params, RunState.FAILED) for trial in drawn(STARTUP_RUNS + 5)
    ]
    assert searcher.ask(50, failed) == draw.ask(50)


@pytest.mark.parametrize(("sampler", "runs"), RUNS)
def test_it_keeps_to_a_constraint(sampler: str, runs: int) -> None:
    trials = search(spec("y <= 0.2", ONE), runs, sampler)
    assert any(trial.params["y"] <= 0.2 for trial in trials[:15])
    close = [trial.params["y"] <= 0.25 for trial in trials[STARTUP_RUNS:]]
    assert sum(close) > len(close) / 2  # 0.25 at random


@pytest.mark.parametrize(("sampler", "runs"), FEWER)
def test_it_learns_where_runs_fail_and_goes_elsewhere(sampler: str, runs: int) -> None:
    # The best in both objectives lies where runs fail.
    trials = search(spec(), runs, sampler, fails=lambda params: params["y"] > 0.4)
    failed = [trial.state is RunState.FAILED for trial in trials]
    assert any(failed[:STARTUP_RUNS])
    assert sum(failed[STARTUP_RUNS:]) <= (runs - STARTUP_RUNS) / 2  # 0.6 at random


def test_a_failed_run_is_no_bad_value() -> None:
    config = spec("y <= 0.9")
    trials = drawn(12, config)
    failed = Trial(12, {"x": 0.5, "y": 0.5}, RunState.FAILED)
    diverged = Trial(13, {"x": 0.4, "y": 0.5}, RunState.FINISHED, None, (), {"a": math.nan})
    silent = [Trial(14 + n, {"x": 0.1, "y": 0.1}, state) for n, state in enumerate(SILENT)]
    space = SearchSpace(config)
    runs = [*trials, failed, diverged, *silent]
    placed = [(trial, choice) for trial in runs if (choice := space.encode(trial.params))]
    learned = outcomes(placed, config, space)
    assert len(learned) == len(trials) + 2  # nothing was learned from the silent ones
    values = [outcome.values for outcome in learned[:12]]
    for outcome in learned[12:]:
        assert not outcome.is_feasible
        assert outcome.violations[-1] > 0
        assert outcome.values is not None
        for objective, value in enumerate(outcome.values):
            reached = [each[objective] for each in values if each is not None]
            assert min(reached) <= value <= max(reached)


SILENT = [RunState.LOST, RunState.STOPPED, RunState.PRUNED]


def test_cmaes_is_refused() -> None:
    with pytest.raises(SpecError, match="cmaes takes one metric without constraints"):
        make_searcher(spec(), seed=0, sampler="cmaes")
