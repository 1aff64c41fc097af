import math

import pytest

from wandb_magic.records import RunState, Trial
from wandb_magic.search.objective import is_target_reached, objective, scored_trials
from wandb_magic.spec import Metric

LOW = Metric(name="m")
HIGH = Metric(name="m", goal="maximize")
S = RunState
Run = tuple[RunState, float | None, tuple[float, ...]]


def test_a_run_counts_with_its_best_finite_value() -> None:
    values = [3, math.nan, 1, math.inf, -math.inf, 2]
    assert objective(values, LOW) == 1
    assert objective(values, HIGH) == 3
    assert objective([math.nan, math.inf], LOW) is None
    assert objective([], HIGH) is None
    assert objective(values, HIGH.record()) == 3


@pytest.mark.parametrize(
    ("goal", "value", "expected"),
    [
        ("minimize", 0.4, True),
        ("minimize", 0.5, True),
        ("minimize", 0.6, False),
        ("maximize", 0.4, False),
        ("maximize", 0.5, True),
        ("maximize", None, False),
    ],
)
def test_the_target_ends_the_sweep(goal: str, value: float | None, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    metric = Metric.model_validate({"name": "m", "goal": goal, "target": 0.5})
    assert is_target_reached(value, metric) is expected
    assert is_target_reached(value, metric.record()) is expected


def test_without_a_target_nothing_is_reached() -> None:
    assert not is_target_reached(-math.inf, LOW)


def worths(metric: Metric, *runs: Run) -> list[float | None]:
    """Return what each run is worth, None for those left out."""
    trials = [
        Trial(i, {}, state, value, history) for i, (state, value, history) in enumerate(runs)
    ]
    found = {trial.number: worth for trial, worth in scored_trials(trials, metric)}
    assert list(found) == sorted(found)
    return [found.get(number) for number in range(len(runs))]


ENDED = (S.FINISHED, 1.0, ()), (S.PRUNED, 5.0, ())


@pytest.mark.parametrize("state", [S.FAILED, S.KILLED, S.LOST])
@pytest.mark.parametrize(
    ("impute", "logged", "silent"), [("worst", 5, 5), ("best", 2, 5), ("latest", 4, 5)]
)
def test_broken_runs(state: RunState, impute: str, logged: float, silent: float) -> None:
    metric = Metric.model_validate({"name": "m", "impute": impute})
    history = (3.0, 2.0, 4.0, math.nan)
    runs = (*ENDED, (state, 2.0, history), (state, None, ()))
    assert worths(metric, *runs) == [1, 5, logged, silent]


def test_the_worst_follows_the_goal_and_the_ended_runs() -> None:
    runs = (*ENDED, (S.FAILED, 0.5, ()), (S.RUNNING, -9.0, ()), (S.STOPPED, 9.0, ()))
    assert worths(HIGH, *runs) == [1, 5, 0.5, None, 9]
    assert worths(LOW, *runs) == [1, 5, 9, None, 9]


def test_runs_that_ended_well_but_logged_nothing_finite_count_as_the_worst() -> None:
    assert worths(LOW, *ENDED, (S.FINISHED, None, ()), (S.PRUNED, math.nan, ())) == [1, 5, 5, 5]


def test_stopped_runs_count_with_what_they_logged() -> None:
    assert worths(LOW, *ENDED, (S.STOPPED, 3.0, ()), (S.STOPPED, None, ())) == [1, 5, 3, None]


def test_as_long_as_no_run_is_worth_anything_none_counts() -> None:
    assert worths(LOW, (S.FAILED, None, ()), (S.FINISHED, math.inf, ())) == [None, None]


@pytest.mark.parametrize(
    ("rule", "logged", "silent"),
    [("false", None, None), ("best", 2, None), ("latest", 4, None), ("worst", 2, 5)],
)
def test_living_runs(rule: str, logged: float | None, silent: float | None) -> None:
    metric = Metric.model_validate({"name": "m", "impute_while_running": rule})
    history = (3.0, 2.0, 4.0, math.nan)
    runs = (*ENDED, (S.RUNNING, 2.0, history), (S.RUNNING, None, ()), (S.PENDING, None, ()))
    assert worths(metric, *runs) == [1, 5, logged, silent, None]
