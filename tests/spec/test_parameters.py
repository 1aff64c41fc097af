import json
import math
from collections import deque
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from wandb_magic.errors import SpecError
from wandb_magic.spec import load
from wandb_magic.spec.fields import encode_nonfinite
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
        ({}, "x: does not define a distribution: add value, values, min and max, or a"),
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
            "x: does not define a distribution: add distribution: beta or q_beta",
        ),
        (
            {"distribution": "unifrom", **BOUNDS},
            "x: unknown distribution 'unifrom': did you mean 'uniform'?",
        ),
        (
            {"mu": 1, "q": 1, "a": 2},
            "x: does not define a distribution: add value",
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
            "x: max (1000) is an exponent of e and too large: use q_log_uniform_values",
        ),
        ({"values": 3}, "x.values: must be a list, not 3: put it in brackets"),
        ({"values": "ab"}, "x.values: must be a list, not 'ab': put it in brackets"),
        ({"values": []}, "x.values: is empty: give at least one entry"),
        (
            {"values": [{1, 2}]},
            "x.values: {1, 2} is a set, which JSON cannot represent: list its entries",
        ),
        (
            {"values": [1, 2], "probabilities": [0.5, 0.2, 0.3]},
            "x: there are 2 values and 3 probabilities: give one probability for each value",
        ),
        (
            {"values": [1, 2], "probabilities": [2, -1]},
            "x.probabilities: must not be negative",
        ),
        (
            {"parameters": {"y": {"value": 1}}, "value": 2},
            "x: 'value' cannot be combined with nested parameters: move it below 'parameters'",
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
    values = {path: distribution.sample(0.5) for path, distribution in spec.leaves.items()}
    params = nest(values)
    assert params == {"a.b": 5, "b": {"c": {"a": 4, "d": 3}, "y": 2}, "z": 1}
    assert flatten(params, spec.parameters) == values
    assert flatten({"b": {"y": 7, "q": 1}, "c": 1}, spec.parameters) == {("b", "y"): 7}
    assert flatten({"b": 3}, spec.parameters) == {}


def value_of(text: str) -> Any:  # noqa: ANN401 - whatever the text means
    entry = load(f"method: random\nparameters:\n  x: {text}\n").to_dict()["parameters"]["x"]
    return entry.get("values", entry.get("value"))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("{value: 1e-5}", 1e-5),
        ("{value: +1e5}", 1e5),
        ("{value: 1.5e5}", 1.5e5),
        ("{value: 7e3}", "7e3"),
        ("{value: '1e-5'}", "1e-5"),
        ("{values: [1e-5, 1e-4]}", [1e-5, 1e-4]),
        ("{values: [null, 1e-5, auto]}", [None, 1e-5, "auto"]),
        ("{values: [1e3, 1e4, 1E5]}", [1e3, 1e4, 1e5]),
        ("{values: [0, 1e3, 1e-3]}", [0, 1e3, 1e-3]),
        ("{values: [7e3, 4f2, 1e9]}", ["7e3", "4f2", "1e9"]),
        ("{values: [7e3, true]}", ["7e3", True]),
        ("{values: [7e34567, 1234e56]}", ["7e34567", "1234e56"]),
        ("{values: [7e3]}", ["7e3"]),
        ("{values: [[1e3, 2], {a: 7e3, b: 1e-3}]}", [[1e3, 2], {"a": "7e3", "b": 1e-3}]),
        ("{values: ['1e3', '1e4']}", ["1e3", "1e4"]),
        ("{value: 1e+999}", "1e+999"),
    ],
)
def test_text_with_an_exponent_is_a_number_where_it_can_be_nothing_else(
    text: str, meant: object
) -> None:
    assert value_of(text) == meant


def test_text_with_an_exponent_is_a_number_wherever_a_number_is_wanted() -> None:
    spec = load(
        "{method: bayes, run_cap: 1e1, name: 1e5, command: [python, 7e3],"
        " metric: {name: 7e3, target: 1e-2},"
        " early_terminate: {type: hyperband, min_iter: 1e0, eta: 2e0},"
        " parameters: {a: {min: 1e-5, max: 1e1}, b: {distribution: normal, mu: 1e0, sigma: 1e-1},"
        " c: {distribution: q_beta, a: 1e0, b: 2e0, q: 1e-1},"
        " 7e3: {values: [1, 2], probabilities: [5e-1, 5e-1]}}}"
    )
    assert (spec.run_cap, spec.name, spec.command) == (10, "1e5", ("python", "7e3"))
    assert spec.metric is not None
    assert (spec.metric.name, spec.metric.target) == ("7e3", 0.01)
    assert spec.early_terminate is not None
    assert (spec.early_terminate.min_iter, spec.early_terminate.eta) == (1, 2)
    parameters = spec.to_dict()["parameters"]
    assert parameters["a"] == {"distribution": "uniform", "min": 1e-5, "max": 10}
    assert parameters["b"] == {"distribution": "normal", "mu": 1, "sigma": 0.1}
    assert parameters["c"] == {"distribution": "q_beta", "a": 1, "b": 2, "q": 0.1}
    assert parameters["7e3"]["probabilities"] == [0.5, 0.5]
    assert "parameters.a: min 1e-5, max 1e1 is text for W&B, and is taken as a number" in (
        spec.notices
    )


