from importlib.util import find_spec
from random import Random

import pytest

from wandb_magic.errors import UnsupportedError
from wandb_magic.records import RunState, Trial
from wandb_magic.search.bayes.searcher import BayesSearcher
from wandb_magic.spec import load

SPEC = load(
    {
        "method": "bayes",
        "metric": {"name": "loss"},
        "parameters": {
            "x": {"min": 0.0, "max": 1.0},
            "n": {"min": 1, "max": 9},
            "kind": {"values": ["a", ["b"]]},
        },
    }
)
installed = pytest.mark.skipif(find_spec("cmaes") is None, reason="cmaes is not installed")


def runs(count: int) -> list[Trial]:
    searcher = BayesSearcher(SPEC, seed=0, sampler="cmaes")
    trials: list[Trial] = []
    for number in range(count):
        params = searcher.ask(number, trials)
        value = (params["x"] - 0.3) ** 2 + abs(params["n"] - 6) + (params["kind"] == "a")
        trials.append(Trial(number, params, RunState.FINISHED, value))
    return trials


@installed
def test_it_learns() -> None:
    trials = runs(120)
    assert all(trial.params["kind"] == ["b"] for trial in trials[-10:])
    assert sum(abs(trial.params["x"] - 0.3) for trial in trials[-10:]) < 1


@installed
def test_an_answer_depends_on_seed_number_and_trials_alone() -> None:
    trials = runs(40)
    lived = BayesSearcher(SPEC, seed=1, sampler="cmaes")
    order = Random(0)
    for number in range(12, 40):
        some = order.sample(trials[:number], number)
        fresh = BayesSearcher(SPEC, seed=1, sampler="cmaes")
        assert lived.ask(number, some) == fresh.ask(number, trials[:number])
    assert lived.ask(12, trials[:12]) == fresh.ask(12, trials[:12])


@pytest.mark.skipif(find_spec("cmaes") is not None, reason="cmaes is installed")
def test_it_says_what_to_install() -> None:
    with pytest.raises(UnsupportedError, match=r"needs cmaes.*pip install cmaes"):
        BayesSearcher(SPEC, seed=0, sampler="cmaes")
