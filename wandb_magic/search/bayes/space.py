"""Converts the parameters of a spec to a form that Optuna's samplers accept, and back.

Optuna has no normal or beta distribution, and warns about categories that are lists. Therefore a
continuous distribution is searched in its own probability, which makes the spec's distribution the
prior of the search; integers and coarse steps are searched as numbers, categories by index.
Nothing here chooses a value.
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
from pydantic import JsonValue

from wandb_magic.records import Params
from wandb_magic.spec import Spec
from wandb_magic.spec.conditions import Path
from wandb_magic.spec.continuous import LogUniformDistribution, UniformDistribution
from wandb_magic.spec.discrete import (
    CategoricalWithProbabilities,
    ChoiceDistribution,
    Constant,
    IntUniform,
)
from wandb_magic.spec.distributions import Distribution, Quantised
from wandb_magic.spec.fields import canonical, number
from wandb_magic.spec.parameters import flatten, nest

Choice = dict[str, float]
"""The parameters of a run in Optuna's form, by the name of the axis in Optuna."""

EDGE = 1e-6
"""How near to 0 and 1 a probability may come: normal distributions are infinite at the ends."""
MAX_STEPS = 1000
"""With more steps than this, an axis counts as continuous."""


@dataclass(frozen=True)
class SearchDimension:
    """One parameter that is searched, with the distribution that stands for it in Optuna."""

    distribution: Distribution
    optuna_distribution: BaseDistribution

    def encode(self, value: object) -> float | None:
        """Return Optuna's form of `value`; None if the distribution cannot give it."""
        unit = self.distribution.to_unit(value)
        if unit is None:
            return None
        if isinstance(self.distribution, ChoiceDistribution):
            return self.distribution.index(value)
        if isinstance(self.optuna_distribution, IntDistribution):
            steps = _steps(self.distribution, number(value))
            if steps is None:
                return None
            return (
                steps
                if self.optuna_distribution.low <= steps <= self.optuna_distribution.high
                else None
            )
        return min(max(unit, EDGE), 1 - EDGE)

    def decode(self, suggested: float) -> JsonValue:
        """Return the value that Optuna's `suggested` stands for."""
        if isinstance(self.distribution, ChoiceDistribution):
            return self.distribution.values[int(suggested)]
        if isinstance(self.optuna_distribution, IntDistribution):
            return suggested * _step(self.distribution)
        return self.distribution.sample(suggested)


def _step(distribution: Distribution) -> float:
    return distribution.q if isinstance(distribution, Quantised) else 1


def _steps(distribution: Distribution, x: float) -> int | None:
    return distribution.steps(x) if isinstance(distribution, Quantised) else round(x)


def _optuna_distribution(distribution: Distribution) -> BaseDistribution:
    if isinstance(distribution, Constant):
        return CategoricalDistribution([0])
    if isinstance(distribution, ChoiceDistribution):
        firsts = {
            canonical(value): index for index, value in reversed([*enumerate(distribution.values)])
        }
        odds = (
            distribution.probabilities
            if isinstance(distribution, CategoricalWithProbabilities)
            else None
        )
        return CategoricalDistribution(
            [index for index in sorted(firsts.values()) if odds is None or odds[index]]
        )
    if isinstance(distribution, IntUniform) or (
        isinstance(distribution, Quantised)
        and isinstance(distribution, (UniformDistribution, LogUniformDistribution))
    ):
        first, last = (_steps(distribution, number(distribution.sample(u))) for u in (0, 1))
        if first is not None and last is not None and last - first < MAX_STEPS:
            return IntDistribution(
                first, last, log=isinstance(distribution, LogUniformDistribution) and first > 0
            )
    return FloatDistribution(EDGE, 1 - EDGE)


class SearchSpace:
    """The search space of a spec.

    Parameters
    ----------
    spec
        The sweep config.

    Attributes
    ----------
    distributions
        Optuna's distribution of each axis; empty if there is nothing to search.
    """

    def __init__(self, spec: Spec) -> None:
        self._tree = spec.parameters
        self._conditions = spec.conditions
        axes = {
            path: SearchDimension(distribution, _optuna_distribution(distribution))
            for path, distribution in spec.leaves.items()
        }
        self._dimensions = {
            path: axis for path, axis in axes.items() if not axis.optuna_distribution.single()
        }
        self._fixed = {
            path: axis.distribution.sample(0.5)
            for path, axis in axes.items()
            if path not in self._dimensions
        }
        self._absent = {
            path: axis.encode(axis.distribution.sample(0.5)) or 0.0
            for path, axis in self._dimensions.items()
        }
        self.distributions = {
            str(i): axis.optuna_distribution for i, axis in enumerate(self._dimensions.values())
        }

    def encode(self, params: Params) -> Choice | None:
        """Return Optuna's form of a run's parameters; None if they are outside the space.

        A parameter that the run does not have is in the middle of its axis, so that such runs
        differ only in what they have.
        """
        values = flatten(params, self._tree)
        present = self._conditions.active(self._fixed | values)
        choice: Choice = {}
        for name, (path, axis) in zip(self.distributions, self._dimensions.items(), strict=True):
            if path not in present and self._is_absent(path, values):
                choice[name] = self._absent[path]
                continue
            if path not in values:
                return None
            encoded = axis.encode(values[path])
            if encoded is None:
                return None
            choice[name] = encoded
        return choice

    def _is_absent(self, path: Path, values: Mapping[Path, Any]) -> bool:
        """Return whether a run with `values` cannot have the parameter at `path`."""
        stand_in = {path: self._dimensions[path].distribution.sample(0.5)}
        return path not in self._conditions.active(self._fixed | stand_in | dict(values))

    def decode(self, choice: Choice) -> Params:
        """Return the parameters, nested as in the spec, that `choice` stands for."""
        return nest(self._decode(choice))

    def is_allowed(self, choice: Choice) -> bool:
        """Return whether no rule forbids what `choice` stands for."""
        return self._conditions.allows(self._decode(choice))

    def _decode(self, choice: Choice) -> dict[Path, Any]:
        values = {
            path: axis.decode(choice[name])
            for name, (path, axis) in zip(
                self.distributions, self._dimensions.items(), strict=True
            )
        }
        return self._conditions.active(self._fixed | values)

    def to_units(self, choice: Choice) -> list[float]:
        """Return the probability below `choice` on each axis."""
        return [
            axis.distribution.to_unit(axis.decode(choice[name])) or 0.0
            for name, axis in zip(self.distributions, self._dimensions.values(), strict=True)
        ]

    def from_units(self, units: Sequence[float]) -> Choice:
        """Return the choice at these probabilities."""
        choice = self.encode(
            nest(
                {
                    path: axis.distribution.sample(unit)
                    for (path, axis), unit in zip(self._dimensions.items(), units, strict=True)
                }
            )
        )
        assert choice is not None
        return choice
