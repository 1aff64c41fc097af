"""What a search with several objectives, or with constraints, learns from each run.

A run that failed has no values, and is no bad value either: it breaks one more constraint, that a
run must succeed. So the search learns where runs fail, for example for lack of memory, and the
models of the objectives stay as they are there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wandb_magic import records
from wandb_magic.records import RunState, Trial
from wandb_magic.search.bayes.space import Choice, SearchSpace
from wandb_magic.spec import Spec

NEIGHBOURS = 3
"""A value that a failed run lacks is the mean of those of this many nearest runs."""


@dataclass(frozen=True)
class Outcome:
    """A run, in the form that Optuna's samplers learn from.

    Attributes
    ----------
    choice
        Its parameters.
    values
        The objectives, to be minimised; None while it is in flight.
    violations
        One number for each constraint, above 0 if the run breaks it. The last one is for failure.
    """

    choice: Choice
    values: tuple[float, ...] | None = None
    violations: tuple[float, ...] = ()

    @property
    def is_feasible(self) -> bool:
        """Whether the run has ended and keeps to all constraints."""
        return self.values is not None and all(each <= 0 for each in self.violations)


def has_failed(trial: Trial, spec: Spec) -> bool:
    """Return whether a run that has ended is learned as a failure.

    A run that finished without a finite value of each objective and constraint counts as one: its
    loss may have become NaN. One that was stopped says nothing, nor does one that was lost.
    """
    if trial.state in (RunState.FAILED, RunState.KILLED):
        return True
    return trial.state is RunState.FINISHED and not _is_complete(trial, spec)


def _is_complete(trial: Trial, spec: Spec) -> bool:
    return all(math.isfinite(trial.results.get(key, math.nan)) for key in spec.result_keys)


def outcomes(
    trials: Sequence[tuple[Trial, Choice]], spec: Spec, space: SearchSpace
) -> list[Outcome]:
    """Return what to learn from the runs; those that say nothing are left out.

    Parameters
    ----------
    trials
        Runs with their parameters in Optuna's form.
    spec
        The sweep config.
    space
        The space in which runs are neighbours.
    """
    complete = [
        (choice, _objectives(trial, spec), _violations(trial, spec))
        for trial, choice in trials
        if trial.state.has_ended and not has_failed(trial, spec) and _is_complete(trial, spec)
    ]
    known = iter(complete)
    guess = _Neighbours(complete, space)
    learned = []
    for trial, choice in trials:
        if not trial.state.has_ended:
            learned.append(Outcome(choice))
        elif has_failed(trial, spec):
            learned.append(Outcome(choice, *guess(choice)))
        elif _is_complete(trial, spec):
            _, values, violations = next(known)
            learned.append(Outcome(choice, values, (*violations, -1.0)))
    return learned


def _objectives(trial: Trial, spec: Spec) -> tuple[float, ...]:
    if spec.metric is not None and trial.value is not None and math.isfinite(trial.value):
        return (_sign(spec.metric) * trial.value,)  # the best logged value, as without constraints
    return tuple(_sign(metric) * trial.results[metric.name] for metric in spec.objectives)


def _sign(metric: records.Metric | object) -> int:
    return -1 if getattr(metric, "maximize", False) else 1


def _violations(trial: Trial, spec: Spec) -> tuple[float, ...]:
    return tuple(
        constraint.record().violation(trial.results[constraint.name])
        for constraint in spec.constraints
    )


class _Neighbours:
    """Fills in what a failed run did not report, from the nearest runs that did."""

    def __init__(
        self,
        complete: Sequence[tuple[Choice, tuple[float, ...], tuple[float, ...]]],
        space: SearchSpace,
    ) -> None:
        self._space = space
        self._places = np.array([space.to_units(choice) for choice, _, _ in complete])
        self._values = np.array([values for _, values, _ in complete])
        self._violations = np.array([violations for _, _, violations in complete])

    def __call__(self, choice: Choice) -> tuple[tuple[float, ...], tuple[float, ...]]:
        if not len(self._places):
            return (), (1.0,)
        distances = ((self._places - self._space.to_units(choice)) ** 2).sum(axis=1)
        nearest = np.argsort(distances, kind="stable")[:NEIGHBOURS]
        return (
            tuple(self._values[nearest].mean(axis=0).tolist()),
            (*self._violations[nearest].mean(axis=0).tolist(), 1.0),
        )
