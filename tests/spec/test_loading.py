import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from wandb_magic.errors import SpecError
from wandb_magic.records import Metric
from wandb_magic.spec import load

LR = {"lr": {"values": [0.1, 0.01]}}
FULL = {
    "method": "bayes",
    "metric": {"name": "val.loss", "goal": "maximize", "target": 1, "impute": "latest"},
    "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 2, "strict": False},
    "run_cap": 20,
    "command": ["${env}", "python3", "${program}", "${args}", 3],
    "program": "train.py",
    "name": "first",
    "description": "a try",
    "project": "p",
    "entity": "e",
    "parameters": {"x": {"min": 0, "max": 3}, "opt": {"parameters": {"lr": {"value": None}}}},
}


def problems(config: dict[str, Any]) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load(config)
    found = list(caught.value.problems)
    assert str(caught.value) == "\n".join(found)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    for jargon in ("Input should", "pydantic", "Value error"):
        assert jargon not in str(caught.value)
    return found


def test_every_key_survives_the_round_trip() -> None:
    spec = load(FULL)
    assert spec.notices == ()
    assert spec.run_cap == 20
    assert spec.command[-1] == "3"
    assert spec.to_dict() == {
        **FULL,
        "command": ["${env}", "python3", "${program}", "${args}", "3"],
        "parameters": {
            "x": {"distribution": "int_uniform", "min": 0, "max": 3},
            "opt": {"parameters": {"lr": {"distribution": "constant", "value": None}}},
        },
    }
    assert load(json.loads(json.dumps(spec.to_dict()))) == spec
    assert load(yaml.safe_dump(spec.to_dict())) == spec


def test_the_metric_as_the_other_layers_know_it() -> None:
    metric = load(FULL).metric
    assert metric is not None
    assert metric.record() == Metric("val.loss", maximize=True, target=1)


def test_a_config_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text(yaml.safe_dump(FULL))
    assert load(path) == load(str(path)) == load(FULL)


def test_a_mapping_of_parameters_is_searched_at_random_and_says_so() -> None:
    spec = load(LR)
    assert spec.method == "random"
    assert spec.notices == ("method: these are parameters only, so random search is assumed",)
    assert load("lr: {values: [0.1, 0.01]}").to_dict() == spec.to_dict()


def test_parameters_may_bear_the_names_of_top_level_keys() -> None:
    assert set(load({"metric": {"values": [1]}, "name": {"min": 1, "max": 2}}).parameters) == {
        "metric",
        "name",
    }


def test_without_a_method_random_search_is_assumed() -> None:
    spec = load({"parameters": LR})
    assert (spec.method, spec.notices) == (
        "random",
        ("method: not given, so random search is assumed",),
    )


def test_what_is_assumed_of_the_metric_is_said() -> None:
    spec = load(
        {
            "method": "random",
            "metric": {"name": "accuracy"},
            "early_terminate": {"type": "hyperband", "min_iter": 3},
            "parameters": LR,
        }
    )
    assert spec.metric is not None
    assert spec.metric.goal == "minimize"
    assert spec.notices == (
        "metric.goal: not given, so 'accuracy' is minimized",
        "early_terminate.strict: not given, so runs are judged strictly, as by W&B's engine",
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [("max", "maximize"), ("Minimise", "minimize"), ("maximise", "maximize"), ("min", "minimize")],
)
def test_the_goal_in_other_words(written: str, meant: str) -> None:
    metric = load({"method": "grid", "parameters": LR, "metric": {"name": "a", "goal": written}})
    assert metric.to_dict()["metric"]["goal"] == meant


def test_null_is_as_good_as_absent() -> None:
    spec = load({"method": "grid", "parameters": LR, "metric": None, "program": None})
    assert spec.metric is None
    assert spec.program == ""


def test_numpy_values_become_plain_ones() -> None:
    spec = load(
        {
            "a": {"values": np.array([1, 2])},
            "b": {"min": np.float64(0.5), "max": np.int64(3)},
            "c": {"value": np.str_("x")},
            "d": {"values": range(3)},
            "e": {"value": {"f": (np.float32(0.5), np.bool_(True))}},  # noqa: FBT003 - a value
        }
    )
    assert yaml.safe_load(yaml.safe_dump(spec.to_dict())) == spec.to_dict()
    assert spec.to_dict()["parameters"]["e"]["value"] == {"f": [0.5, True]}
    assert spec.to_dict()["parameters"]["b"]["distribution"] == "uniform"


