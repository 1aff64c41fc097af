"""Optuna's distribution for each parameter of a sweep, in the values that the runs had.

`search.bayes.space` is a space for a search to choose from; this one is for display: an axis of a
plot shows learning rates, not probabilities. It must therefore contain the existing runs, and the
spec's bounds where there are any. Nothing is drawn from it here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from wandb_magic.spec import Spec
from wandb_magic.spec.continuous import (
    LogNormalDistribution,
    LogUniformDistribution,
    UniformDistribution,
)
from wandb_magic.spec.discrete import ChoiceDistribution, Constant, IntUniform
from wandb_magic.spec.distributions import Distribution, Quantised, as_number
from wandb_magic.spec.fields import canonical

TAIL_PROBABILITY = 0.001
"""The probability cut off at each end of an unbounded distribution that no run has drawn from."""


@dataclass(frozen=True)
class ParameterDistribution:
    """One parameter.

    Attributes
    ----------
    distribution
        Optuna's distribution.
    is_json_text
        Whether its categories are JSON text, because Optuna supports neither lists nor mappings,
        and does not distinguish between 1 and true.
    """

    distribution: BaseDistribution
    is_json_text: bool = False

    def value(self, value: Any) -> Any:  # noqa: ANN401 - a JSON value, and Optuna's
        """Return Optuna's form of a value that was passed to `distributions_of`."""
        if isinstance(self.distribution, IntDistribution):
            return int(value)
        if isinstance(self.distribution, FloatDistribution):
            return float(value)
        return canonical(value) if self.is_json_text else value


def distributions_of(
    spec: Spec, seen: Mapping[str, Sequence[Any]]
) -> dict[str, ParameterDistribution]:
    """Return the parameters that vary, by dotted key.

    Parameters
    ----------
    spec
        The sweep config.
    seen
        The values that runs had. They may be outside the spec: a sweep at W&B may have been
        changed since.
    """
    distributions = {}
    for path, distribution in spec.leaves.items():
        name = ".".join(path)
        values = seen.get(name, ())
        distinct = {canonical(value) for value in values}
        fixed = isinstance(distribution, Constant) or (
            isinstance(distribution, ChoiceDistribution)
            and len({canonical(value) for value in distribution.values}) == 1
        )
        if not fixed or len(distinct) > 1:
            distributions[name] = _distribution_of(distribution, values)
    return distributions


def _distribution_of(distribution: Distribution, seen: Sequence[Any]) -> ParameterDistribution:
    if isinstance(distribution, Constant):
        return _categories([distribution.value, *seen])
    if isinstance(distribution, ChoiceDistribution):
        return _categories([*distribution.values, *seen])
    numbers = [as_number(value) for value in seen]
    if None in numbers:
        return _categories(seen)
    return ParameterDistribution(
        _range(distribution, [number for number in numbers if number is not None])
    )


def _categories(values: Sequence[Any]) -> ParameterDistribution:
    distinct = {canonical(value): value for value in reversed(values)}
    choices = list(reversed(distinct.values()))
    plain = all(value is None or isinstance(value, (bool, int, float, str)) for value in choices)
    if plain and len(set(choices)) == len(choices):
        return ParameterDistribution(CategoricalDistribution(choices))
    return ParameterDistribution(
        CategoricalDistribution(list(reversed(distinct))), is_json_text=True
    )


def _range(distribution: Distribution, seen: Sequence[float]) -> BaseDistribution:
    bounds = [*_bounds(distribution), *seen] or [
        _at(distribution, u) for u in (TAIL_PROBABILITY, 1 - TAIL_PROBABILITY)
    ]
    low, high = min(bounds), max(bounds)
    log = isinstance(distribution, (LogUniformDistribution, LogNormalDistribution)) and low > 0
    step = distribution.q if isinstance(distribution, Quantised) else 1
    if isinstance(distribution, (IntUniform, Quantised)) and all(
        x == int(x) for x in (step, *bounds)
    ):
        # Optuna supports steps only on a linear axis.
        even = not log and all((x - low) % step == 0 for x in bounds)
        return IntDistribution(int(low), int(high), step=int(step) if even else 1, log=log)
    return FloatDistribution(float(low), float(high), log=log)


def _bounds(distribution: Distribution) -> Sequence[float]:
    """Return the least and the greatest value; nothing for an unbounded distribution."""
    if isinstance(distribution, IntUniform):
        return distribution.min, distribution.max
    if not isinstance(distribution, (UniformDistribution, LogUniformDistribution)):
        return ()
    # Rounding may exceed the bounds.
    return (
        [_at(distribution, u) for u in (0, 1)]
        if isinstance(distribution, Quantised)
        else distribution.support
    )


def _at(distribution: Distribution, u: float) -> float:
    value = as_number(distribution.sample(u))
    assert value is not None
    return value
