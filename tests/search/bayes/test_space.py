from random import Random
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from wandb_magic.records import RunState, Trial
from wandb_magic.search.bayes.searcher import STARTUP_RUNS, BayesSearcher
from wandb_magic.search.bayes.space import SearchSpace
from wandb_magic.spec import Spec, load

FORMS: dict[str, dict[str, Any]] = {
    "categories": {"values": [False, 0, "", None, [1, 2], {"a": 1}, 0.5]},
    "repeated": {"values": [1, 1.0, 2, 1]},
    "odds": {"values": ["a", "b", "c"], "probabilities": [0.1, 0.9, 0]},
    "int": {"min": -3, "max": 4},
    "huge int": {"min": 0, "max": 10**12},
    "uniform": {"min": -1.5, "max": 2.0},
    "q_uniform": {"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.1},
    "fine q_uniform": {"distribution": "q_uniform", "min": 0, "max": 1, "q": 1e-5},
    "log_uniform": {"distribution": "log_uniform", "min": -9, "max": 0},
    "log_uniform_values": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1},
    "inv_log_uniform": {"distribution": "inv_log_uniform", "min": 0, "max": 9},
    "inv_log_uniform_values": {"distribution": "inv_log_uniform_values", "min": 0.01, "max": 1},
    "q_log_uniform": {"distribution": "q_log_uniform", "min": 0, "max": 6, "q": 1},
    "q_log_uniform_values": {
        "distribution": "q_log_uniform_values",
        "min": 8,
        "max": 512,
        "q": 8,
    },
    "from 0": {"distribution": "q_log_uniform_values", "min": 0.2, "max": 9, "q": 1},
    "normal": {"distribution": "normal", "mu": 5, "sigma": 2},
    "q_normal": {"distribution": "q_normal", "mu": 5, "sigma": 2, "q": 1},
    "log_normal": {"distribution": "log_normal", "mu": 0, "sigma": 1},
    "q_log_normal": {"distribution": "q_log_normal", "mu": 3, "sigma": 1, "q": 2},
    "beta": {"distribution": "beta", "a": 2, "b": 5},
    "q_beta": {"distribution": "q_beta", "a": 2, "b": 5, "q": 0.05},
}


def spec(parameters: dict[str, Any]) -> Spec:
    return load({"method": "bayes", "metric": {"name": "loss"}, "parameters": parameters})


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_value_survives_the_way_to_optuna_and_back(form: dict[str, Any]) -> None:
    own = spec({"p": form})
    space, distribution = SearchSpace(own), own.leaves["p",]
    for number in range(200):
        value = distribution.sample(Random(number).random())
        choice = space.encode({"p": value})
        assert choice is not None
        assert space.distributions["0"]._contains(
            space.distributions["0"].to_internal_repr(choice["0"])
        )
        back = space.decode(choice)["p"]
        if isinstance(value, float):
            assert back == pytest.approx(value, rel=1e-6)
        else:
            assert back == value
            assert type(back) is type(value) or form == FORMS["repeated"]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("sampler", ["gp", "tpe"])
def test_every_law_can_be_searched(form: dict[str, Any], sampler: str) -> None:
    own = spec({"p": form, "also": {"min": 0.0, "max": 1.0}})
    searcher = BayesSearcher(own, seed=0, sampler=sampler)
    trials: list[Trial] = []
    for number in range(STARTUP_RUNS + 3):
        params = searcher.ask(number, trials)
        assert own.leaves["p",].to_unit(params["p"]) is not None, params
        trials.append(Trial(number, params, RunState.FINISHED, params["also"]))
    assert all(SearchSpace(own).encode(trial.params) for trial in trials)


def test_the_bad_value_of_a_category_is_avoided_whatever_its_type() -> None:
    own = spec({"p": FORMS["categories"], "also": {"min": 0.0, "max": 1.0}})
    searcher = BayesSearcher(own, seed=0)
    trials: list[Trial] = []
    for number in range(24):
        params = searcher.ask(number, trials)
        value = 0.0 if params["p"] == [1, 2] else 1.0
        trials.append(Trial(number, params, RunState.FINISHED, value))
    assert sum(trial.params["p"] == [1, 2] for trial in trials[-6:]) >= 4


def test_nested_parameters_come_back_nested() -> None:
    own = spec(
        {
            "net": {"parameters": {"depth": {"min": 1, "max": 9}, "kind": {"value": "mlp"}}},
            "depth": {"min": 10, "max": 19},
        }
    )
    space = SearchSpace(own)
    assert len(space.distributions) == 2
    params = {"net": {"depth": 3, "kind": "mlp"}, "depth": 12}
    choice = space.encode(params)
    assert choice is not None
    assert space.decode(choice) == params


def test_what_can_be_counted_is_counted() -> None:
    def kind(name: str) -> object:
        return SearchSpace(spec({"p": FORMS[name]})).distributions["0"]

    assert kind("categories") == CategoricalDistribution(range(7))
    assert kind("repeated") == CategoricalDistribution([0, 2])
    assert kind("odds") == CategoricalDistribution([0, 1])
    assert kind("int") == IntDistribution(-3, 4)
    assert kind("q_uniform") == IntDistribution(0, 10)
    assert kind("q_log_uniform_values") == IntDistribution(1, 64, log=True)
    assert kind("from 0") == IntDistribution(0, 9)
    for name in ("uniform", "normal", "huge int", "fine q_uniform", "q_beta"):
        assert isinstance(kind(name), FloatDistribution)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_middle_of_an_axis_is_the_middle_of_its_law(form: dict[str, Any]) -> None:
    own = spec({"p": form})
    space = SearchSpace(own)
    choice = space.from_units([0.45])
    value = own.leaves["p",].sample(0.45)
    assert space.decode(choice)["p"] == (
        pytest.approx(value) if isinstance(value, float) else value
    )
    assert space.from_units(space.to_units(choice)) == pytest.approx(choice)
