"""Optuna's samplers, set up so that one choice depends on a seed and the study alone.

Each is created anew for every choice: what it remembered of earlier choices would be lost with the
process.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, TPESampler
from optuna.trial import FrozenTrial
from scipy.stats import yeojohnson

from wandb_magic.search.bayes.study import Row


def make_gp_sampler(seed: int) -> BaseSampler:
    """Return the Gaussian process with log expected improvement (Ament et al. 2023).

    From Optuna 4.8 on, it averages over the possible results of runs in flight.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return GPSampler(seed=seed, n_startup_trials=1)


class FixedSpaceTPESampler(TPESampler):
    """Assumes that all trials have the same parameters; Optuna would check each trial."""

    def __init__(
        self,
        distributions: dict[str, BaseDistribution],
        seed: int,
        **keywords: Any,  # noqa: ANN401 - Optuna's own
    ) -> None:
        super().__init__(
            seed=seed, n_startup_trials=1, multivariate=True, constant_liar=True, **keywords
        )
        self._distributions = distributions

    def infer_relative_search_space(
        self,
        study: Study,  # noqa: ARG002 - not needed
        trial: FrozenTrial,  # noqa: ARG002 - not needed
    ) -> dict[str, BaseDistribution]:
        """Return the given distributions."""
        return self._distributions


def make_tpe_sampler(seed: int, distributions: dict[str, BaseDistribution]) -> BaseSampler:
    """Return the tree-structured Parzen estimator (Bergstra et al. 2011; Falkner et al. 2018).

    Runs in flight count as poor ones, so that agents do not choose the same parameters.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return FixedSpaceTPESampler(distributions, seed)


def transform_values(rows: Sequence[Row]) -> list[Row]:
    """Return `rows` with their values made as normal as a power transform can make them.

    A Gaussian process assumes normally distributed values, but losses are not: a few poor runs
    hide the differences among the good ones. Therefore values beyond Tukey's outer fence on the
    poor side are moved to it, and then Yeo and Johnson's transform (2000) is applied, as in HEBO
    (Cowen-Rivers et al. 2022).
    """
    values = np.array([value for _, value in rows if value is not None])
    values /= np.abs(values).max() or 1.0
    first, third = np.quantile(values, [0.25, 0.75])
    if third > first:
        values = np.minimum(values, third + 3 * (third - first))
    spread = values.std()
    normal = iter(yeojohnson((values - values.mean()) / spread)[0] if spread else values * 0)
    return [(choice, None if value is None else float(next(normal))) for choice, value in rows]
