"""W&B's ``metrics`` and our ``constraints``."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandb_magic.errors import SpecError
from wandb_magic.records import Constraint
from wandb_magic.spec import load, load_lenient
from wandb_magic.spec.metrics import wandb_config

LOSS = {"name": "loss", "goal": "minimize"}
SPEED = {"name": "speed", "goal": "maximize"}


def config(**keys: object) -> dict[str, Any]:
    return {"method": "bayes", "parameters": {"lr": {"min": 0.0, "max": 1.0}}, **keys}


def test_one_metric_in_a_list_is_the_metric() -> None:
    assert load(config(metrics=[LOSS])) == load(config(metric=LOSS))


def test_several_metrics_are_kept_in_order() -> None:
    spec = load(config(metrics=[SPEED, LOSS]))
    assert spec.metric is None
    assert [metric.name for metric in spec.objectives] == ["speed", "loss"]
    assert spec.objective is not None
    assert spec.objective.maximize
    assert spec.notices == ()
    assert load(spec.to_dict()) == spec


def test_the_metrics_count_more_than_the_metric() -> None:
    spec = load(config(metrics=[LOSS, SPEED], metric={"name": "a"}))
    assert [metric.name for metric in spec.objectives] == ["loss", "speed"]
    assert spec.notices == ("metric: ignored, as in W&B: metrics takes precedence",)


def test_what_only_a_single_metric_has_is_ignored_with_a_notice() -> None:
    spec = load(
        config(
            metrics=["loss", {**SPEED, "goal": "max", "target": 3, "impute": "best"}],
            early_terminate={"type": "hyperband", "min_iter": 3, "strict": True},
        )
    )
    assert spec.to_dict()["metrics"] == [LOSS, SPEED]
    told = [notice.split(":")[0] for notice in spec.notices]
    assert told == [
        *("metrics.0", "metrics.1.target", "metrics.1.impute", "metrics.1.goal"),
        *("metrics.0.goal", "early_terminate"),
    ]
    assert spec.notices[-1].endswith("judged by 'loss', the first of the metrics")


def test_the_value_that_counts_is_not_sent_to_wandb() -> None:
    spec = load(config(metric={**LOSS, "summary": "last"}))
    assert spec.notices == ()
    assert spec.to_dict()["metric"] == {**LOSS, "summary": "last"}
    assert load(spec.to_dict()) == spec
    assert wandb_config(spec.to_dict())["metric"] == LOSS


@pytest.mark.parametrize(
    "written",
    [
        ["latency_ms <= 50", "accuracy>=0.9"],
        [{"name": "latency_ms", "max": 50}, {"name": "accuracy", "min": "0.9"}],
    ],
)
def test_constraints_have_two_forms(written: list[Any]) -> None:
    spec = load(config(metric=LOSS, constraints=written))
    assert spec.to_dict()["constraints"] == [
        {"name": "latency_ms", "max": 50},
        {"name": "accuracy", "min": 0.9},
    ]
    assert spec.result_keys == ("loss", "latency_ms", "accuracy")
    assert load(spec.to_dict()) == spec


def test_a_single_metric_is_as_it_was() -> None:
    spec = load(config(metric=LOSS))
    assert spec.result_keys == ()
    assert {"metrics", "constraints"}.isdisjoint(spec.to_dict())


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"metrics": 3}, "metrics: must be a list, not 3"),
        ({"metrics": []}, "metrics: must be a list, not []"),
        ({"metrics": [LOSS, LOSS]}, "metrics: 'loss' is listed 2 times: list each metric once"),
        ({"metrics": [LOSS, 3]}, "metrics.1: must be a mapping, not 3"),
        ({"metrics": [LOSS, {"nam": "b"}]}, "metrics.1: unknown key 'nam': did you mean 'name'?"),
        ({"metric": LOSS, "constraints": []}, "constraints: is empty"),
        ({"metric": LOSS, "constraints": [{"name": "m"}]}, "constraints.0: needs max or min"),
        ({"metric": LOSS, "constraints": ["m < 3"]}, "constraints.0: must be a mapping"),
        (
            {"metric": LOSS, "constraints": {"name": "m", "mx": 1}},
            "constraints.0: unknown key 'mx': did you mean 'max'?",
        ),
        (
            {"metric": LOSS, "constraints": {"name": "m", "min": 2, "max": 1}},
            "constraints.0: min 2 is above max 1: swap them",
        ),
        (
            {"method": "random", "constraints": ["m <= 3"]},
            "constraints: there is nothing that a run could be the best in",
        ),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(keys: dict[str, Any], problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        load(config(**keys))
    (told,) = caught.value.problems
    assert told.startswith(problem)


def test_the_metrics_of_a_sweep_at_wandb_are_read_even_if_the_rest_is_not() -> None:
    spec = load_lenient({"method": "bayes", "metrics": [LOSS, SPEED], "parameters": {"x": {}}})
    assert [metric.name for metric in spec.objectives] == ["loss", "speed"]


@given(
    st.floats(-1e9, 1e9),
    st.one_of(st.none(), st.floats(-1e9, 1e9)),
    st.one_of(st.none(), st.floats(-1e9, 1e9)),
)
def test_a_constraint_is_broken_outside_its_bounds(
    value: float, low: float | None, high: float | None
) -> None:
    within = (low is None or value >= low) and (high is None or value <= high)
    assert (Constraint("m", low, high).violation(value) <= 0) == within


def test_wandbs_server_is_told_of_the_first_metric_only() -> None:
    spec = load(config(metrics=[SPEED, LOSS], constraints=["m <= 3"]))
    told = wandb_config(spec.to_dict())
    assert told == {**config(), "metric": SPEED, "parameters": spec.to_dict()["parameters"]}
