from typing import Any

import pytest

from wandb_magic.errors import SpecError
from wandb_magic.spec import load
from wandb_magic.spec.parameters import DISTRIBUTIONS, flatten, nest

BOUNDS = {"min": 1, "max": 4}
FORMS: list[tuple[dict[str, Any], str]] = [
    ({"value": 3}, "constant"),
    ({"value": {"a": [1, None]}, "distribution": "constant"}, "constant"),
    ({"values": [1, "a", None, True, [1], {"b": 2}]}, "categorical"),
    ({"values": [1], "distribution": "categorical"}, "categorical"),
    ({"values": [1, 2], "probabilities": [0.25, 0.75]}, "categorical_w_probabilities"),
    (
        {"values": [1, 2], "probabilities": [1, 0], "distribution": "categorical"},
        "categorical_w_probabilities",
    ),
    (BOUNDS, "int_uniform"),
    ({**BOUNDS, "distribution": "int_uniform"}, "int_uniform"),
    ({"min": 1, "max": 4.0}, "uniform"),
    ({"min": 0.5, "max": 4}, "uniform"),
    ({"min": "1e-3", "max": 1}, "uniform"),
    ({**BOUNDS, "distribution": "uniform"}, "uniform"),
    ({**BOUNDS, "distribution": "q_uniform"}, "q_uniform"),
    ({**BOUNDS, "distribution": "q_uniform", "q": 2}, "q_uniform"),
    ({**BOUNDS, "distribution": "log_uniform"}, "log_uniform"),
    ({**BOUNDS, "distribution": "log_uniform_values"}, "log_uniform_values"),
    ({**BOUNDS, "distribution": "inv_log_uniform"}, "inv_log_uniform"),
    ({**BOUNDS, "distribution": "inv_log_uniform_values"}, "inv_log_uniform_values"),
    ({**BOUNDS, "distribution": "q_log_uniform", "q": 2}, "q_log_uniform"),
    ({**BOUNDS, "distribution": "q_log_uniform_values"}, "q_log_uniform_values"),
    ({"distribution": "normal"}, "normal"),
    ({"distribution": "normal", "mu": 1, "sigma": 0.5}, "normal"),
    ({"distribution": "q_normal", "mu": 1, "sigma": 5, "q": 0.5}, "q_normal"),
    ({"distribution": "log_normal"}, "log_normal"),
    ({"distribution": "q_log_normal"}, "q_log_normal"),
    ({"distribution": "beta"}, "beta"),
    ({"distribution": "beta", "a": 2, "b": 5}, "beta"),
    ({"distribution": "q_beta", "q": 0.1}, "q_beta"),
    ({"distribution": "logUniformValues", **BOUNDS}, "log_uniform_values"),
    ({"distribution": "Q-Log-Normal"}, "q_log_normal"),
]
DEFAULTS = {"q": 1.0, "mu": 0.0, "sigma": 1.0, "a": 1.0, "b": 1.0}


@pytest.mark.parametrize(("entry", "name"), FORMS)
def test_every_form_means_what_it_means_to_wandb(entry: dict[str, Any], name: str) -> None:
    found = load({"method": "random", "parameters": {"x": entry}}).to_dict()["parameters"]["x"]
    fields = set(DISTRIBUTIONS[name].model_fields)
    filled = {key: value for key, value in DEFAULTS.items() if key in fields}
    if "min" in entry and isinstance(entry["min"], str):
        entry = {**entry, "min": float(entry["min"])}
    assert found == {**filled, **entry, "distribution": name}


