"""The rules for ending poor runs that W&B does not have."""

import math
from typing import Any

import pytest

from wandb_magic.records import RunState, Trial
from wandb_magic.search.stopping_rules import runs_to_stop
from wandb_magic.spec import Spec, load
from wandb_magic.spec.metrics import wandb_config


def spec(rule: dict[str, Any], goal: str = "minimize") -> Spec:
    return load(
        {
            "method": "random",
            "metric": {"name": "m", "goal": goal},
            "early_terminate": rule,
            "parameters": {"a": {"values": [1]}},
        }
    )


def stopped(
    rule: dict[str, Any], running: list[float], *others: list[float], goal: str = "minimize"
) -> bool:
    """Return whether a run with these values is ended, beside others that have finished."""
    trials = [
        Trial(number, {}, RunState.FINISHED, None, tuple(values))
        for number, values in enumerate(others)
    ]
    trials.append(Trial(99, {}, RunState.RUNNING, None, tuple(running)))
    return runs_to_stop(spec(rule, goal), trials) == {99}


MEDIAN = {"type": "median", "min_iter": 2, "min_runs": 3}
OTHERS = [[4.0, 2.0, 0.0], [5.0, 3.0, 1.0], [6.0, 4.0, 2.0]]
"""Averages of the first two values: 3, 4 and 5."""


def test_the_median_rule_compares_the_best_with_averages_as_far() -> None:
    assert stopped(MEDIAN, [9.0, 4.1], *OTHERS)
    assert not stopped(MEDIAN, [9.0, 4.0], *OTHERS)  # as good as the median
    assert not stopped(MEDIAN, [3.9, 9.0], *OTHERS)  # its best counts
    assert not stopped(MEDIAN, [9.0], *OTHERS)  # not yet
    assert not stopped(MEDIAN, [9.0, 9.0], *OTHERS[:2])  # too few to compare with
    assert not stopped(MEDIAN, [9.0] * 4, *OTHERS)  # none has come as far
    negated = [[-value for value in values] for values in OTHERS]
    assert stopped(MEDIAN, [-9.0, -4.1], *negated, goal="maximize")
    assert not stopped(MEDIAN, [-9.0, -4.0], *negated, goal="maximize")


PLATEAU = {"type": "plateau", "patience": 3}


def test_a_run_on_a_plateau_ends() -> None:
    assert stopped(PLATEAU, [5.0, 4.0, 4.0, 4.5, 4.0])
    assert not stopped(PLATEAU, [5.0, 4.0, 4.0, 4.5])
    assert not stopped(PLATEAU, [5.0, 4.0, 4.0, 4.5, 3.9])
    slow = [1.0, 0.99, 0.98, 0.97]
    assert not stopped(PLATEAU, slow)
    assert stopped({**PLATEAU, "min_delta": 0.05}, slow)
    assert not stopped({**PLATEAU, "min_iter": 6}, [5.0, 4.0, 4.0, 4.5, 4.0])
    assert stopped(PLATEAU, [1.0, 2.0, 2.0, 1.0, 2.0], goal="maximize")


ASHA = {"type": "asha", "min_iter": 2, "eta": 2}


def test_asha_keeps_the_best_at_each_rung() -> None:
    """Rungs are at 2, 4 and 8 values; of the others, the bests at 2 are 2, 3 and 4."""
    others = [[2.0, 9.0], [3.0, 9.0], [9.0, 4.0]]
    assert not stopped(ASHA, [9.0], *others), "before the first rung"
    assert stopped(ASHA, [9.0, 5.0], *others)
    assert not stopped(ASHA, [9.0, 3.0], *others), "as good as the second of four"
    assert stopped(ASHA, [9.0, 3.1], *others)
    assert stopped(ASHA, [9.0, 3.1, 0.0], *others), "judged by its first two until the next rung"
    assert not stopped(ASHA, [9.0, 9.0, 9.0, 9.0], *others), "no other has come to that rung"
    assert not stopped(ASHA, [9.0, 9.0]), "nor to the first one"
    assert stopped({**ASHA, "eta": 4}, [9.0, 2.1], *others)
    negated = [[-value for value in values] for values in others]
    assert stopped(ASHA, [-9.0, -3.1], *negated, goal="maximize")
    assert not stopped(ASHA, [-9.0, -3.0], *negated, goal="maximize")
    assert stopped(ASHA, [math.nan, math.inf], *others), "no number is worse than any"
    assert spec(ASHA).to_dict()["early_terminate"] == ASHA
    assert not spec(ASHA).notices


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_a_run_whose_objective_is_no_number_ends(odd: float) -> None:
    assert stopped({"type": "nan"}, [1.0, odd])
    assert not stopped({"type": "nan"}, [odd, 1.0])  # it has recovered
    assert not stopped({"type": "nan", "min_iter": 3}, [1.0, odd])
    for rule in (MEDIAN, PLATEAU):  # it says nothing in the others
        assert not stopped(rule, [odd] * 9, *OTHERS)


def test_only_running_runs_end() -> None:
    ended = Trial(0, {}, RunState.FINISHED, None, (math.nan,))
    waits = Trial(1, {}, RunState.PENDING)
    fresh = Trial(2, {}, RunState.RUNNING)
    assert not runs_to_stop(spec({"type": "nan"}), [ended, waits, fresh])


def test_each_rule_has_its_own_keys() -> None:
    for rule in (MEDIAN, PLATEAU, {"type": "nan"}):
        written = spec(rule).to_dict()
        assert written["early_terminate"] == rule
        assert load(written) == spec(rule)
        assert spec(rule).notices == ()
        assert "early_terminate" not in wandb_config(written)
    odd = spec({"type": "Plateau", "patience": "4", "eta": 3})
    assert odd.to_dict()["early_terminate"] == {"type": "plateau", "patience": 4}
    assert [notice.split(":")[0] for notice in odd.notices] == [
        *("early_terminate.eta", "early_terminate.type", "early_terminate.patience")
    ]
    told = spec({"type": "plateau", "min_delta": -1}).notices
    assert "must not be below 0" in told[0]
