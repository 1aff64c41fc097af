"""Parameters that a user gives a run, in spaces with conditions."""

import pytest

from wandb_magic.arguments import ArgumentError
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import Spec, load
from wandb_magic.spec.edits import missing_params, project
from wandb_magic.spec.own_params import complete_params


@pytest.fixture
def spec() -> Spec:
    return load(
        {
            "method": "random",
            "metric": {"name": "loss"},
            "parameters": {
                "optimizer": {"values": ["sgd", "adam"]},
                "momentum": {"min": 0.0, "max": 1.0, "when": {"optimizer": "sgd"}},
                "lr": {"min": 0.0, "max": 1.0},
            },
            "forbid": [{"optimizer": "adam", "lr": {"min": 0.5}}],
        }
    )


def complete(spec: Spec, given: dict[str, object], *, force: bool = False) -> dict[str, object]:
    return dict(complete_params(spec, given, RandomSearcher(spec, seed=0).draws(0), force=force))


def test_what_is_left_out_keeps_to_the_conditions(spec: Spec) -> None:
    for seed in range(20):
        draws = RandomSearcher(spec, seed=seed)
        adam = complete_params(spec, {"optimizer": "adam"}, draws.draws(0))
        assert "momentum" not in adam
        assert adam["lr"] < 0.5
        assert 0 <= complete_params(spec, {"optimizer": "sgd"}, draws.draws(0))["momentum"] <= 1
        # One that depends on another brings that along.
        given = complete_params(spec, {"momentum": 0.3}, draws.draws(0))
        assert (given["optimizer"], given["momentum"]) == ("sgd", 0.3)


def test_what_the_space_does_not_have_needs_force(spec: Spec) -> None:
    given: dict[str, object] = {"optimizer": "adam", "momentum": 0.3}
    with pytest.raises(
        ArgumentError, match=r"momentum: a run has it only when optimizer is 'sgd'"
    ):
        complete(spec, given)
    assert complete(spec, given, force=True) | given == complete(spec, given, force=True)
    given = {"optimizer": "adam", "lr": 0.9}
    with pytest.raises(
        ArgumentError, match=r"forbids this combination \(optimizer is 'adam' and lr is at least 0"
    ):
        complete(spec, given)
    assert complete(spec, given, force=True) == given


def test_a_run_fits_an_edited_space_with_what_it_has_there(spec: Spec) -> None:
    assert project({"optimizer": "adam", "lr": 0.2}, {}, spec) == {"optimizer": "adam", "lr": 0.2}
    lacking = {"optimizer": "sgd", "lr": 0.2}
    assert project(lacking, {}, spec) is None
    assert missing_params(lacking, {}, spec) == {"momentum"}
    assert project(lacking, {"momentum": 0.1}, spec) == lacking | {"momentum": 0.1}
    assert project({"optimizer": "adam", "lr": 0.9}, {}, spec) is None
    # An inactive one is left out.
    assert "momentum" not in (
        project({"optimizer": "adam", "lr": 0.2, "momentum": 0.4}, {}, spec) or {}
    )
