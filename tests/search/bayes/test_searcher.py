import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optuna.samplers import BaseSampler, TPESampler

from full import FULL
from wandb_magic.errors import UnsupportedError
from wandb_magic.records import Params, RunState, Trial
from wandb_magic.search import make_searcher
from wandb_magic.search.bayes import searcher as searcher_module
from wandb_magic.search.bayes.searcher import GP_MAX_RUNS, STARTUP_RUNS, BayesSearcher
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import Spec, load

PLANE = {"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}}
SAMPLERS = ["gp", "tpe"]


def spec(parameters: dict[str, Any] | None = None, **metric: str) -> Spec:
    return load(
        {
            "method": "bayes",
            "metric": {"name": "loss", "goal": "minimize", **metric},
            "parameters": parameters or PLANE,
        }
    )


def bowl(params: Params) -> float:
    return (params["x"] - 0.3) ** 2 + (params["y"] - 0.8) ** 2


def finished(number: int, params: Params, value: float | None) -> Trial:
    return Trial(number, params, RunState.FINISHED, value)


def drawn(count: int, *, seed: int = 5) -> list[Trial]:
    draw = RandomSearcher(spec(), seed=seed)
    return [finished(n, params := draw.ask(n), bowl(params)) for n in range(count)]


def in_flight(number: int, params: Params) -> Trial:
    return Trial(number, params, RunState.RUNNING)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_it_learns(sampler: str) -> None:
    searcher = BayesSearcher(spec(), seed=1, sampler=sampler)
    trials: list[Trial] = []
    for number in range(STARTUP_RUNS + (15 if FULL or sampler == "tpe" else 7)):
        params = searcher.ask(number, trials)
        trials.append(finished(number, params, bowl(params)))
    first, last = trials[:STARTUP_RUNS], trials[STARTUP_RUNS:]
    assert min(t.value or 0 for t in last) < min(t.value or 0 for t in first)
    assert min(t.value or 0 for t in last) < 0.02


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_larger_value_is_better_if_the_metric_says_so(sampler: str) -> None:
    searcher = BayesSearcher(spec(goal="maximize"), seed=1, sampler=sampler)
    trials = [replace(trial, value=-(trial.value or 0)) for trial in drawn(20)]
    mirrored = BayesSearcher(spec(), seed=1, sampler=sampler).ask(20, drawn(20))
    assert searcher.ask(20, trials) == mirrored


def test_until_enough_runs_have_finished_it_is_random_search() -> None:
    searcher, draw = BayesSearcher(spec(), seed=3), RandomSearcher(spec(), seed=3)
    trials = drawn(STARTUP_RUNS - 1)
    assert searcher.ask(STARTUP_RUNS - 1, trials) == draw.ask(STARTUP_RUNS - 1)
    trials += [in_flight(n, draw.ask(n)) for n in range(STARTUP_RUNS, STARTUP_RUNS + 50)]
    assert searcher.ask(99, trials) == draw.ask(99)
    assert searcher.ask(99, [*trials, *drawn(STARTUP_RUNS)[-1:]]) != draw.ask(99)


@pytest.mark.parametrize("sampler", [*SAMPLERS, "auto"])
def test_an_answer_depends_on_seed_number_and_trials_alone(sampler: str) -> None:
    lived = BayesSearcher(spec(), seed=7, sampler=sampler)
    trials: list[Trial] = []
    for number in range(STARTUP_RUNS + (8 if FULL or sampler == "tpe" else 5)):
        params = lived.ask(number, trials)
        fresh = BayesSearcher(spec(), seed=7, sampler=sampler)
        assert fresh.ask(number, trials[::-1]) == params
        trials.append(in_flight(number, params))
        if number % 3 == 2:  # the latest ends first, one crashes, one is pruned
            state = [RunState.FAILED, RunState.PRUNED, RunState.FINISHED][number // 3 % 3]
            trials[-1] = replace(trials[-1], state=state, value=bowl(params))
            trials[-2] = finished(number - 1, trials[-2].params, bowl(trials[-2].params))
            if number > STARTUP_RUNS:
                trials[0] = finished(0, trials[0].params, 100.0)  # what a crash counts as changes
    other = BayesSearcher(spec(), seed=8, sampler=sampler)
    assert other.ask(len(trials), trials) != lived.ask(len(trials), trials)
    assert lived.ask(98, trials) != lived.ask(99, trials)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_an_answer_that_never_becomes_a_run_leaves_no_trace(sampler: str) -> None:
    searcher = BayesSearcher(spec(), seed=7, sampler=sampler)
    for number in (30, 12, 77):
        searcher.ask(number, drawn(12))
        searcher.ask(number, drawn(12), cheap=True)
    assert searcher.ask(14, drawn(14)) == BayesSearcher(spec(), seed=7, sampler=sampler).ask(
        14, drawn(14)
    )


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_agents_keep_apart(sampler: str) -> None:
    searcher = BayesSearcher(spec(), seed=2, sampler=sampler)
    trials: list[Trial] = drawn(20)
    for number in range(20, 26):
        trials.append(in_flight(number, searcher.ask(number, trials)))
    points = [(trial.params["x"], trial.params["y"]) for trial in trials[20:]]
    nearest = [math.dist(one, two) for i, one in enumerate(points) for two in points[:i]]
    assert min(nearest) > 1e-3


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_crash_counts_as_the_worst_value(sampler: str) -> None:
    trials = [
        replace(trial, state=RunState.KILLED, value=None) if trial.params["x"] < 0.5 else trial
        for trial in drawn(30)
    ]
    searcher = BayesSearcher(spec(), seed=2, sampler=sampler)
    asked = [searcher.ask(number, trials)["x"] for number in range(30, 40)]
    assert sum(x > 0.45 for x in asked) >= 8


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, 1e308, -1e308, 0.0, None])
def test_odd_values_do_no_harm(sampler: str, odd: float | None) -> None:
    searcher = BayesSearcher(spec(), seed=2, sampler=sampler)
    trials = [
        *drawn(12),
        *(finished(n, trial.params, odd) for n, trial in enumerate(drawn(3), 12)),
    ]
    params = searcher.ask(15, trials)
    assert 0 <= params["x"] <= 1
    same = [replace(trial, value=odd) for trial in trials]
    assert 0 <= searcher.ask(15, same)["y"] <= 1


