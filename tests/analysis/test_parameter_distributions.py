"""Optuna's distributions in the values of the runs, for every distribution of W&B's."""

import warnings
from random import Random
from typing import Any

import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
    json_to_distribution,
)

from wandb_magic.analysis.parameter_distributions import ParameterDistribution, distributions_of
from wandb_magic.spec import load

INF = float("inf")


def one(entry: dict[str, Any], *seen: Any) -> ParameterDistribution:
    return distributions_of(load({"x": entry}), {"x": seen})["x"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"min": 0.5, "max": 2}, FloatDistribution(0.5, 2.0)),
        ({"min": 1, "max": 8}, IntDistribution(1, 8)),
        (
            {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1},
            FloatDistribution(1e-5, 0.1, log=True),
        ),
        (
            {"distribution": "q_log_uniform_values", "min": 16, "max": 512, "q": 16},
            IntDistribution(16, 512, log=True),
        ),
        (
            {"distribution": "q_log_uniform_values", "min": 0.1, "max": 10, "q": 1},
            IntDistribution(0, 10),
        ),
        (
            {"distribution": "q_uniform", "min": 10, "max": 50, "q": 10},
            IntDistribution(10, 50, step=10),
        ),
        ({"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.25}, FloatDistribution(0, 1)),
        ({"values": ["adam", "sgd"]}, CategoricalDistribution(["adam", "sgd"])),
        ({"values": [16, 32, 32.0]}, CategoricalDistribution([16, 32])),
        ({"values": [None, "a", 0.5]}, CategoricalDistribution([None, "a", 0.5])),
        ({"values": [1, True]}, CategoricalDistribution(["1", "true"])),
        ({"values": [[1], [1, 2]]}, CategoricalDistribution(["[1]", "[1, 2]"])),
        ({"values": [{"a": 1}, "x"]}, CategoricalDistribution(['{"a": 1}', '"x"'])),
    ],
)
def test_a_law_with_bounds_has_them(entry: dict[str, Any], expected: Any) -> None:
    assert one(entry).distribution == expected


@pytest.mark.parametrize(
    ("entry", "seen", "expected"),
    [
        ({"distribution": "normal", "mu": 5, "sigma": 1}, (4.0, 6.5), FloatDistribution(4.0, 6.5)),
        (
            {"distribution": "log_normal", "mu": 0, "sigma": 1},
            (0.5, 2.0),
            FloatDistribution(0.5, 2.0, log=True),
        ),
        ({"distribution": "q_normal", "mu": 5, "sigma": 1, "q": 1}, (4, 7), IntDistribution(4, 7)),
        ({"distribution": "beta", "a": 2, "b": 2}, (0.5,), FloatDistribution(0.5, 0.5)),
        ({"min": 0.0, "max": 1.0}, (1.5,), FloatDistribution(0.0, 1.5)),
        ({"min": 0, "max": 4}, (2.5,), FloatDistribution(0.0, 4.0)),
        ({"min": 0, "max": 4}, (2, "auto"), CategoricalDistribution([2, "auto"])),
        ({"values": ["a", "b"]}, ("c",), CategoricalDistribution(["a", "b", "c"])),
        ({"value": 3}, (3, 4), CategoricalDistribution([3, 4])),
    ],
)
def test_what_runs_had_is_always_inside(entry: Any, seen: Any, expected: Any) -> None:
    kind = one(entry, *seen)
    assert kind.distribution == expected
    for value in seen:
        inside = kind.distribution.to_internal_repr(kind.value(value))
        assert kind.distribution._contains(inside)


@pytest.mark.parametrize("kind", ["normal", "log_normal", "beta", "q_normal", "q_log_normal"])
def test_an_endless_law_without_runs_has_most_of_itself(kind: str) -> None:
    found = one({"distribution": kind}).distribution
    assert isinstance(found, (FloatDistribution, IntDistribution))
    assert -INF < found.low < found.high < INF


DISTRIBUTIONS: list[dict[str, Any]] = [
    {"values": ["a", None, 1, True, [1, 2], {"b": []}]},
    {"values": [1, 2], "probabilities": [0.1, 0.9]},
    {"min": 1, "max": 10},
    {"min": 0.5, "max": 1.5},
    {"distribution": "q_uniform", "min": 0.1, "max": 3, "q": 0.1},
    {"distribution": "q_uniform", "min": 3, "max": 20, "q": 5},
    {"distribution": "log_uniform", "min": -5, "max": 1},
    {"distribution": "q_log_uniform", "min": 0, "max": 5, "q": 2},
    {"distribution": "log_uniform_values", "min": 0.01, "max": 10},
    {"distribution": "q_log_uniform_values", "min": 1, "max": 100, "q": 7},
    {"distribution": "inv_log_uniform", "min": 0, "max": 3},
    {"distribution": "inv_log_uniform_values", "min": 0.1, "max": 3},
    {"distribution": "normal"},
    {"distribution": "q_normal", "sigma": 30, "q": 10},
    {"distribution": "log_normal"},
    {"distribution": "q_log_normal", "q": 0.5},
    {"distribution": "beta", "a": 2, "b": 5},
    {"distribution": "q_beta", "a": 2, "b": 5, "q": 0.1},
]


@pytest.mark.parametrize(
    "entry", DISTRIBUTIONS, ids=lambda entry: entry.get("distribution", "inferred")
)
def test_every_law_holds_what_it_draws(entry: dict[str, Any]) -> None:
    distribution = next(iter(load({"x": entry}).leaves.values()))
    choose = Random(1)
    seen = [distribution.sample(choose.random()) for _ in range(300)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kind = one(entry, *seen)
        for value in seen:
            inside = kind.distribution.to_internal_repr(kind.value(value))
            assert kind.distribution._contains(inside), value
        assert json_to_distribution(distribution_to_json(kind.distribution)) == kind.distribution


def test_nested_parameters_have_dotted_names_and_constants_none() -> None:
    spec = load(
        {
            "method": "random",
            "parameters": {
                "net": {"parameters": {"depth": {"min": 1, "max": 3}, "width": {"value": 8}}},
                "same": {"values": ["only"]},
            },
        }
    )
    assert list(distributions_of(spec, {"net.width": [8, 8], "same": ["only"]})) == ["net.depth"]
