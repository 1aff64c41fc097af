from typing import Any

import pytest

from wandb_magic.errors import SpecError
from wandb_magic.spec import load

LR = {"lr": {"values": [0.1, 0.01]}}
LOSS = {"name": "loss", "goal": "minimize"}


def config(**keys: object) -> dict[str, Any]:
    return {"method": "random", "parameters": LR, **keys}


@pytest.mark.parametrize(
    ("keys", "notices"),
    [
        ({"apiVersion": "v1", "kind": "sweep"}, 0),
        ({"job": "e/p/job:latest", "image_uri": "x"}, 2),
        ({"controller": {"type": "local"}}, 1),
        ({"scheduler": {"engine": "wandb"}}, 1),
    ],
)
def test_harmless_keys_are_dropped_and_said(keys: dict[str, Any], notices: int) -> None:
    spec = load(config(**keys))
    assert spec.to_dict() == load(config()).to_dict()
    assert len(spec.notices) == notices


@pytest.mark.parametrize("engine", ["optuna", "ax"])
def test_the_other_engines_are_run_as_bayes(engine: str) -> None:
    spec = load(config(method="custom", scheduler={"engine": engine}, metric=LOSS))
    assert spec.method == "bayes"
    assert spec.notices == (f"method: custom with {engine} is run as bayes",)


def test_one_metric_in_a_list_is_the_metric() -> None:
    assert load(config(metrics=[LOSS])).metric == load(config(metric=LOSS)).metric


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"metrics": [LOSS, LOSS]}, "metrics: several objectives at once are not supported"),
        ({"metrics": [LOSS], "metric": LOSS}, "metrics: does not go with metric: remove one"),
        ({"kind": "job"}, "kind: must be sweep, not 'job'"),
        (
            {"scheduler": {"engine": "wandb", "source": "a.py"}},
            "scheduler.source: code of your own that chooses parameters cannot run here",
        ),
        ({"scheduler": {"engine": "x"}}, "scheduler.engine: must be one of wandb, optuna, ax"),
        (
            {"scheduler": {"engin": "ax", "engine": "ax"}},
            "scheduler: unknown key 'engin': did you mean 'engine'?",
        ),
        ({"scheduler": "ax"}, "scheduler: must be a mapping, not 'ax': write {engine: optuna}"),
        (
            {"method": "custom", "metric": LOSS},
            "method: custom needs a scheduler of its own: use bayes",
        ),
    ],
)
def test_keys_that_would_change_the_result_are_refused(keys: dict[str, Any], problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        load(config(**keys))
    assert len(caught.value.problems) == 1
    assert str(caught.value).startswith(problem)