def test_runs_of_another_sweep_spare_the_start() -> None:
    priors = drawn(STARTUP_RUNS)
    searcher = BayesSearcher(spec(), seed=2, sampler="tpe", priors=priors)
    assert searcher.ask(0, []) != RandomSearcher(spec(), seed=2).ask(0)


def test_runs_of_another_sweep_that_do_not_fit_are_ignored() -> None:
    strange: Sequence[Params] = [
        {"x": 0.5},
        {"x": 0.5, "y": 2.0},
        {"x": 0.5, "y": "much"},
        {"x": {"y": 0.1}, "y": 0.5},
        {},
    ]
    misfits = [finished(n, params, 0.0) for n, params in enumerate(strange)]
    larger = [replace(t, params={**t.params, "new": "z"}) for t in drawn(STARTUP_RUNS)]
    searcher = BayesSearcher(spec(), seed=2, sampler="tpe", priors=[*misfits, *larger])
    plain = BayesSearcher(spec(), seed=2, sampler="tpe", priors=drawn(STARTUP_RUNS))
    assert searcher.ask(4, []) == plain.ask(4, [])


def test_where_there_is_nothing_to_search_it_is_random_search() -> None:
    fixed = spec({"a": {"value": 3}, "b": {"values": [[1, 2]]}})
    trials = [finished(n, {"a": 3, "b": [1, 2]}, 1.0) for n in range(20)]
    assert BayesSearcher(fixed, seed=0).ask(20, trials) == {"a": 3, "b": [1, 2]}


def test_cheap_and_many_runs_mean_the_parzen_estimator() -> None:
    tpe = BayesSearcher(spec(), seed=2, sampler="tpe")
    auto = BayesSearcher(spec(), seed=2)
    few, many = drawn(20), drawn(GP_MAX_RUNS + 1)
    assert auto.ask(20, few, cheap=True) == tpe.ask(20, few) != auto.ask(20, few)
    assert auto.ask(len(many), many) == tpe.ask(len(many), many)


def test_a_singular_matrix_leaves_the_choice_to_the_parzen_estimator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def singular(seed: int) -> BaseSampler:
        sampler = TPESampler(seed=seed)
        vars(sampler)["sample_relative"] = lambda *_: np.linalg.cholesky(np.zeros((2, 2)))
        return sampler

    searcher = BayesSearcher(spec(), seed=2)
    tpe = BayesSearcher(spec(), seed=2, sampler="tpe")
    with monkeypatch.context() as patch:
        patch.setattr(searcher_module, "make_gp_sampler", singular)
        assert searcher.ask(20, drawn(20)) == tpe.ask(20, drawn(20))
    assert searcher.ask(21, drawn(21)) == BayesSearcher(spec(), seed=2).ask(21, drawn(21))


def test_without_torch_auto_does_without_and_gp_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        searcher_module, "find_spec", lambda name: None if name == "torch" else object()
    )
    tpe = BayesSearcher(spec(), seed=2, sampler="tpe")
    assert BayesSearcher(spec(), seed=2).ask(20, drawn(20)) == tpe.ask(20, drawn(20))
    with pytest.raises(UnsupportedError, match=r"needs torch.*pip install 'wandb-magic\[gp\]'"):
        BayesSearcher(spec(), seed=2, sampler="gp")


def test_the_seed_alone_decides_in_another_process() -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:];"
        "import test_searcher as t; print(t.BayesSearcher(t.spec(), seed=4).ask(15, t.drawn(15)))"
    )
    folder = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", code, folder, folder.parents[1]],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == str(BayesSearcher(spec(), seed=4).ask(15, drawn(15)))
    assert not done.stderr


def test_the_other_searches_import_no_optuna() -> None:
    code = (
        "import sys, wandb_magic.search;"
        "assert not {'optuna', 'torch', 'scipy', 'numpy'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_stands_behind_method_bayes() -> None:
    assert isinstance(make_searcher(spec(), seed=0), BayesSearcher)
