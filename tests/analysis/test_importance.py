"""Importance of parameters, where it is known which one matters."""

import json
import math
import random
import subprocess
import sys
from typing import Any

import pytest

from wandb_magic.analysis.importance import EVALUATOR, Importances, importance


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
    assert (found.evaluator, found.runs, found.warning) == (EVALUATOR, 200, "")
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
    assert set(answer) == {"evaluator", "runs", "warning", "parameters"}


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
