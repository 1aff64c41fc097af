"""Importance of parameters, where it is known which one matters."""

import json
import math
import random
import re
import subprocess
import sys
from typing import Any

import pytest

from wandb_magic.analysis.importance import EVALUATOR, EVALUATORS, Importances, importance
from wandb_magic.errors import SpecError


def drawn(count: int, seed: int = 1) -> list[dict[str, Any]]:
    choose = random.Random(seed)
    return [
        {
            "lr": 10 ** choose.uniform(-5, -1),
            "width": choose.choice([16, 32, 64]),
            "optimizer": choose.choice(["adam", "sgd", "lion"]),
            "bias": choose.choice([True, False]),
            "dropout": choose.uniform(0, 0.5),
        }
        for _ in range(count)
    ]


def order(weights: Importances) -> list[str]:
    return [each.name for each in weights.parameters]


VALUES = {
    "lr": lambda each: abs(math.log10(each["lr"]) + 3),
    "width": lambda each: each["width"],
    "optimizer": lambda each: {"adam": 0.0, "sgd": 1.0, "lion": 2.0}[each["optimizer"]],
    "bias": lambda each: float(each["bias"]),
    "dropout": lambda each: each["dropout"],
}


def nested_grid() -> tuple[list[dict[str, Any]], list[float]]:
    """Return runs whose best third is due to one parameter, and the rest to another."""
    noise = random.Random(3)
    params = [
        {"lr": lr, "layers": layers, "seed": seed}
        for lr in (1e-4, 1e-3, 1e-2, 1e-1)
        for layers in (1, 2, 3, 4)
        for seed in (0, 1, 2)
    ]
    values = [3.0 * (each["lr"] < 1e-2) + 0.5 * each["layers"] for each in params]
    return params, [value + noise.gauss(0, 0.01) for value in values]


@pytest.mark.parametrize("evaluator", ["fanova", "permutation"])
@pytest.mark.parametrize("name", VALUES)
def test_the_forest_finds_the_parameter_that_matters(evaluator: str, name: str) -> None:
    params = drawn(100)
    values = [VALUES[name](each) for each in params]
    found = importance(params, values, maximize=False, evaluator=evaluator)
    first = found.parameters[0]
    assert (first.name, found.quantile) == (name, None)
    assert first.importance > 0.8
    assert first.uncertainty < 0.15
    assert sum(each.importance for each in found.parameters) == pytest.approx(1)


def test_fanova_agrees_with_the_variance_that_is_known() -> None:
    choose = random.Random(4)
    params = [
        {"x": choose.random(), "y": choose.choice("abc"), "z": choose.random()} for _ in range(300)
    ]
    values = [3 * each["x"] + {"a": 0.0, "b": 1.0, "c": 2.0}[each["y"]] for each in params]
    # The variance of a uniform number is a twelfth, that of the three steps two thirds.
    share = (9 / 12) / (9 / 12 + 2 / 3)
    found = importance(params, values, maximize=False, evaluator="fanova")
    shares = {each.name: each.importance for each in found.parameters}
    assert shares["x"] == pytest.approx(share, abs=0.08)
    assert shares["y"] == pytest.approx(1 - share, abs=0.08)
    assert shares["z"] < 0.03


def test_one_diverged_run_does_not_explain_everything() -> None:
    params = drawn(60)
    values = [each["dropout"] for each in params]
    values[7] = 1e30
    for evaluator in EVALUATORS:
        found = importance(params, values, maximize=False, evaluator=evaluator)
        assert found.parameters[0].name == "dropout", evaluator


def test_evaluators_that_disagree_are_said_to() -> None:
    params, values = nested_grid()
    by_half = importance(params, values, maximize=False)
    by_tenth = importance(params, values, maximize=False, quantile=0.1)
    assert by_half.parameters[0].name != by_tenth.parameters[0].name
    assert (by_half.quantile, by_tenth.quantile) == (0.5, 0.1)
    assert "disagree" in by_half.warning
    assert "best 10 % of the runs" in by_half.warning
    assert "disagree" in by_tenth.warning
    assert "fANOVA: lr " in by_tenth.warning


def test_evaluators_that_agree_are_no_warning() -> None:
    params = drawn(80)
    found = importance(params, [float(each["width"]) for each in params], maximize=True)
    assert found.warning == ""


