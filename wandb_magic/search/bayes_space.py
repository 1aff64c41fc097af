"""The parameters of a spec in a form that Optuna's samplers take, and back.

Optuna has no normal or beta law and warns of categories that are lists. So a continuous law is
searched in its own probability, which makes the spec's law the prior of the search, integers and
coarse steps in their own numbers, categories by index. Nothing here chooses a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from pydantic import JsonValue

from wandb_magic.records import Params
from wandb_magic.spec import Spec
from wandb_magic.spec.discrete import CategoricalWithProbabilities, Constant, IntUniform, Listed
from wandb_magic.spec.distribution import Distribution, Quantised
from wandb_magic.spec.fields import number, same
from wandb_magic.spec.laws import LogUniformLaw, UniformLaw
from wandb_magic.spec.parameters import flatten, nest

Choice = dict[str, float]
"""The parameters of a run in Optuna's form, by the name that Optuna knows an axis by."""

EDGE = 1e-6
"""How near to 0 and 1 a probability may come: normal laws have no finite value at the ends."""
MOST_STEPS = 1000
"""With more steps than this an axis counts as continuous."""


@dataclass(frozen=True)
class Axis:
    """One parameter that is searched; `kind` is what Optuna takes it for."""

    law: Distribution
    kind: BaseDistribution

    def encode(self, value: object) -> float | None:
        """Return Optuna's form of `value`; None if the law cannot give it."""
        unit = self.law.to_unit(value)
        if unit is None:
            return None
        if isinstance(self.law, Listed):
            return self.law.index(value)
        if isinstance(self.kind, IntDistribution):
            steps = _steps(self.law, number(value))
            if steps is None:
                return None
            return steps if self.kind.low <= steps <= self.kind.high else None
        return min(max(unit, EDGE), 1 - EDGE)

    def decode(self, chosen: float) -> JsonValue:
        """Return the value that Optuna's `chosen` stands for."""
        if isinstance(self.law, Listed):
            return self.law.values[int(chosen)]
        if isinstance(self.kind, IntDistribution):
            return chosen * _step(self.law)
        return self.law.sample(chosen)


def _step(law: Distribution) -> float:
    return law.q if isinstance(law, Quantised) else 1


def _steps(law: Distribution, x: float) -> int | None:
    return law.steps(x) if isinstance(law, Quantised) else round(x)


def _kind(law: Distribution) -> BaseDistribution:
    if isinstance(law, Constant):
        return CategoricalDistribution([0])
    if isinstance(law, Listed):
        firsts = {same(value): index for index, value in reversed([*enumerate(law.values)])}
        odds = law.probabilities if isinstance(law, CategoricalWithProbabilities) else None
        return CategoricalDistribution(
            [index for index in sorted(firsts.values()) if odds is None or odds[index]]
        )
    if isinstance(law, IntUniform) or (
        isinstance(law, Quantised) and isinstance(law, (UniformLaw, LogUniformLaw))
    ):
        first, last = (_steps(law, number(law.sample(u))) for u in (0, 1))
        if first is not None and last is not None and last - first < MOST_STEPS:
            return IntDistribution(first, last, log=isinstance(law, LogUniformLaw) and first > 0)
    return FloatDistribution(EDGE, 1 - EDGE)


class Space:
    """What of a spec there is to search.

    Parameters
    ----------
    spec
        The sweep config.

    Attributes
    ----------
    kinds
        Optuna's distribution of each axis; empty if there is nothing to search.
    """

    def __init__(self, spec: Spec) -> None:
        self._tree = spec.parameters
        axes = {path: Axis(law, _kind(law)) for path, law in spec.leaves.items()}
        self._axes = {path: axis for path, axis in axes.items() if not axis.kind.single()}
        self._fixed = {
            path: axis.law.sample(0.5) for path, axis in axes.items() if path not in self._axes
        }
        self.kinds = {str(i): axis.kind for i, axis in enumerate(self._axes.values())}

    def encode(self, params: Params) -> Choice | None:
        """Return Optuna's form of a run's parameters; None if they lie outside of the space."""
        given = flatten(params, self._tree)
        if not given.keys() >= self._axes.keys():
            return None
        choice: Choice = {}
        for name, (path, axis) in zip(self.kinds, self._axes.items(), strict=True):
            chosen = axis.encode(given[path])
            if chosen is None:
                return None
            choice[name] = chosen
        return choice

    def decode(self, choice: Choice) -> Params:
        """Return the parameters, nested as in the spec, that `choice` stands for."""
        values = {
            path: axis.decode(choice[name])
            for name, (path, axis) in zip(self.kinds, self._axes.items(), strict=True)
        }
        return nest(self._fixed | values)

    def to_units(self, choice: Choice) -> list[float]:
        """Return the probability below `choice` on each axis."""
        return [
            axis.law.to_unit(axis.decode(choice[name])) or 0.0
            for name, axis in zip(self.kinds, self._axes.values(), strict=True)
        ]

    def from_units(self, units: Sequence[float]) -> Choice:
        """Return the choice at these probabilities."""
        choice = self.encode(
            nest(
                {
                    path: axis.law.sample(unit)
                    for (path, axis), unit in zip(self._axes.items(), units, strict=True)
                }
            )
        )
        assert choice is not None
        return choice
