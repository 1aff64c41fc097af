"""Edits of a config: what they result in, and what is refused."""

from typing import Any

import pytest

from wandb_magic.errors import SpecError
from wandb_magic.spec import load
from wandb_magic.spec.edits import changes_between, check_earlier, edit_spec, project

CONFIG: dict[str, Any] = {
    "method": "bayes",
    "metric": {"name": "loss", "goal": "minimize", "target": 0.1},
    "run_cap": 20,
    "early_terminate": {"type": "hyperband", "max_iter": 27, "s": 2},
    "parameters": {
        "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1},
        "momentum": {"min": 0.0, "max": 0.9},
        "optimizer": {"values": ["adam", "sgd"]},
        "net": {"parameters": {"layers": {"min": 1, "max": 4}, "width": {"value": 8}}},
    },
}
SPEC = load(CONFIG)


EARLY = (
    "early_terminate is type hyperband, min_iter 3, eta 3.0, strict True, and was type hyperband, "
    "max_iter 27, s 2, eta 3.0, strict True"
)


def test_a_partial_config_changes_what_it_names() -> None:
    spec = edit_spec(
        SPEC,
        {
            "method": "random",
            "metric": {"goal": "maximize", "target": None},
            "run_cap": None,
            "early_terminate": {"min_iter": 3},
            "parameters": {
                "lr": {"min": 1e-5, "max": 1e-1},
                "momentum": None,
                "optimizer": {"values": ["adam", "lion"]},
                "net.layers": {"max": 8},
                "net": {"parameters": {"width": {"values": [8, 16]}}},
                "dropout": {"min": 0.0, "max": 0.5},
            },
        },
    )
    expected = {
        "method": "random",
        "metric": {"name": "loss", "goal": "maximize"},
        "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 3.0, "strict": True},
        "parameters": {
            "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1},
            "optimizer": {"values": ["adam", "lion"]},
            "net": {"parameters": {"layers": {"min": 1, "max": 8}, "width": {"values": [8, 16]}}},
            "dropout": {"min": 0.0, "max": 0.5},
        },
    }
    assert spec.to_dict() == load(expected).to_dict()
    assert SPEC.to_dict() == load(CONFIG).to_dict(), "the earlier version is as it was"
    assert list(changes_between(SPEC, spec)) == [
        "dropout added, uniform from 0.0 to 0.5",
        "lr is log uniform values from 1e-05 to 0.1, and was log uniform values from 0.0001 to 1",
        "momentum removed",
        "net.layers is int uniform from 1 to 8, and was int uniform from 1 to 4",
        "net.width is one of [8, 16], and was always 8",
        "optimizer is one of ['adam', 'lion'], and was one of ['adam', 'sgd']",
        EARLY,
        "method is random, and was bayes",
        "metric is name loss, goal maximize, and was name loss, target 0.1, goal minimize",
        "run_cap removed",
    ]


def test_another_distribution_keeps_what_it_has_in_common() -> None:
    changes = {
        "momentum": {"distribution": "q_uniform", "q": 0.1},
        "lr": {"distribution": "normal", "mu": 0, "sigma": 1},
        "net.layers": {"distribution": "q-log-uniform-values"},
        "optimizer": {"probabilities": [0.25, 0.75]},
    }
    parameters = edit_spec(SPEC, {"parameters": changes}).to_dict()["parameters"]
    assert parameters["momentum"] == {
        "distribution": "q_uniform",
        "min": 0.0,
        "max": 0.9,
        "q": 0.1,
    }
    assert parameters["lr"] == {"distribution": "normal", "mu": 0, "sigma": 1}
    layers = parameters["net"]["parameters"]["layers"]
    assert (layers["distribution"], layers["min"], layers["max"]) == ("q_log_uniform_values", 1, 4)
    assert parameters["optimizer"]["values"] == ["adam", "sgd"]


