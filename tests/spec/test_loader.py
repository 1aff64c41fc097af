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


def problems(config: dict[str, Any] | str) -> list[str]:
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


ENDLESS = {"lr": {"min": 0.0, "max": 1.0}}


def test_a_mapping_of_parameters_is_searched_at_random_and_says_so() -> None:
    spec = load(ENDLESS)
    assert spec.method == "random"
    assert spec.notices == ("method: these are parameters only, so random search is assumed",)
    assert load("lr: {min: 0.0, max: 1.0}").to_dict() == spec.to_dict()


@pytest.mark.parametrize(
    ("parameters", "method"),
    [
        (LR, "grid"),
        ({**LR, "epochs": {"value": 3}, "n": {"min": 1, "max": 3}}, "grid"),
        ({"opt": {"parameters": LR}}, "grid"),
        ({"x": {"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.1}}, "grid"),
        ({**LR, **ENDLESS}, "random"),
        ({"opt": {"parameters": ENDLESS}, "x": {"value": 1}}, "random"),
        ({"x": {"values": [1, 2], "probabilities": [0.5, 0.5]}}, "random"),
        ({"x": {"distribution": "normal"}}, "random"),
    ],
)
def test_parameters_that_have_an_end_are_a_grid(parameters: dict[str, Any], method: str) -> None:
    assert load({"parameters": parameters}).method == method
    if not any("parameters" in entry for entry in parameters.values()):
        assert load(parameters).method == method
        assert load(yaml.safe_dump(parameters)).method == method


def test_parameters_may_bear_the_names_of_top_level_keys() -> None:
    assert set(load({"metric": {"values": [1]}, "name": {"min": 1, "max": 2}}).parameters) == {
        "metric",
        "name",
    }


def test_without_a_method_random_search_is_assumed() -> None:
    spec = load({"parameters": ENDLESS})
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
    assert set(spec.notices) == {
        "metric.goal: not given, so 'accuracy' is minimized",
        "early_terminate.strict: not given, so runs are judged strictly, as in W&B's engine",
    }


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("max", "maximize"), ("Minimise", "minimize"), ("maximise", "maximize")),
        *(("min", "minimize"), ("MAXIMIZE", "maximize"), (" maximum ", "maximize")),
        *(("up", "minimize"), (1, "minimize")),
    ],
)
def test_the_goal_in_other_words(written: object, meant: str) -> None:
    spec = load({"method": "grid", "parameters": LR, "metric": {"name": "a", "goal": written}})
    assert spec.to_dict()["metric"]["goal"] == meant
    assert len(spec.notices) == 1
    assert spec.notices[0].startswith("metric.goal: ")


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
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"method": "x"}, "method: must be 'grid', 'random', 'bayes' or 'custom', not 'x'"),
        ({"command": "python a.py"}, "command: must be a list of arguments: write "),
        ({"run_cap": 1.5}, "run_cap: must be a whole number, not 1.5"),
        ({"run_cap": "ten"}, "run_cap: must be a finite number, not 'ten'"),
        ({"parameters": {}}, "parameters: must name at least one parameter"),
        ({"parameters": [1]}, "parameters: must name at least one parameter"),
        ({"name": ["a"]}, "name: must be text, not ['a']: put it in quotes"),
    ],
)
def test_a_fault_is_named_with_its_remedy(change: dict[str, Any], problem: str) -> None:
    found = problems({"method": "random", "parameters": LR, **change})
    assert found[0].startswith(problem)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"parameters": LR, "metod": "grid"}, "unknown key 'metod': did you mean 'method'?"),
        ({"method": "grid"}, "parameters is missing: add it"),
        (
            {"method": "grid", "paramters": LR},
            "unknown key 'paramters': did you mean 'parameters'?",
        ),
        (
            {"method": "bayes", "parameters": ENDLESS, "metrc": {"name": "a"}},
            "unknown key 'metrc'",
        ),
        ({"method": "bayes", "parameters": ENDLESS, "metric": {}}, "metric: name is missing: add"),
        ({"method": "bayes", "parameters": ENDLESS, "metric": 3}, "metric: must be a mapping"),
    ],
)
def test_what_no_engine_could_run_is_refused(config: dict[str, Any], problem: str) -> None:
    assert problems(config)[0].startswith(problem)