def test_every_distribution_is_covered() -> None:
    assert {name for _, name in FORMS} == set(DISTRIBUTIONS)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (0.1, "x: must be a mapping, not 0.1: write {value: 0.1}"),
        ([1, 2], "x: must be a mapping, not [1, 2]: write {values: [1, 2]}"),
        ({}, "x: says too little about what to choose: add value, values, min and max, or a"),
        ({"min": 1}, "x: max is missing: add it"),
        ({"mim": 1, "max": 2}, "x: unknown key 'mim': did you mean 'min'?"),
        ({"val": 1}, "x: unknown key 'val': did you mean 'value'?"),
        ({"min": 3, "max": 3}, "x: min and max are both 3: use value: 3"),
        ({"min": 3, "max": 2}, "x: min (3) must be below max (2): swap them"),
        ({"min": "a", "max": 2}, "x.min: must be a finite number, not 'a'"),
        ({"min": True, "max": 2}, "x.min: must be a finite number, not True"),
        ({"min": 10**400, "max": 2}, "x.min: must be a finite number, not 1000"),
        (
            {"a": 1, "b": 2},
            "x: says too little about what to choose: add distribution: beta or q_beta",
        ),
        (
            {"distribution": "unifrom", **BOUNDS},
            "x: unknown distribution 'unifrom': did you mean 'uniform'?",
        ),
        (
            {"mu": 1, "q": 1, "a": 2},
            "x: says too little about what to choose: add value",
        ),
        ({"distribution": "zipf"}, "x: unknown distribution 'zipf': use one of beta, "),
        (
            {"distribution": "normal", "min": 1},
            "x: 'min' does not belong to normal: remove it or change the distribution",
        ),
        ({"distribution": "normal", "sigma": 0}, "x.sigma: must be above 0, not 0"),
        ({"distribution": "int_uniform", "min": 0.5, "max": 2}, "x.min: must be a whole number"),
        (
            {"distribution": "log_uniform_values", "min": 0, "max": 1},
            "x.min: must be above 0, not 0",
        ),
        (
            {"distribution": "q_log_uniform", "min": 1, "max": 1000},
            "x: max (1000) is an exponent of e, and too large for one: use q_log_uniform_values",
        ),
        ({"values": 3}, "x.values: must be a list, not 3: put it in brackets"),
        ({"values": "ab"}, "x.values: must be a list, not 'ab': put it in brackets"),
        ({"values": []}, "x.values: is empty: give at least one entry"),
        ({"values": [{1, 2}]}, "x.values: {1, 2} is a set, which JSON cannot say: write it as"),
        ({"value": float("nan")}, "x.value: nan has no place in JSON: write it as text ('nan')"),
        (
            {"values": [1, 2], "probabilities": [1]},
            "x: there are 2 values and 1 probabilities: give one probability for each value",
        ),
        (
            {"values": [1, 2], "probabilities": [1, 3]},
            "x.probabilities: must sum to 1, not to 4: [0.25, 0.75] would",
        ),
        ({"values": [1], "probabilities": [0]}, "x.probabilities: must sum to 1, not to 0"),
        (
            {"values": [1, 2], "probabilities": [2, -1]},
            "x.probabilities: must not be negative",
        ),
        (
            {"parameters": {"y": {"value": 1}}, "value": 2},
            "x: 'value' does not go with nested parameters: move it below 'parameters'",
        ),
        ({"parameters": {}}, "x.parameters: must name at least one parameter"),
        ({"parameters": {"y": {"min": 1}}}, "x.parameters.y: max is missing: add it"),
    ],
)
def test_a_fault_is_named_with_its_remedy(entry: object, problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        load({"method": "random", "parameters": {"x": entry}})
    assert len(caught.value.problems) == 1
    assert str(caught.value).startswith(f"parameters.{problem}")


def test_nested_parameters_flatten_in_sorted_order_and_nest_again() -> None:
    spec = load(
        {
            "method": "grid",
            "parameters": {
                "z": {"value": 1},
                "b": {
                    "parameters": {
                        "y": {"value": 2},
                        "c": {"parameters": {"d": {"value": 3}, "a": {"value": 4}}},
                    }
                },
                "a.b": {"value": 5},
            },
        }
    )
    assert list(spec.leaves) == [("a.b",), ("b", "c", "a"), ("b", "c", "d"), ("b", "y"), ("z",)]
    values = {path: law.sample(0.5) for path, law in spec.leaves.items()}
    params = nest(values)
    assert params == {"a.b": 5, "b": {"c": {"a": 4, "d": 3}, "y": 2}, "z": 1}
    assert flatten(params, spec.parameters) == values
    assert flatten({"b": {"y": 7, "q": 1}, "c": 1}, spec.parameters) == {("b", "y"): 7}
    assert flatten({"b": 3}, spec.parameters) == {}
