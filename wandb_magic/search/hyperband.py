"""Hyperband's rule for ending poor runs, as W&B's engine applies it.

Source: Li et al., "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization",
JMLR 18 (2018), https://arxiv.org/abs/1603.06560, in the form of W&B's ``early_terminate``: the
brackets count logged values of the metric, not steps, and all runs, finished ones included, set
the bar.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from wandb_magic.records import RunState, Trial
from wandb_magic.spec import EarlyTerminate, Spec


def brackets(rule: EarlyTerminate, longest: int) -> list[int]:
    """Return the counts of logged values, up to `longest`, at which runs are judged; ascending."""
    candidates = (
        _brackets_from_max_iter(rule)
        if rule.max_iter is not None
        else _brackets_from_min_iter(rule, longest)
    )
    return sorted(bracket for bracket in candidates if bracket <= longest)


def _brackets_from_max_iter(rule: EarlyTerminate) -> Iterator[int]:
    assert rule.max_iter is not None
    assert rule.s is not None
    bracket: float = rule.max_iter
    for _ in range(rule.s):
        bracket /= rule.eta
        if bracket < 1:
            return
        yield int(bracket)


def _brackets_from_min_iter(rule: EarlyTerminate, longest: int) -> Iterator[int]:
    assert rule.min_iter is not None
    bracket: float = rule.min_iter
    while bracket <= longest + 1:
        yield int(bracket)
        bracket *= rule.eta


def runs_to_stop(spec: Spec, trials: Sequence[Trial]) -> frozenset[int]:
    """Return the numbers of the running runs that are to end now.

    A run is judged at the last bracket that it has passed. It continues if it is among the best
    1/eta of all runs that reached it: by its value at that bracket if the rule is strict, else by
    its best value so far.

    Parameters
    ----------
    spec
        The sweep config; without ``early_terminate``, no run is ever ended. The first of several
        metrics is the one that counts.
    trials
        All runs so far, with their histories; values that are not finite do not count.
    """
    rule, metric = spec.early_terminate, spec.objective
    if rule is None or metric is None:
        return frozenset()
    sign = -1 if metric.maximize else 1
    curves = {
        trial.number: [sign * value for value in trial.history if math.isfinite(value)]
        for trial in trials
    }
    bars = {
        bracket: _threshold(
            [curve[bracket - 1] for curve in curves.values() if len(curve) >= bracket], rule
        )
        for bracket in brackets(rule, max(map(len, curves.values()), default=0))
    }
    return frozenset(
        trial.number
        for trial in trials
        if trial.state is RunState.RUNNING
        and _is_below_threshold(curves[trial.number], bars, rule)
    )


def _threshold(values: list[float], rule: EarlyTerminate) -> float:
    """Return the worst value with which a run may continue; `values` is not empty."""
    return sorted(values)[int(1 / rule.eta * len(values))]


def _is_below_threshold(curve: list[float], bars: dict[int, float], rule: EarlyTerminate) -> bool:
    bracket_passed = max((bracket for bracket in bars if bracket <= len(curve)), default=None)
    if bracket_passed is None:
        return False
    return (curve[bracket_passed - 1] if rule.strict else min(curve)) > bars[bracket_passed]
