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
        ({"scheduler": {"engine": "wandb", "source": "a.py"}}, 1),
        ({"scheduler": {"engine": "x"}}, 1),
        ({"scheduler": "ax"}, 1),
        ({"scheduler": {"num_workers": 8}}, 1),
        ({"scheduler": {"job": "e/p/s:v1", "resource": "local-container"}}, 1),
        ({"launch": {"queue": "q"}, "job": "e/p/job:v0"}, 2),
        ({"queue": "q", "resource": "local-process", "resource_args": {}}, 3),
        ({"kind": "job"}, 1),
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


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            {"method": "custom", "scheduler": {"engine": "ax", "source": "a.py"}, "metric": LOSS},
            "scheduler.source: name its functions as well, with optimizer or search_space",
        ),
        (
            {"method": "custom", "scheduler": {"engine": "wandb"}, "metric": LOSS},
            "method: custom needs a scheduler of its own: use bayes",
        ),
        (
            {"method": "custom", "metric": LOSS},
            "method: custom needs a scheduler of its own: use bayes",
        ),
    ],
)
def test_keys_that_would_change_the_result_are_refused(keys: dict[str, Any], problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        load(config(**keys))
    assert str(caught.value).startswith(problem)
