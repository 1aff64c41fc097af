"""Population-based training: which runs are replaced, by forks of which, with which parameters."""

import math
from collections.abc import Collection, Sequence
from typing import Any

import pytest

from wandb_magic.errors import SpecError
from wandb_magic.records import Params, RunState, Trial
from wandb_magic.search.population import Exploit, exploits, explore
from wandb_magic.search.stopping_rules import runs_to_stop
from wandb_magic.spec import Spec, load

PBT: dict[str, Any] = {"type": "pbt", "perturbation_interval": 2}
PARAMETERS: dict[str, Any] = {
    "batch": {"distribution": "q_uniform", "min": 8, "max": 64, "q": 8},
    "layers": {"min": 1, "max": 6},
    "lr": {"distribution": "log_uniform_values", "min": 1e-3, "max": 1.0},
    "optimizer": {"values": ["sgd", "adam", "lion"]},
    "width": {"value": 32},
}
PARENT: Params = {"batch": 32, "layers": 3, "lr": 0.1, "optimizer": "adam", "width": 32}


def spec(goal: str = "minimize", parameters: Any = PARAMETERS, **rule: object) -> Spec:  # noqa: ANN401 - JSON
    return load(
        {
            "method": "random",
            "metric": {"name": "loss", "goal": goal},
            "parameters": parameters,
            "early_terminate": PBT | rule,
        }
    )


def population(*histories: Sequence[float], **states: RunState) -> list[Trial]:
    return [
        Trial(
            number,
            PARENT,
            states.get(f"run{number}", RunState.RUNNING),
            history=tuple(map(float, history)),
        )
        for number, history in enumerate(histories)
    ]


def decided(
    trials: Sequence[Trial], settings: Spec | None = None, ending: Collection[int] = ()
) -> dict[int, set[int]]:
    found = exploits(settings or spec(), trials, 0, ending)
    return {each.run: set(each.parents) for each in found}


EIGHT = [[9, rank] for rank in (3, 7, 1, 8, 5, 2, 6, 4)]
"""Eight runs with two values each: the last one ranks them."""


def test_the_worst_quarter_is_replaced_by_forks_of_the_best_quarter() -> None:
    assert decided(population(*EIGHT)) == {3: {2, 5}, 1: {2, 5}}
    assert decided(population(*EIGHT), spec("maximize")) == {2: {3, 1}, 5: {3, 1}}
    assert decided(population(*EIGHT), spec(quantile_fraction=0.5)) == {
        run: {0, 2, 5, 7} for run in (1, 3, 4, 6)
    }
    assert not runs_to_stop(spec(), population(*EIGHT))  # it is no rule that only ends runs


@pytest.mark.parametrize(
    ("histories", "replaced"),
    [
        ([[1, 1], [1, 2]], {1: {0}}),  # all that are running
        ([[1, 1], [1, 2], [1]], {}),  # one has no value at the interval yet
        ([[1, 1], [1, 2], [1, 3], [1, 4], [1]], {3: {0}}),  # four make a quantile
        ([[1, 1]], {}),
        ([[1, 1], [1, 2, 0]], {1: {0}}),  # judged at the interval, not after it
        ([[1, 1], [1, 2, 0, 0]], {0: {1}}),  # and at the next one again
        ([[1, 1], [1, math.nan]], {1: {0}}),
        ([[1, math.inf], [1, 5]], {0: {1}}),
        ([], {}),
    ],
)
def test_runs_are_judged_at_each_interval_once_there_are_enough(
    histories: list[list[float]], replaced: dict[int, set[int]]
) -> None:
    assert decided(population(*histories)) == replaced


def test_runs_that_have_ended_or_are_being_ended_are_neither_judged_nor_continued() -> None:
    ended = population(*EIGHT, run2=RunState.FINISHED, run3=RunState.PRUNED, run5=RunState.FAILED)
    assert decided(ended) == {1: {0, 7}, 6: {0, 7}}
    assert decided(population(*EIGHT), ending={2, 3}) == {1: {0, 5}, 6: {0, 5}}


