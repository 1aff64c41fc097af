"""The cases hold random curves, and what W&B's engine (``sweeps`` 0.3.0) decided on them."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from wandb_magic.records import RunState, Trial
from wandb_magic.search.hyperband import brackets, runs_to_stop
from wandb_magic.spec import EarlyTerminate, Spec, load

CASES = json.loads(Path(__file__).with_name("hyperband_cases.json").read_text(encoding="utf-8"))


def spec(rule: dict[str, Any], goal: str = "minimize") -> Spec:
    return load(
        {
            "method": "random",
            "metric": {"name": "m", "goal": goal},
            "early_terminate": {"type": "hyperband", **rule},
            "parameters": {"a": {"values": [1]}},
        }
    )


def trial(number: int, state: str, values: list[float | None]) -> Trial:
    history = tuple(math.nan if value is None else value for value in values)
    return Trial(number, {}, RunState(state), None, history)


@pytest.mark.parametrize("case", CASES)
def test_the_same_runs_are_ended_as_by_wandb(case: dict[str, Any]) -> None:
    trials = [trial(number, *run) for number, run in enumerate(case["runs"])]
    assert runs_to_stop(spec(case["rule"], case["goal"]), trials) == set(case["stopped"])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"min_iter": 3}, [3, 9, 27, 81]),
        ({"min_iter": 2, "eta": 1.5}, [2, 3, 4, 6, 10, 15, 22, 34, 51, 76]),
        ({"min_iter": 101}, []),
        ({"max_iter": 27, "s": 2}, [3, 9]),
        ({"max_iter": 27, "s": 9}, [1, 3, 9]),
        ({"max_iter": 1000, "s": 2, "eta": 4}, [62]),
    ],
)
def test_brackets(rule: dict[str, Any], expected: list[int]) -> None:
    found = brackets(EarlyTerminate(type="hyperband", **rule), longest=100)
    assert list(dict.fromkeys(found)) == expected


def test_without_a_rule_no_run_is_ended() -> None:
    assert runs_to_stop(load({"a": {"values": [1]}}), [trial(0, "running", [1.0])]) == frozenset()


def test_only_running_runs_are_ended() -> None:
    rule = spec({"min_iter": 1, "eta": 2})
    states = ["finished", "failed", "killed", "pruned", "stopped", "lost", "running", "pending"]
    trials = [trial(99, "finished", [0.0])] + [
        trial(number, state, [float(number + 1)]) for number, state in enumerate(states)
    ]
    assert runs_to_stop(rule, trials) == {6}
