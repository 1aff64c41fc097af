"""W&B's `scheduler` with functions of the user's own."""

from typing import Any

import pytest

from wandb_magic.errors import SpecError
from wandb_magic.spec import load
from wandb_magic.spec.edits import edit_spec

LOSS = {"name": "loss", "goal": "minimize"}
SPACE = {"x": {"min": 0.0, "max": 1.0}}
STUDY = {"engine": "optuna", "source": "own.py", "optimizer": "study"}
BOTH = {**STUDY, "search_space": "suggest"}


def config(scheduler: object = STUDY, **keys: object) -> dict[str, Any]:
    entries = {"method": "custom", "metric": LOSS, "parameters": SPACE, "scheduler": scheduler}
    return {name: value for name, value in {**entries, **keys}.items() if value is not None}


@pytest.mark.parametrize(
    ("entries", "notices"),
    [
        (config(), 0),
        (config(BOTH, parameters=None), 0),
        (config(BOTH), 1),  # the function has the space
        (config(method=None), 0),
        (config(method="bayes"), 1),
        (config({**STUDY, "num_workers": 4, "settings": {}}), 0),
        (config(metric=None, metrics=[LOSS, {"name": "ms", "goal": "minimize"}]), 0),
        (config(early_terminate={"type": "median"}), 0),
    ],
)
def test_it_is_kept_as_it_is_written(entries: dict[str, Any], notices: int) -> None:
    spec = load(entries)
    assert spec.scheduler is not None
    assert (spec.method, spec.scheduler.source) == ("custom", "own.py")
    assert bool(spec.leaves) != bool(spec.scheduler.search_space)
    assert len(spec.notices) == notices
    again = load(spec.to_dict())
    assert again.to_dict() == spec.to_dict()
    assert not again.notices


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        (config({**STUDY, "engine": "ax"}), "scheduler.engine: 'ax' cannot run your code here"),
        (config({"source": "own.py", "optimizer": "f"}), "scheduler.engine: is missing"),
        (config({"engine": "optuna", "optimizer": "f"}), "scheduler: source is missing: add it"),
        (config({**STUDY, "sampler": "tpe"}), "scheduler: unknown key 'sampler'"),
        (config(metric=None), "metric: the scheduler needs to know what to optimise"),
        (config(parameters=None), "parameters is missing"),
        (config(constraints=["ms <= 5"]), "constraints: give them to the sampler"),
        (
            config(parameters={**SPACE, "y": {"min": 0, "max": 1, "when": {"x": {"min": 0.5}}}}),
            "when, forbid: Optuna does not know them",
        ),
        (
            config(parameters={"x": {"distribution": "normal", "mu": 0, "sigma": 1}}),
            "parameters.x: Optuna has no normal: use another distribution, or draw it in",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_place(
    entries: dict[str, Any], problem: str
) -> None:
    with pytest.raises(SpecError) as caught:
        load(entries)
    assert str(caught.value).startswith(problem)


def test_its_space_can_be_edited_but_not_its_code() -> None:
    spec = load(config())
    wider = edit_spec(spec, {"parameters": {"x": {"max": 2.0}}})
    assert (wider.method, wider.to_dict()["parameters"]["x"]["max"]) == ("custom", 2.0)
    with pytest.raises(SpecError, match=r"^scheduler: the code of a sweep cannot be edited"):
        edit_spec(spec, {"scheduler": None})