def test_the_seed_decides_which_of_the_best_is_continued() -> None:
    first = [*exploits(spec(), population(*EIGHT), 0)]
    assert first == [*exploits(spec(), population(*EIGHT), 0)]
    orders = {
        tuple(each.parents for each in exploits(spec(), population(*EIGHT), seed))
        for seed in range(20)
    }
    assert len(orders) == 4
    assert all(isinstance(each, Exploit) and len(each.parents) == 2 for each in first)


def test_each_parameter_is_a_fifth_less_or_more_or_moves_by_one() -> None:
    settings = spec(resample_probability=0)
    forks = [explore(settings, PARENT, number, 0) for number in range(40)]
    assert forks == [explore(settings, PARENT, number, 0) for number in range(40)]
    assert {round(fork["lr"], 9) for fork in forks} == {0.08, 0.12}
    assert {fork["layers"] for fork in forks} == {2, 4}
    assert {fork["batch"] for fork in forks} == {24, 40}  # 25.6 and 38.4, as multiples of 8
    assert {fork["optimizer"] for fork in forks} == {"sgd", "lion"}
    assert {fork["width"] for fork in forks} == {32}
    assert len({tuple(fork.values()) for fork in forks}) == 16  # each independently


def test_no_parameter_leaves_the_space() -> None:
    settings = spec(resample_probability=0)
    corner = {"batch": 64, "layers": 6, "lr": 1.0, "optimizer": "lion", "width": 32}
    forks = [explore(settings, corner, number, 0) for number in range(40)]
    assert {round(fork["lr"], 9) for fork in forks} == {0.8, 1.0}
    assert {fork["layers"] for fork in forks} == {5, 6}
    assert {fork["batch"] for fork in forks} == {48, 64}
    assert {fork["optimizer"] for fork in forks} == {"adam", "lion"}


def test_parameters_are_drawn_anew_as_often_as_the_config_says() -> None:
    forks = [explore(spec(), PARENT, number, 1) for number in range(400)]
    drawn = [fork["lr"] for fork in forks if round(fork["lr"], 9) not in (0.08, 0.12)]
    assert 70 <= len(drawn) <= 130  # a quarter of 400, with 3.5 standard deviations
    assert min(drawn) < 0.005
    assert max(drawn) > 0.5


def test_only_the_named_parameters_change_and_rules_of_the_space_hold() -> None:
    named = spec(hyperparam_mutations=["lr"])
    forks = [explore(named, PARENT, number, 0) for number in range(20)]
    assert all({**fork, "lr": 0} == {**PARENT, "lr": 0} for fork in forks)
    assert len({fork["lr"] for fork in forks}) > 2
    nested = {
        "kind": {"values": ["plain", "deep"]},
        "deep": {"parameters": {"layers": {"min": 1, "max": 6, "when": {"kind": "deep"}}}},
    }
    found = [explore(spec(parameters=nested), {"kind": "plain"}, n, 0) for n in range(20)]
    assert all(("deep" in fork) == (fork["kind"] == "deep") for fork in found)
    assert {fork["kind"] for fork in found} == {"plain", "deep"}


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (
            {"hyperparam_mutations": ["lt"]},
            "early_terminate.hyperparam_mutations: there is no par",
        ),
        ({"quantile_fraction": 0.7}, "must be from 0 to 0.5"),
        ({"quantile_fraction": 0}, "must be above 0"),
        ({"resample_probability": 2}, "must be from 0 to 1"),
    ],
)
def test_what_makes_no_population_is_said(rule: dict[str, Any], problem: str) -> None:
    try:
        said = " ".join(spec(**rule).notices)
    except SpecError as error:
        said = str(error)
    assert problem in said


def test_it_is_written_with_the_names_of_ray_tune() -> None:
    rule = {
        "type": "pbt",
        "perturbation_interval": "4",
        "quantile_fraction": 0.5,
        "resample_probability": 0,
        "hyperparam_mutations": ["lr", "layers"],
    }
    settings = spec(**rule)
    assert settings.early_terminate is not None
    assert settings.early_terminate.perturbation_interval == 4
    assert load(settings.to_dict()).to_dict() == settings.to_dict()