def test_all_problems_come_at_once_each_with_place_and_remedy() -> None:
    assert problems(
        {
            "method": "bayes",
            "run_cap": 0,
            "name": 2024,
            "comand": ["x"],
            "parameters": {
                "lr": {"min": 0.1, "max": 0.01},
                "wd": {"mim": 0.1, "max": 1.0},
                "opt": {"parameters": {"kind": {"valus": ["a"]}}},
            },
        }
    ) == [
        "unknown key 'comand': did you mean 'command'?",
        "parameters.lr: min (0.1) must be below max (0.01): swap them",
        "parameters.wd: unknown key 'mim': did you mean 'min'?",
        "parameters.opt.parameters.kind: unknown key 'valus': did you mean 'values'?",
        "metric: bayes needs to know what to optimise: add metric: {name: ..., goal: minimize}",
        "run_cap: must be at least 1, not 0",
        "name: must be text, not 2024: put it in quotes",
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"metod": "x"}, "unknown key 'metod': did you mean 'method'?"),
        ({"colour": 1}, "unknown key 'colour': remove it"),
        (
            {"lr": {"values": [1]}},
            "unknown key 'lr': if it is a parameter, move it below 'parameters'",
        ),
        ({"method": "x"}, "method: must be 'grid', 'random' or 'bayes', not 'x'"),
        ({"metric": "a"}, "metric: must be a mapping, not 'a': write {key: value, ...}"),
        ({"metric": {}}, "metric: name is missing: add it"),
        ({"metric": {"nam": "a"}}, "metric: unknown key 'nam': did you mean 'name'?"),
        (
            {"metric": {"name": "a", "goal": "up"}},
            "metric.goal: must be 'minimize' or 'maximize', not 'up'",
        ),
        (
            {"metric": {"name": "a", "goal": "min", "target": "low"}},
            "metric.target: must be a finite number, not 'low'",
        ),
        ({"command": "python a.py"}, "command: must be a list of arguments: write "),
        ({"command": []}, "command: is empty: give at least one entry"),
        (
            {"command": ["${arg}"]},
            "command: unknown macro 'arg': did you mean 'args'?",
        ),
        ({"run_cap": 1.5}, "run_cap: must be a whole number, not 1.5"),
        ({"parameters": {}}, "parameters: must name at least one parameter"),
        ({"parameters": [1]}, "parameters: must name at least one parameter"),
    ],
)
def test_a_fault_is_named_with_its_remedy(change: dict[str, Any], problem: str) -> None:
    found = problems({"method": "random", "parameters": LR, **change})
    assert found[0].startswith(problem)
    assert len(found) == 1


HYPERBAND = {"type": "hyperband", "strict": True}


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"type": "median"}, ".type: must be 'hyperband', not 'median'"),
        (HYPERBAND, ": needs min_iter, or max_iter and s: add one of the two"),
        (
            {**HYPERBAND, "min_iter": 1, "max_iter": 9},
            ": takes min_iter or max_iter, not both: remove one",
        ),
        ({**HYPERBAND, "max_iter": 9}, ": max_iter needs s, the number of brackets: add it"),
        ({**HYPERBAND, "min_iter": 9, "s": 1}, ": s goes with max_iter, not with min_iter"),
        ({**HYPERBAND, "max_iter": 2, "s": 1}, ": max_iter (2) is below eta (3), so there is no"),
        ({**HYPERBAND, "min_iter": 0}, ".min_iter: must be at least 1, not 0"),
        ({**HYPERBAND, "min_iter": 2, "eta": 1}, ".eta: must be above 1, not 1"),
        ({**HYPERBAND, "min_iter": 2, "strict": "so"}, ".strict: must be true or false, not 'so'"),
        ({**HYPERBAND, "minit": 2}, ": unknown key 'minit': did you mean 'min_iter'?"),
    ],
)
def test_early_termination_is_checked(rule: dict[str, Any], problem: str) -> None:
    found = problems(
        {
            "method": "random",
            "parameters": LR,
            "metric": {"name": "a", "goal": "minimize"},
            "early_terminate": rule,
        }
    )
    assert found[0].startswith(f"early_terminate{problem}")


def test_early_termination_needs_a_metric() -> None:
    assert problems(
        {"method": "grid", "parameters": LR, "early_terminate": {**HYPERBAND, "min_iter": 1}}
    ) == ["early_terminate: needs to know what to compare: add metric: {name: ...}"]


def test_grid_refuses_what_it_cannot_go_through() -> None:
    assert problems(
        {
            "method": "grid",
            "parameters": {
                "a": {"min": 0.0, "max": 1},
                "b": {"parameters": {"c": {"distribution": "normal"}}},
                "d": {"values": [1, 2], "probabilities": [0.5, 0.5]},
                "e": {"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.1},
            },
        }
    ) == [
        "parameters.a: grid cannot go through uniform: list its values, or use method: random",
        (
            "parameters.b.parameters.c: grid cannot go through normal: "
            "list its values, or use method: random"
        ),
        (
            "parameters.d: grid cannot go through categorical_w_probabilities: "
            "remove the probabilities, or use method: random"
        ),
    ]


def test_bayes_needs_something_to_vary() -> None:
    assert problems(
        {
            "method": "bayes",
            "metric": {"name": "a", "goal": "minimize"},
            "parameters": {"x": {"value": 1}},
        }
    ) == ["method: bayes needs a parameter that varies: use grid to run constants once"]


def test_exponents_as_bounds_are_pointed_out() -> None:
    spec = load({"lr": {"distribution": "log_uniform", "min": 1e-5, "max": 0.1}})
    assert spec.notices[1] == (
        "parameters.lr: log_uniform takes exponents of e as bounds, so values go from 1 to 1.105; "
        "log_uniform_values takes the values"
    )


def test_names_that_wandb_may_refuse_are_pointed_out() -> None:
    assert load({"model/lr": {"value": 1}}).notices[1].startswith("parameters.model/lr: ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        *("method", "metric", "parameters", "early_terminate", "command", "run_cap", "scheduler"),
        *("metrics", "controller", "name", "min", "max", "value", "values", "distribution"),
    ]
)
CONFIGS = st.recursive(JSON, lambda inner: st.dictionaries(KEYS, inner, max_size=4), max_leaves=8)


@settings(deadline=None)
@given(CONFIGS)
def test_any_config_holds_or_is_refused_in_our_words(config: dict[str, Any]) -> None:
    spec = None
    with suppress(SpecError):
        spec = load(config)
    if spec is not None:
        assert load(json.loads(json.dumps(spec.to_dict()))).to_dict() == spec.to_dict()


def test_a_kernel_loads_a_config_without_heavy_libraries() -> None:
    code = (
        "import sys; from wandb_magic.spec import load;"
        "load({'x': {'min': 1, 'max': 2}, 'y': {'distribution': 'beta'}});"
        "print(*{'numpy', 'scipy', 'optuna', 'pandas', 'torch', 'wandb'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
