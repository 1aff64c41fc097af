"""The base of every distribution: turns a uniform number into a value, and back.

Sampling by the inverse CDF makes every search a pure function of uniform numbers. Nothing here
draws a random number.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from wandb_magic.spec.fields import Positive, number

_EDGE = 2.0**-53
"""Half the distance between 1 and the float below it: how near to 0 and 1 to evaluate."""


_LARGEST = sys.float_info.max
_EXACT = 2.0**53
"""Beyond this, not every integer is a float."""


class Distribution(BaseModel):
    """One parameter's distribution.

    Attributes
    ----------
    distribution
        W&B's name for it.
    """

    # Building is deferred because a config needs few of the distributions.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    distribution: str

    def sample(self, u: float) -> JsonValue:
        """Return the value at `u` in [0, 1] by the inverse CDF: uniform `u` give a sample."""
        return self._at(min(max(u, _EDGE), 1 - _EDGE))

    def to_unit(self, value: object) -> float | None:
        """Return a `u` for which `sample` gives `value`; None if the distribution cannot give it.

        For a discrete distribution, it is the midpoint of all such `u`.
        """
        return self._unit(value)

    @abstractmethod
    def _at(self, u: float) -> JsonValue:
        """Implement `sample`, for `u` in (0, 1)."""

    @abstractmethod
    def _unit(self, value: object) -> float | None:
        """Implement `to_unit`."""

    def to_dict(self) -> dict[str, Any]:
        """Return W&B's form of it, with the distribution and all defaults spelled out."""
        return {name: getattr(self, name) for name in type(self).model_fields}


class Continuous(Distribution):
    """A distribution on the real numbers, defined by its quantile function and its CDF."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """The least and the greatest value."""

    @abstractmethod
    def _quantile(self, u: float) -> float:
        """Return the inverse CDF at `u` in (0, 1)."""

    @abstractmethod
    def _cumulative(self, x: float) -> float:
        """Return the CDF at `x`, which lies strictly inside the support."""

    def _at(self, u: float) -> float:
        low, high = self.support
        # Extremely wide distributions exceed the floats, and JSON has neither infinities nor NaN.
        return min(max(self._quantile(u), low, -_LARGEST), high, _LARGEST)

    def _unit(self, value: object) -> float | None:
        low, high = self.support
        x = as_number(value)
        return self.below(x) if x is not None and low <= x <= high else None

    def below(self, x: float) -> float:
        """Return the probability of a value below `x`, any real number."""
        low, high = self.support
        if x <= low:
            return 0.0
        return 1.0 if x >= high else min(max(self._cumulative(x), 0.0), 1.0)


class Quantised(Continuous):
    """A continuous distribution rounded to the nearest multiple of `q`; integers if `q` is one.

    As in W&B, rounding may leave the bounds: ``min`` 0.4 and ``q`` 1 can give 0.
    """

    q: Positive = 1.0

    def _at(self, u: float) -> float:
        x = super()._at(u)
        steps = self.steps(x)
        return x if steps is None else min(max(steps * self.q, -_LARGEST), _LARGEST)

    def steps(self, x: float) -> int | None:
        """Return the multiple of `q` nearest to `x`; None if floats there are further apart."""
        ratio = x / self.q
        return round(ratio) if abs(ratio) < _EXACT else None

    def _unit(self, value: object) -> float | None:
        x = as_number(value)
        if x is None:
            return None
        steps = self.steps(x)
        if steps is None:
            return super()._unit(x)
        if abs(steps * self.q - x) > 1e-9 * self.q * max(1, abs(steps)):
            return None
        (low, high), first, last = self.support, (steps - 0.5) * self.q, (steps + 0.5) * self.q
        return (self.below(first) + self.below(last)) / 2 if first < high and last > low else None


def as_number(value: object) -> float | None:
    """Return `value` if it is a finite number, else None."""
    if isinstance(value, str):
        return None
    try:
        return number(value)
    except ValueError:
        return None
