"""Scores runs: reduces what a run logged to the one number that a search compares.

As in W&B, a run counts with its best logged value, or the one that ``define_metric(summary=...)``
or the config's own ``metric.summary`` names, and a failed one with the worst of the sweep
unless ``metric.impute`` specifies otherwise. Where W&B would fall back on 0, which can be the best
of all values, the worst is used here. NaN and infinities never count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from wandb_magic import records
from wandb_magic.records import RunState, Trial
from wandb_magic.spec import Metric
from wandb_magic.spec.distributions import as_number


def objective(values: Iterable[float], metric: Metric | records.Metric) -> float | None:
    """Return the best of the logged `values`; None if none is finite."""
    best = max if metric.maximize else min
    return best(filter(math.isfinite, values), default=None)


DEFINED = ("last", "min", "max", "mean", "first")
"""The values that ``define_metric`` can have W&B keep in a summary, below the metric's key."""


def summary_kind(metric: Metric | records.Metric, defined: Mapping[str, object]) -> str:
    """Return which of a run's values counts: ``best``, or one of `DEFINED`.

    Parameters
    ----------
    metric
        The objective. Its own choice takes precedence.
    defined
        What the run has defined, as in `defined_values`. Of several, the best is meant.
    """
    if metric.summary is not None:
        return metric.summary
    return next(iter(defined)) if len(defined) == 1 else "best"


def defined_values(summary: Mapping[str, object], name: str) -> dict[str, object]:
    """Return the values of a metric that its run has defined, from a summary by dotted key."""
    return {kind: summary[key] for kind in DEFINED if (key := f"{name}.{kind}") in summary}


def counted_value(values: Sequence[float], metric: Metric | records.Metric) -> float | None:
    """Return the value that the config names, or else the best; None if it is not finite."""
    if metric.summary == "last":
        return as_number(values[-1]) if values else None
    if metric.summary in ("min", "max"):
        choose = min if metric.summary == "min" else max
        return choose(filter(math.isfinite, values), default=None)
    return objective(values, metric)


def run_value(
    values: Sequence[float],
    summary: Mapping[str, object],
    metric: Metric | records.Metric,
) -> float | None:
    """Return the objective of one run; None if it has none, or none that is finite.

    Parameters
    ----------
    values
        What it logged, in order.
    summary
        Its summary by dotted key: the only source if `values` is empty.
    metric
        The objective.
    """
    defined = defined_values(summary, metric.name)
    kind = summary_kind(metric, defined)
    if metric.summary is None and kind in defined:
        return as_number(defined[kind])
    if not values:
        return as_number(summary.get(metric.name))
    return counted_value(values, metric)


def is_target_reached(value: float | None, metric: Metric | records.Metric) -> bool:
    """Return whether `value` is as good as the target that ends the sweep, if there is one."""
    if value is None or metric.target is None:
        return False
    return value >= metric.target if metric.maximize else value <= metric.target


def scored_trials(trials: Sequence[Trial], metric: Metric) -> list[tuple[Trial, float]]:
    """Return the runs to learn from, each with its score, in the given order.

    Runs in flight (unless ``metric.impute_while_running`` specifies otherwise) and stopped runs
    that logged nothing are left out, and so are failed runs as long as no run has a score.
    """
    worst = objective(
        (trial.value for trial in trials if trial.state.has_ended and trial.value is not None),
        records.Metric(metric.name, maximize=not metric.maximize),
    )
    scores = ((trial, _score(trial, metric, worst)) for trial in trials)
    return [(trial, score) for trial, score in scores if score is not None]


def _score(trial: Trial, metric: Metric, worst: float | None) -> float | None:
    own_value = objective(() if trial.value is None else (trial.value,), metric)
    if trial.state is RunState.PENDING:
        return None
    if trial.state is RunState.STOPPED:
        return own_value
    if trial.state is RunState.RUNNING:
        return _running_score(trial, metric, own_value, worst)
    if trial.state.is_failure:
        own_value = _crashed_score(trial, metric, own_value)
    return worst if own_value is None else own_value


def _crashed_score(trial: Trial, metric: Metric, own_value: float | None) -> float | None:
    if metric.impute == "worst":
        return None
    return own_value if metric.impute == "best" else _latest_value(trial, own_value)


def _running_score(
    trial: Trial, metric: Metric, own_value: float | None, worst: float | None
) -> float | None:
    rule = metric.impute_while_running
    if rule == "false":
        return None
    if rule == "latest":
        return _latest_value(trial, own_value)
    return worst if own_value is None and rule == "worst" else own_value


def _latest_value(trial: Trial, own_value: float | None) -> float | None:
    return next(filter(math.isfinite, reversed(trial.history)), own_value)
