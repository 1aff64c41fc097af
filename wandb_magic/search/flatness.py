"""Whether more runs would help: a bound on how much better than the best run any other can be.

The bound is that of Makarova et al., "Automatic Termination for Hyperparameter Optimization",
AutoML 2022: a Gaussian process is fitted to the runs, and the lowest lower confidence bound in the
space is subtracted from the lowest upper confidence bound of the runs. As in Optuna's
``RegretBoundEvaluator``, the width of these bounds follows Srinivas et al. (2010), divided by 5.
More runs would hardly help once the bound is below `TOLERANCE` times the spread of the runs, or,
if repeats tell how noisy the objective is, below the standard error of a set's mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wandb_magic.records import Params, Trial
from wandb_magic.search.objective import scored_trials
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import Metric, Spec
from wandb_magic.spec.discrete import ChoiceDistribution, Constant
from wandb_magic.spec.parameters import flatten

MIN_RUNS = 20
"""With fewer runs than this, nothing is said."""
MAX_RUNS = 250
"""The model learns from no more: from the best half of them, and from the newest."""
TOLERANCE = 0.002
"""What counts as no difference, in standard deviations of the runs without outliers."""
CANDIDATES = 2000
DELTA = 0.1

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RegretBound:
    """By how much the best run can be improved at most, with high probability.

    Attributes
    ----------
    bound
        In the unit of the objective.
    tolerance
        What counts as no difference.
    runs
        From how many runs it was learned.
    """

    bound: float
    tolerance: float
    runs: int

    @property
    def is_low(self) -> bool:
        """Whether more runs would hardly help."""
        return self.bound <= self.tolerance

    def explain(self, metric: Metric) -> str:
        """Return what it says, as a phrase."""
        verb = "raise" if metric.maximize else "lower"
        return (
            f"after {self.runs} runs, others would {verb} the best {metric.name} by no more than "
            f"{self.bound:.2g} (a regret bound)"
        )


def regret_bound(spec: Spec, trials: Sequence[Trial], error: float = 0.0) -> RegretBound | None:
    """Return the bound; None if too little is known.

    Parameters
    ----------
    spec
        The sweep config; it has one metric.
    trials
        All runs so far; of repeats, their means.
    error
        The standard error of such a mean.
    """
    metric = spec.metric
    if metric is None:
        return None
    sign = -1.0 if metric.maximize else 1.0
    scored = [
        (features, sign * score)
        for trial, score in scored_trials([t for t in trials if t.state.has_ended], metric)
        if (features := _features(spec, trial.params)) is not None
    ]
    if len(scored) < MIN_RUNS:
        return None
    scored = _most_telling(scored)
    places = np.array([features for features, _ in scored])
    values = _without_outliers(np.array([value for _, value in scored]))
    scale = float(values.std())
    if not places.shape[1]:
        return None
    if scale == 0:
        return RegretBound(0.0, 0.0, len(scored))
    normal = (values - values.mean()) / scale
    model = _GaussianProcess(places, normal)
    axes, count = places.shape[1], len(scored)
    width = math.sqrt(2 * math.log(axes * count**2 * math.pi**2 / (6 * DELTA)) / 5)
    mean, deviation = model.predict(places)
    upper = float((mean + width * deviation).min())
    mean, deviation = model.predict(_candidates(spec, places, normal))
    lower = float((mean - width * deviation).min())
    tolerance = max(TOLERANCE * scale, error)
    return RegretBound(max(0.0, upper - lower) * scale, tolerance, len(scored))


def _features(spec: Spec, params: Params) -> list[float] | None:
    """Return a run's place: positions from 0 to 1, and an axis for each choice of a list."""
    values = flatten(params, spec.parameters)
    place: list[float] = []
    for path, distribution in spec.leaves.items():
        if isinstance(distribution, Constant):
            continue
        present = path in values
        if isinstance(distribution, ChoiceDistribution):
            count = len(distribution.values)
            index = distribution.index(values[path]) if present else None
            if present and index is None:
                return None
            place += [float(each == index) for each in range(count)] if count > 1 else []
            continue
        unit = distribution.to_unit(values[path]) if present else 0.5
        if unit is None:
            return None
        place.append(float(unit))
    return place


def _is_range(spec: Spec) -> Floats:
    """Return 1 for each axis of a place that is a range, and 0 for each choice of a list."""
    axes: list[float] = []
    for distribution in spec.leaves.values():
        if isinstance(distribution, Constant):
            continue
        if not isinstance(distribution, ChoiceDistribution):
            axes.append(1.0)
        elif len(distribution.values) > 1:
            axes += [0.0] * len(distribution.values)
    return np.array(axes)


