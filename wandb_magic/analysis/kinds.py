"""What Optuna takes each parameter of a sweep for, in the values that the runs had.

`search.bayes_space` is a space in which a search can choose; this one is to be looked at: an axis
of a plot shows learning rates, not probabilities. So it has to hold the runs that there are, and
the spec's bounds where it has some. Nothing is drawn from it here.
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
from wandb_magic.spec.discrete import Constant, IntUniform, Listed
from wandb_magic.spec.distribution import Distribution, Quantised, as_number
from wandb_magic.spec.fields import same
from wandb_magic.spec.laws import LogNormalLaw, LogUniformLaw, UniformLaw

SELDOM = 0.001
"""Of an endless law that no run has drawn from, so much is left out at both ends."""


@dataclass(frozen=True)
class Kind:
    """One parameter.

    Attributes
    ----------
    distribution
        Optuna's.
    spelled
        Whether its categories are JSON text, because Optuna knows no lists, no mappings, and no
        difference between 1 and true.
    """

    distribution: BaseDistribution
    spelled: bool = False

    def value(self, value: Any) -> Any:  # noqa: ANN401 - a JSON value, and Optuna's
        """Return Optuna's form of a value that `kinds` has seen."""
        if isinstance(self.distribution, IntDistribution):
            return int(value)
        if isinstance(self.distribution, FloatDistribution):
            return float(value)
        return same(value) if self.spelled else value


def kinds(spec: Spec, seen: Mapping[str, Sequence[Any]]) -> dict[str, Kind]:
    """Return the parameters that vary, by dotted key.

    Parameters
    ----------
    spec
        The sweep config.
    seen
        The values that runs had. They may lie outside of the spec: a sweep at W&B may have been
        changed since.
    """
    found = {}
    for path, law in spec.leaves.items():
        name = ".".join(path)
        values = seen.get(name, ())
        different = {same(value) for value in values}
        fixed = isinstance(law, Constant) or (
            isinstance(law, Listed) and len({same(value) for value in law.values}) == 1
        )
        if not fixed or len(different) > 1:
            found[name] = _kind(law, values)
    return found


def _kind(law: Distribution, seen: Sequence[Any]) -> Kind:
    if isinstance(law, Constant):
        return _categories([law.value, *seen])
    if isinstance(law, Listed):
        return _categories([*law.values, *seen])
    numbers = [as_number(value) for value in seen]
    if None in numbers:
        return _categories(seen)
    return Kind(_range(law, [number for number in numbers if number is not None]))


def _categories(values: Sequence[Any]) -> Kind:
    different = {same(value): value for value in reversed(values)}
    choices = list(reversed(different.values()))
    plain = all(value is None or isinstance(value, (bool, int, float, str)) for value in choices)
    if plain and len(set(choices)) == len(choices):
        return Kind(CategoricalDistribution(choices))
    return Kind(CategoricalDistribution(list(reversed(different))), spelled=True)


def _range(law: Distribution, seen: Sequence[float]) -> BaseDistribution:
    bounds = [*_bounds(law), *seen] or [_at(law, u) for u in (SELDOM, 1 - SELDOM)]
    low, high = min(bounds), max(bounds)
    log = isinstance(law, (LogUniformLaw, LogNormalLaw)) and low > 0
    step = law.q if isinstance(law, Quantised) else 1
    if isinstance(law, (IntUniform, Quantised)) and all(x == int(x) for x in (step, *bounds)):
        # Optuna knows steps on a straight axis only.
        even = not log and all((x - low) % step == 0 for x in bounds)
        return IntDistribution(int(low), int(high), step=int(step) if even else 1, log=log)
    return FloatDistribution(float(low), float(high), log=log)


def _bounds(law: Distribution) -> Sequence[float]:
    """Return the least and the greatest value; nothing for a law whose ends nothing reaches."""
    if isinstance(law, IntUniform):
        return law.min, law.max
    if not isinstance(law, (UniformLaw, LogUniformLaw)):
        return ()
    # Rounding may leave the bounds.
    return [_at(law, u) for u in (0, 1)] if isinstance(law, Quantised) else law.support


def _at(law: Distribution, u: float) -> float:
    found = as_number(law.sample(u))
    assert found is not None
    return found
