"""Runs with several values and constraints as an Optuna study in memory.

Optuna 5 records constraints with a trial; Optuna 4 keeps them in the trial's system attributes,
and hands the trial to a function that returns them. Both are Optuna's public interface.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from inspect import signature
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from wandb_magic.search.bayes.outcomes import Outcome
from wandb_magic.search.bayes.samplers import FixedSpaceTPESampler, transform_values
from wandb_magic.search.bayes.space import Choice

_ATTRIBUTE = "constraints"
"""Optuna 4's name of the system attribute."""


@cache
def _has_constraints() -> bool:
    return "constraints" in signature(create_trial).parameters


def ask_study(
    outcomes: Sequence[Outcome],
    distributions: Mapping[str, BaseDistribution],
    sampler: str,
    seed: int,
) -> Choice:
    """Return what a sampler chooses after `outcomes`.

    Parameters
    ----------
    outcomes
        The runs so far; at least one has ended.
    distributions
        Optuna's distribution of each parameter.
    sampler
        ``gp`` or ``tpe``.
    seed
        Determines everything that is random.
    """
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    rows = _without_idle_constraints(outcomes)
    objectives = next(len(row.values) for row in rows if row.values is not None)
    if objectives == 1 and sampler == "gp":
        rows = _transformed(rows)
    constrained = any(row.violations for row in rows)
    study = optuna.create_study(
        directions=["minimize"] * objectives,
        sampler=_make_sampler(sampler, dict(distributions), seed, constrained=constrained),
    )
    study.add_trials([_trial(row, distributions) for row in rows])
    trial = study.ask(dict(distributions))
    return trial.params


def _without_idle_constraints(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Leave out the constraints that every run has kept, by as much: each costs a model."""
    ended = np.array([row.violations for row in outcomes if row.values is not None])
    keep = np.ptp(ended, axis=0) > 0
    keep |= (ended > 0).all(axis=0)
    return [
        row
        if row.values is None
        else Outcome(row.choice, row.values, tuple(np.array(row.violations)[keep].tolist()))
        for row in outcomes
    ]


def _transformed(rows: Sequence[Outcome]) -> list[Outcome]:
    pairs = transform_values([(row.choice, row.values[0] if row.values else None) for row in rows])
    return [
        row if value is None else Outcome(row.choice, (value,), row.violations)
        for row, (_, value) in zip(rows, pairs, strict=True)
    ]


def _trial(row: Outcome, distributions: Mapping[str, BaseDistribution]) -> FrozenTrial:
    keywords: dict[str, Any] = {}
    if row.values is not None and row.violations:
        if _has_constraints():
            keywords["constraints"] = {str(i): each for i, each in enumerate(row.violations)}
        else:
            keywords["system_attrs"] = {_ATTRIBUTE: list(row.violations)}
    return create_trial(
        state=TrialState.RUNNING if row.values is None else TrialState.COMPLETE,
        params=row.choice,
        distributions=dict(distributions),
        values=row.values,
        **keywords,
    )


def _constraints_of(trial: FrozenTrial) -> Sequence[float]:
    violations: Sequence[float] = trial.system_attrs.get(_ATTRIBUTE, ())
    return violations


def _make_sampler(
    name: str, distributions: dict[str, BaseDistribution], seed: int, *, constrained: bool
) -> BaseSampler:
    keywords: dict[str, Any] = {}
    if constrained and not _has_constraints():
        keywords["constraints_func"] = _constraints_of
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        if name == "gp":
            return GPSampler(seed=seed, n_startup_trials=1, **keywords)
        return FixedSpaceTPESampler(distributions, seed, **keywords)