HYPERBAND = {"type": "hyperband", "strict": True}
METRIC = {"name": "a", "goal": "minimize"}


@pytest.mark.parametrize(
    ("change", "kept", "notice"),
    [
        ({"metod": "x"}, {}, "metod: ignored, as in W&B: did you mean 'method'?"),
        ({"colour": 1}, {}, "colour: ignored, as in W&B: it is not a key of a sweep config"),
        (
            {"x-common": {"values": [1, 2]}},
            {},
            "x-common: ignored, as in W&B: if it is a parameter, move it below 'parameters'",
        ),
        ({3: "x"}, {}, "3: ignored, as in W&B: it is not a key of a sweep config"),
        ({"method": " Random "}, {}, "method: ' Random ' is taken as 'random'"),
        ({"name": 123}, {"name": "123"}, "name: 123 is taken as the text '123'"),
        ({"project": 1.5}, {"project": "1.5"}, "project: 1.5 is taken as the text '1.5'"),
        ({"entity": 7}, {"entity": "7"}, "entity: 7 is taken as the text '7'"),
        ({"description": True}, {"description": "true"}, "description: True is taken as the text"),
        ({"program": 7}, {"program": "7"}, "program: 7 is taken as the text '7'"),
        ({"run_cap": "10"}, {"run_cap": 10}, "run_cap: the text '10' is taken as the number 10"),
        (
            {"command": ["python", "${arg}"]},
            {"command": ["python", "${arg}"]},
            "command: ${arg} is not a W&B macro and is dropped, as in W&B: did you mean",
        ),
        ({"metric": "a"}, {"metric": METRIC}, "metric: 'a' is taken as {name: a}"),
        ({"metric": {}}, {}, "metric: ignored, as in W&B: name is missing"),
        (
            {"metric": {"nam": "a"}},
            {},
            "metric: ignored, as in W&B: name is missing: did you mean 'name' by 'nam'?",
        ),
        ({"metric": ["a"]}, {}, "metric: ignored, as in W&B: ['a'] is not a mapping with a name"),
        (
            {"metric": {**METRIC, "name": 5}},
            {"metric": {**METRIC, "name": "5"}},
            "metric.name: 5 is taken as the text '5'",
        ),
        (
            {"metric": {**METRIC, "gaol": "maximize"}},
            {"metric": METRIC},
            "metric.gaol: ignored, as in W&B: did you mean 'goal'?",
        ),
        (
            {"metric": {**METRIC, "target": "0.5"}},
            {"metric": {**METRIC, "target": 0.5}},
            "metric.target: the text '0.5' is taken as the number 0.5",
        ),
        (
            {"metric": {**METRIC, "target": "low"}},
            {"metric": METRIC},
            "metric.target: ignored: must be a finite number, not 'low'",
        ),
        (
            {"metric": {**METRIC, "target": float("inf")}},
            {"metric": METRIC},
            "metric.target: ignored: must be a finite number, not inf",
        ),
        (
            {"metric": {**METRIC, "impute": "mean"}},
            {"metric": METRIC},
            "metric.impute: ignored: 'mean' is not one of worst, best, latest",
        ),
        (
            {"metric": {**METRIC, "summary": "mean"}},
            {"metric": METRIC},
            "metric.summary: ignored: 'mean' is not one of best, last, min, max",
        ),
        (
            {"metric": {**METRIC, "impute_while_running": True}},
            {"metric": METRIC},
            "metric.impute_while_running: ignored: True is not one of ",
        ),
        (
            {"early_terminate": {**HYPERBAND, "min_iter": 1}},
            {},
            "early_terminate: no run is ended early, as in W&B: there is no metric to compare",
        ),
    ],
)
def test_what_wandb_warns_of_is_taken_with_a_notice(
    change: dict[str, Any], kept: dict[str, Any], notice: str
) -> None:
    plain = {"method": "random", "parameters": LR}
    spec = load({**plain, **change})
    assert spec.to_dict() == {**load(plain).to_dict(), **kept}
    assert any(said.startswith(notice) for said in spec.notices)
    assert load(spec.to_dict()).to_dict() == spec.to_dict()