def test_the_last_nested_parameter_takes_its_level_with_it() -> None:
    spec = edit_spec(SPEC, {"parameters": {"net.layers": None, "net.width": None}})
    assert "net" not in spec.parameters


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"parameters": {"lr": {"min": 1.5}}}, r"^parameters.lr: .*min"),
        ({"parameters": {"momentun": None}}, r"^parameters.momentun: .*did you mean 'momentum'"),
        ({"parameters": {"net.layer": None}}, r"^parameters.net.parameters.layer: .*'layers'"),
        ({"parameters": {"lr": 0.1}}, r"^parameters.lr: must be a mapping"),
        ({"parameters": {"dropout": {"mni": 0}}}, r"^parameters.dropout: unknown key 'mni'"),
        ({"parameters": None}, r"^parameters"),
        ({"parameters": [1]}, r"^parameters: must be a mapping of parameters by name"),
        ({"method": "annealing"}, r"^method: must be 'grid', 'random', 'bayes' or 'custom'"),
        ({"method": "grid"}, r"^parameters.lr: grid cannot go through"),
        ({"metric": None}, r"^metric: bayes needs to know"),
        ({"run_cap": 0}, r"^run_cap: must be at least 1"),
        ({"run_cap": "many"}, r"^run_cap: must be a finite number"),
        ({"methd": "grid"}, r"^unknown key 'methd': did you mean 'method'"),
        ({"program": "other.py"}, r"^program: the code of a sweep cannot be edited"),
        ({"command": ["rm"]}, r"^command: the code of a sweep cannot be edited"),
        ({"description": None}, r"^description: the sweep has none"),
    ],
)
def test_what_is_not_valid_is_refused_with_its_place(
    changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(SpecError, match=problem) as refused:
        edit_spec(SPEC, changes)
    assert all("\n" not in each for each in refused.value.problems)


PARAMS = {"lr": 1e-3, "momentum": 0.5, "optimizer": "sgd", "net": {"layers": 2, "width": 8}}


@pytest.mark.parametrize(
    ("changes", "filled", "fits"),
    [
        ({"lr": {"max": 1.0}}, {}, True),
        ({"lr": {"min": 5e-3}}, {}, False),
        ({"momentum": None}, {}, True),
        ({"optimizer": {"value": "adam"}}, {}, False),
        ({"optimizer": {"value": "sgd"}}, {}, True),
        ({"optimizer": {"values": ["adam", "lion"]}}, {}, False),
        ({"net.layers": {"values": [1, 2, 8]}}, {}, True),
        ({"dropout": {"min": 0.0, "max": 0.5}}, {}, False),
        ({"dropout": {"min": 0.0, "max": 0.5}}, {"dropout": 0.1}, True),
        ({"dropout": {"min": 0.0, "max": 0.5}}, {"dropout": 0.6}, False),
        ({"net.depth": {"values": [1, 2]}}, {"net.depth": 2}, True),
    ],
)
def test_a_run_counts_where_it_fits(
    changes: dict[str, Any], filled: dict[str, Any], *, fits: bool
) -> None:
    spec = edit_spec(SPEC, {"parameters": changes})
    projected = project(PARAMS, filled, spec)
    assert (projected is not None) is fits
    if projected is not None:
        assert projected.keys() <= spec.parameters.keys()


def test_values_of_earlier_runs_are_checked() -> None:
    spec = edit_spec(SPEC, {"parameters": {"dropout": {"min": 0.0, "max": 0.5}}})
    check_earlier({"dropout": 0.2}, spec)
    with pytest.raises(SpecError, match=r"^earlier.dropout: 2 is outside its space, uniform"):
        check_earlier({"dropout": 2}, spec)
    with pytest.raises(SpecError, match=r"^earlier.dropuot: .*did you mean 'dropout'"):
        check_earlier({"dropuot": 0.2}, spec)


@pytest.mark.parametrize(
    "change", [{"max": 7}, {"values": [1, 2]}, {"distribution": "q_uniform", "q": 2}]
)
def test_a_parameter_keeps_its_condition(change: dict[str, Any]) -> None:
    parameters = {
        "optimizer": {"values": ["adam", "sgd"]},
        "warmup": {"min": 0, "max": 5, "when": {"optimizer": "adam"}},
    }
    spec = load({"method": "random", "parameters": parameters})
    edited = edit_spec(spec, {"parameters": {"warmup": change}})
    assert edited.to_dict()["parameters"]["warmup"]["when"] == {"optimizer": ["adam"]}
    free = edit_spec(edited, {"parameters": {"warmup": {"when": None}}})
    assert "when" not in free.to_dict()["parameters"]["warmup"]