def test_it_is_said_how_text_with_an_exponent_is_taken() -> None:
    spec = load(
        "{method: random, parameters: {a: {value: 7e3}, b: {values: [1e3, 1e4]}, c: {value: 1e-5},"
        " d: {values: [1.0e-5, '1e-5']}}}"
    )
    assert spec.notices == (
        "parameters.a.value: 7e3 is text, as in W&B: write 7.0e+3 if it is a number",
        "parameters.b.values: 1e3, 1e4 is text for W&B, and is taken as a number",
        "parameters.c.value: 1e-5 is text for W&B, and is taken as a number",
    )


@pytest.mark.parametrize(
    ("given", "engines"),
    [
        ([0.5, 0.5, 0], None),
        ([0.2, 0.2, 0.2], [0.6, 0.2, 0.2]),
        ([1, 3, 1], [1, 0, 0]),
        ([0.5, 0.4, 0.4], [0.5, 0.4, 0.1]),
        ([0, 0, 0], [1, 0, 0]),
        ([0.5, 0.5], [0.5, 0.5, 0]),
        ([0.5], [1, 0, 0]),
    ],
)
def test_probabilities_that_do_not_sum_to_1_are_what_wandbs_engine_makes_of_them(
    given: list[float], engines: list[float] | None
) -> None:
    entry = {"values": ["a", "b", "c"], "probabilities": given}
    spec = load({"method": "random", "parameters": {"x": entry}})
    found = spec.to_dict()["parameters"]["x"]["probabilities"]
    assert found == pytest.approx(engines or given)
    assert len(spec.notices) == (0 if engines is None else 1)
    assert load(spec.to_dict()).to_dict() == spec.to_dict()


def test_infinities_go_through_a_file_and_the_store() -> None:
    spec = load("{method: grid, parameters: {x: {values: [1, .inf, -.inf]}, y: {value: .nan}}}")
    stored = json.loads(json.dumps(encode_nonfinite(spec.to_dict()), allow_nan=False))
    for form in (spec.to_dict(), stored, yaml.safe_dump(spec.to_dict()), yaml.safe_dump(stored)):
        parameters = load(form).to_dict()["parameters"]
        assert parameters["x"]["values"] == [1, math.inf, -math.inf]
        assert math.isnan(parameters["y"]["value"])
    assert spec.notices == (
        "parameters.x.values: .inf and .nan do not exist in JSON: W&B shows them as text",
        "parameters.y.value: .inf and .nan do not exist in JSON: W&B shows them as text",
    )
    with pytest.raises(SpecError, match="must be a finite number, not inf"):
        load({"x": {"min": 0, "max": math.inf}})


@pytest.mark.parametrize(
    ("values", "listed"),
    [
        ((1, 2), [1, 2]),
        (range(0, 6, 2), [0, 2, 4]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({"b": 1, "a": 2}.keys(), ["b", "a"]),
        ({"b": 1, "a": 2}.values(), [1, 2]),
        (map(str, [2, 1]), ["2", "1"]),
        (deque([1, 2]), [1, 2]),
        (np.logspace(0, 2, 3), [1, 10, 100]),
        (np.array([["a"], ["b"]]), [["a"], ["b"]]),
        ([np.int64(1), np.bool_(True), np.str_("x"), (np.float32(0.5),)], [1, True, "x", [0.5]]),  # noqa: FBT003 - a value
    ],
)
def test_values_may_be_what_a_notebook_has(values: object, listed: list[object]) -> None:
    spec = load({"method": "grid", "parameters": {"x": {"values": values}}})
    assert spec.to_dict()["parameters"]["x"]["values"] == listed
    assert all(type(value) in {int, bool, str, list, float} for value in listed)


@dataclass
class Options:
    lr: float = 0.1


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (
            Path("data"),
            "PosixPath('data') is a PosixPath, which JSON cannot represent: write it as text",
        ),
        (
            date(2024, 1, 2),
            "datetime.date(2024, 1, 2) is a date, which JSON cannot represent: write it",
        ),
        (
            Options(),
            "is a Options, which JSON cannot represent: write it as a mapping, as dataclasses.",
        ),
        (
            max,
            "<built-in function max> is a builtin_function_or_method, which JSON cannot represent",
        ),
    ],
)
def test_what_wandbs_client_cannot_send_is_refused(value: object, problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        load({"method": "grid", "parameters": {"x": {"values": [value]}}})
    assert problem in str(caught.value)