def test_an_empty_command_is_wandbs_own() -> None:
    assert load({"method": "grid", "parameters": LR, "command": []}).notices == ()


@pytest.mark.parametrize(
    ("rule", "kept", "notice"),
    [
        ({"min_iter": 3, "s": 2}, {"min_iter": 3}, ".s: ignored, as in W&B's engine"),
        (
            {"min_iter": 3, "max_iter": 27, "s": 2},
            {"max_iter": 27, "s": 2},
            ".min_iter: ignored, as in W&B's engine",
        ),
        ({"min_iter": 1, "max_iter": 9}, {"min_iter": 1}, ".max_iter: ignored"),
        (
            {"max_iter": 2, "s": 1},
            {"max_iter": 2, "s": 1},
            ": no run is ended early, as in W&B: max_iter (2) is below eta (3)",
        ),
        ({"type": "Hyperband", "min_iter": 3}, {"min_iter": 3}, ".type: 'Hyperband' is taken as"),
        ({"min_iter": "3", "eta": "2"}, {"min_iter": 3, "eta": 2}, ".min_iter: the text '3' is"),
        (
            {"min_iter": 3, "strict": "False"},
            {"min_iter": 3, "strict": False},
            ".strict: the text",
        ),
        ({"min_iter": 3, "minit": 2}, {"min_iter": 3}, ".minit: ignored, as in W&B: did you mean"),
        ({}, None, "needs min_iter, or max_iter and s: add one of the two"),
        ({"type": "envelope", "min_iter": 2}, None, "type: must be 'hyperband', 'median'"),
        ({"type": None, "min_iter": 2}, None, "type is missing: add it"),
        ({"max_iter": 9}, None, "max_iter needs s, the number of brackets: add it"),
        ({"max_iter": 9, "s": 0}, None, "s: must be at least 1, not 0"),
        ({"min_iter": 0}, None, "min_iter: must be at least 1, not 0"),
        ({"min_iter": 2, "eta": 1}, None, "eta: must be above 1, not 1"),
        ({"min_iter": 2, "strict": "so"}, None, "strict: must be true or false, not 'so'"),
    ],
)
def test_early_termination_is_what_wandbs_engine_makes_of_it(
    rule: dict[str, Any], kept: dict[str, Any] | None, notice: str
) -> None:
    config = {"method": "random", "parameters": LR, "metric": METRIC}
    spec = load({**config, "early_terminate": {**HYPERBAND, **rule}})
    found = spec.to_dict().get("early_terminate")
    assert found == (None if kept is None else {"eta": 3, **HYPERBAND, **kept})
    if kept is None:
        notice = f": no run is ended early, as in W&B: {notice}"
    assert spec.notices[0].startswith(f"early_terminate{notice}")


def test_no_rule_is_no_reason_to_end_runs() -> None:
    config = {"method": "random", "parameters": LR, "metric": METRIC}
    assert load({**config, "early_terminate": "hyperband"}).early_terminate is None


def test_a_config_that_holds_itself_is_refused() -> None:
    assert problems("a: &a {method: grid, parameters: {x: {value: *a}}}\n<<: *a") == [
        "the config contains itself: write out what it refers to"
    ]


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
        written = json.dumps(spec.to_dict())  # NaN equals itself here
        assert json.dumps(load(json.loads(written)).to_dict()) == written


def test_a_kernel_loads_a_config_without_heavy_libraries() -> None:
    code = (
        "import sys; from wandb_magic.spec import load;"
        "load({'x': {'min': 1, 'max': 2}, 'y': {'distribution': 'beta'}});"
        "print(*{'numpy', 'scipy', 'optuna', 'pandas', 'torch', 'wandb'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