def _most_telling(scored: list[tuple[list[float], float]]) -> list[tuple[list[float], float]]:
    if len(scored) <= MAX_RUNS:
        return scored
    by_value = sorted(range(len(scored)), key=lambda at: scored[at][1])
    chosen = {*by_value[: MAX_RUNS // 2], *range(len(scored) - MAX_RUNS // 2, len(scored))}
    return [scored[at] for at in sorted(chosen)]


def _without_outliers(values: Floats) -> Floats:
    """Return values of which those beyond Tukey's outer fence on the poor side are moved to it."""
    largest = float(np.abs(values).max()) or 1.0
    values = values / largest
    first, third = np.quantile(values, [0.25, 0.75])
    if third > first:
        values = np.minimum(values, third + 3 * (third - first))
    clipped: Floats = values * largest
    return clipped


def _candidates(spec: Spec, places: Floats, values: Floats) -> Floats:
    """Return places all over the space, and many around the best runs."""
    draw = RandomSearcher(spec, seed=0)
    drawn: list[Any] = [draw.ask(number) for number in range(CANDIDATES // 2)]
    features = [_features(spec, params) for params in drawn if params is not None]
    random = np.random.default_rng(0)
    best = places[np.argsort(values)[:10]]
    around = best[random.integers(len(best), size=CANDIDATES // 2)]
    steps = 10 ** random.uniform(-3, -0.5, size=(len(around), 1)) * _is_range(spec)
    near = np.clip(around + steps * random.standard_normal(around.shape), 0, 1)
    return np.vstack([places, near, *([f] for f in features if f is not None)])


class _GaussianProcess:
    """A process with a Matern 5/2 kernel, a length for each axis, and noise.

    Its parameters have the greatest posterior density, with a prior on the lengths that grows with
    the number of axes (Hvarfner et al., "Vanilla Bayesian Optimization Performs Great in High
    Dimensions", ICML 2024).
    """

    def __init__(self, places: Floats, values: Floats) -> None:
        from scipy.linalg import cho_factor, cho_solve  # noqa: PLC0415 - costs time to import

        self._places = places
        self._differences = (places[:, None, :] - places[None, :, :]) ** 2
        self._values = values
        self._theta = self._fit()
        kernel = self._kernel(self._differences, self._theta)
        noise = math.exp(self._theta[-1]) + 1e-10
        self._factor = cho_factor(kernel + noise * np.eye(len(values)), lower=True)
        self._weights = cho_solve(self._factor, values)

    def predict(self, places: Floats) -> tuple[Floats, Floats]:
        """Return the mean and the standard deviation of the objective, without noise."""
        from scipy.linalg import cho_solve  # noqa: PLC0415 - as above

        differences = (places[:, None, :] - self._places[None, :, :]) ** 2
        cross = self._kernel(differences, self._theta)
        mean: Floats = cross @ self._weights
        explained = np.einsum("ij,ji->i", cross, cho_solve(self._factor, cross.T))
        variance = np.maximum(math.exp(self._theta[-2]) - explained, 0.0)
        return mean, np.sqrt(variance)

    @staticmethod
    def _kernel(differences: Floats, theta: Floats) -> Floats:
        distance = np.sqrt(5 * (differences @ np.exp(-2 * theta[:-2])) + 1e-20)
        kernel: Floats = math.exp(theta[-2]) * (1 + distance + distance**2 / 3) * np.exp(-distance)
        return kernel

    def _fit(self) -> Floats:
        from scipy.optimize import minimize  # noqa: PLC0415 - as above

        axes = self._differences.shape[2]
        prior = math.log(math.sqrt(axes) / 2)
        bounds = [(-5.0, 5.0)] * axes + [(-3.0, 3.0), (-16.0, 0.0)]
        fits = [
            minimize(
                self._loss,
                np.array([prior] * axes + [0.0, noise]),
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options={"maxiter": 60},
            )
            for noise in (-10.0, -3.0)
        ]
        best: Floats = min(fits, key=lambda fit: fit.fun).x
        return best

    def _loss(self, theta: Floats) -> tuple[float, Floats]:
        """Return the negative log posterior and its gradient."""
        count, axes = len(self._values), self._differences.shape[2]
        inverse = np.exp(-2 * theta[:-2])
        distance = np.sqrt(5 * (self._differences @ inverse) + 1e-20)
        decay, size, noise = np.exp(-distance), math.exp(theta[-2]), math.exp(theta[-1])
        kernel = size * (1 + distance + distance**2 / 3) * decay
        try:
            lower = np.linalg.cholesky(kernel + (noise + 1e-10) * np.eye(count))
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(theta)
        inverse_lower = np.linalg.inv(lower)
        precision = inverse_lower.T @ inverse_lower
        weights = precision @ self._values
        prior = math.log(math.sqrt(axes) / 2)
        deviations = theta[:-2] - prior
        loss = (
            0.5 * float(self._values @ weights)
            + float(np.log(np.diag(lower)).sum())
            + float((deviations**2).sum()) / 2
            + (theta[-1] + 8) ** 2 / 200
        )
        slope = 0.5 * (precision - np.outer(weights, weights))
        # d kernel / d log length: size * (1 + distance) * exp(-distance) * 5/3 * differences/l^2
        shared = slope * size * (1 + distance) * decay * 5 / 3
        gradient = np.empty_like(theta)
        gradient[:-2] = np.einsum("ij,ijk->k", shared, self._differences) * inverse + deviations
        gradient[-2] = float((slope * kernel).sum())
        gradient[-1] = float(np.trace(slope)) * noise + (theta[-1] + 8) / 100
        return float(loss), gradient