def test_the_same_runs_have_the_same_importance() -> None:
    params, values = nested_grid()
    for evaluator in EVALUATORS:
        first, again = (
            importance(params, values, maximize=False, evaluator=evaluator) for _ in range(2)
        )
        assert first == again


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"evaluator": "shap"}, "evaluator: 'shap' is not one of ped-anova, fanova, permutation"),
        ({"quantile": 1.0}, "quantile: 1.0 is not between 0 and 1"),
        ({"quantile": float("nan")}, "quantile: nan is not between 0 and 1"),
    ],
)
def test_a_wrong_setting_is_said_to_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=re.escape(message)):
        importance([], [], maximize=False, **settings)


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("maximize", [False, True])
def test_the_parameter_that_matters_comes_first(name: str, maximize: bool) -> None:  # noqa: FBT001
    params = drawn(200)
    noise = random.Random(2)
    spread = max(VALUES[name](each) for each in params)
    values = [VALUES[name](each) + noise.gauss(0, 0.02) * spread for each in params]
    found = importance(params, values, maximize=maximize)
    assert order(found)[0] == name
    assert found.parameters[0].importance > 2 * found.parameters[1].importance
    assert sum(each.importance for each in found.parameters) == pytest.approx(1)
    assert (found.evaluator, found.quantile, found.runs) == (EVALUATOR, 0.5, 200)
    assert set(order(found)) == set(VALUES)


def test_the_sign_of_a_correlation_tells_the_direction() -> None:
    params = drawn(100)
    for sign in (1, -1):
        values = [sign * each["dropout"] for each in params]
        found = {each.name: each for each in importance(params, values, maximize=False).parameters}
        assert found["dropout"].correlation == pytest.approx(sign)
        assert found["optimizer"].correlation is None
        assert found["bias"].correlation is None
        assert abs(found["lr"].correlation or 0) < 0.4


def test_what_never_varied_is_left_out() -> None:
    params = [{**each, "fixed": 3, "list": [1, 2]} for each in drawn(30)]
    found = importance(params, [each["dropout"] for each in params], maximize=False)
    assert not {"fixed", "list"} & set(order(found))


def test_few_runs_come_with_a_warning_and_fewer_with_nothing() -> None:
    params = drawn(19)
    values = [each["dropout"] for each in params]
    found = importance(params, values, maximize=False)
    assert "only 19 runs" in found.warning
    assert found.parameters
    assert importance(params[:3], values[:3], maximize=False).parameters == ()
    assert importance([], [], maximize=False).parameters == ()


def test_values_that_are_all_the_same_say_nothing() -> None:
    assert importance(drawn(50), [1.0] * 50, maximize=False).parameters == ()


def test_a_parameter_that_is_the_same_in_all_runs_that_have_it_is_a_category() -> None:
    params = drawn(100)
    values = []
    for number, each in enumerate(params):
        if number % 2:
            each["momentum"] = 0.9
        values.append(float("momentum" in each))
    found = importance(params, values, maximize=True)
    assert order(found)[0] == "momentum"
    assert found.parameters[0].correlation is None


@pytest.mark.parametrize("strange", [[1, [2]], {"a": 1}, None, "NaN", "", "é", 10**30, 10**400])
def test_any_json_value_may_be_a_parameter(strange: object) -> None:
    params = [{**each, "x": strange if number % 3 else 1} for number, each in enumerate(drawn(60))]
    values = [float(number % 3 == 0) for number in range(60)]
    assert order(importance(params, values, maximize=False))[0] == "x"


def test_the_child_process_answers_in_json() -> None:
    params = drawn(40)
    question = {
        "params": params,
        "values": [each["dropout"] for each in params],
        "maximize": False,
    }
    done = subprocess.run(
        [sys.executable, "-m", "wandb_magic.analysis.importance"],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert answer["parameters"][0]["name"] == "dropout"
    assert set(answer) == {"evaluator", "quantile", "runs", "warning", "parameters"}


def test_a_parameter_that_some_runs_lack_is_compared_among_those_that_have_it() -> None:
    params = [
        {key: value for key, value in each.items() if key != "dropout" or each["bias"]}
        for each in drawn(200)
    ]
    noise = random.Random(3)
    values = [each.get("dropout", noise.uniform(0, 0.5)) for each in params]
    found = {each.name: each for each in importance(params, values, maximize=False).parameters}
    assert sum(each.importance for each in found.values()) == pytest.approx(1)
    assert order(importance(params, values, maximize=False))[0] == "dropout"
    assert (found["dropout"].correlation or 0) > 0.9  # no run without it is counted as a number
    apart = [{"a": number} if number % 2 else {"b": number} for number in range(40)]
    assert set(order(importance(apart, [float(n) for n in range(40)], maximize=False))) == {*"ab"}


def test_an_uncertainty_is_one_of_shares() -> None:
    for seed, count in ((0, 6), (1, 8), (2, 30)):
        noise = random.Random(seed)
        params = drawn(count)
        weights = importance(params, [noise.random() for _ in params], maximize=False)
        assert all(0 <= each.uncertainty <= 0.5 for each in weights.parameters)
