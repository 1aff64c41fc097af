"""The continuous distributions, plain and quantised, under W&B's names and with W&B's defaults.

``log_uniform`` and its variants take exponents of e as bounds; the ``_values`` forms take the
values themselves. ``inv_log_uniform`` makes log(1/x) uniform, which is also log-uniform in x. Only
the beta distribution imports scipy, and only when it is evaluated.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from statistics import NormalDist
from typing import Literal

from pydantic import model_validator

from wandb_magic.spec.distributions import Continuous, Quantised
from wandb_magic.spec.fields import Number, Positive

_STANDARD = NormalDist()
_MAX_EXPONENT = 700  # e to the 709.8 is the largest float


class BoundedDistribution(Continuous):
    """A distribution between two bounds."""

    min: Number
    max: Number

    @model_validator(mode="after")
    def _ordered(self) -> BoundedDistribution:
        check_order(self.min, self.max)
        return self


def check_order(low: float, high: float) -> None:
    """Refuse bounds with nothing between them."""
    if low > high:
        raise ValueError(f"min ({low}) must be below max ({high}): swap them")
    if low == high:
        raise ValueError(f"min and max are both {low}: use value: {low}")


class UniformDistribution(BoundedDistribution):
    """All values between the bounds are equally likely."""

    @property
    def support(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return self.min, self.max

    def _quantile(self, u: float) -> float:
        width = self._width
        if math.isinf(width):
            return (1 - u) * self.min + u * self.max
        return self.min + u * width

    def _cumulative(self, x: float) -> float:
        if math.isinf(self._width):
            return (x / 2 - self.min / 2) / (self.max / 2 - self.min / 2)
        return (x - self.min) / self._width

    @property
    def _width(self) -> float:
        return float(self.max) - float(self.min)


class LogUniformDistribution(BoundedDistribution):
    """The logarithm is uniform between `exponents`."""

    @property
    @abstractmethod
    def exponents(self) -> tuple[float, float]:
        """The natural logarithms of the least and the greatest value."""

    def _quantile(self, u: float) -> float:
        low, high = self.exponents
        return math.exp(low + u * (high - low))

    def _cumulative(self, x: float) -> float:
        low, high = self.exponents
        return (math.log(x) - low) / (high - low)


class ExponentBounds(LogUniformDistribution):
    """The bounds are exponents of e."""

    @model_validator(mode="after")
    def _finite(self) -> ExponentBounds:
        for name, bound in (("min", self.min), ("max", self.max)):
            if abs(bound) > _MAX_EXPONENT:
                raise ValueError(
                    f"{name} ({bound}) is an exponent of e and too large: "
                    f"use {self.distribution}_values for bounds on the value itself"
                )
        return self

    @property
    def exponents(self) -> tuple[float, float]:
        """The natural logarithms of the least and the greatest value."""
        return self.min, self.max

    @property
    def support(self) -> tuple[float, float]:
        """The least and the greatest value."""
        low, high = self.exponents
        return math.exp(low), math.exp(high)


class ValueBounds(LogUniformDistribution):
    """The bounds are values."""

    min: Positive

    @property
    def exponents(self) -> tuple[float, float]:
        """The natural logarithms of the least and the greatest value."""
        return math.log(self.min), math.log(self.max)

    @property
    def support(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return self.min, self.max


class NormalDistribution(Continuous):
    """The normal distribution with mean `mu` and standard deviation `sigma`."""

    mu: Number = 0.0
    sigma: Positive = 1.0

    @property
    def support(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return -math.inf, math.inf

    def _quantile(self, u: float) -> float:
        return self.mu + self.sigma * _STANDARD.inv_cdf(u)

    def _cumulative(self, x: float) -> float:
        return _STANDARD.cdf((x - self.mu) / self.sigma)


class LogNormalDistribution(NormalDistribution):
    """The logarithm is normally distributed."""

    @property
    def support(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return 0.0, math.inf

    def _quantile(self, u: float) -> float:
        return math.exp(min(super()._quantile(u), _MAX_EXPONENT))

    def _cumulative(self, x: float) -> float:
        return super()._cumulative(math.log(x))


class BetaDistribution(Continuous):
    """The beta distribution on [0, 1] with shapes `a` and `b`."""

    a: Positive = 1.0
    b: Positive = 1.0

    @property
    def support(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return 0.0, 1.0

    def _quantile(self, u: float) -> float:
        from scipy.special import betaincinv  # noqa: PLC0415 - kernels load specs without scipy

        quantile = float(betaincinv(self.a, self.b, u))
        return self._limit(u) if math.isnan(quantile) else quantile

    def _cumulative(self, x: float) -> float:
        from scipy.special import betainc  # noqa: PLC0415 - as above

        probability = float(betainc(self.a, self.b, x))
        if math.isnan(probability):
            probability = float(self._mean < x) if self.a + self.b > 1 else 1 - self._mean
        return probability

    @property
    def _mean(self) -> float:
        return 1 / (1 + self.b / self.a)

    def _limit(self, u: float) -> float:
        """Return the quantile of the limiting distribution, for shapes that scipy cannot handle.

        Large shapes concentrate at the mean, tiny ones at 0 and 1.
        """
        if self.a + self.b > 1:
            return self._mean
        return float(u > 1 - self._mean)


class Uniform(UniformDistribution):
    """W&B's ``uniform``."""

    distribution: Literal["uniform"] = "uniform"


class QUniform(Quantised, UniformDistribution):
    """W&B's ``q_uniform``."""

    distribution: Literal["q_uniform"] = "q_uniform"


class LogUniform(ExponentBounds):
    """W&B's ``log_uniform``."""

    distribution: Literal["log_uniform"] = "log_uniform"


class LogUniformValues(ValueBounds):
    """W&B's ``log_uniform_values``."""

    distribution: Literal["log_uniform_values"] = "log_uniform_values"


class QLogUniform(Quantised, ExponentBounds):
    """W&B's ``q_log_uniform``."""

    distribution: Literal["q_log_uniform"] = "q_log_uniform"


class QLogUniformValues(Quantised, ValueBounds):
    """W&B's ``q_log_uniform_values``."""

    distribution: Literal["q_log_uniform_values"] = "q_log_uniform_values"


class InvLogUniform(ExponentBounds):
    """W&B's ``inv_log_uniform``: log(1/x) lies between the bounds."""

    distribution: Literal["inv_log_uniform"] = "inv_log_uniform"

    @property
    def exponents(self) -> tuple[float, float]:
        """The natural logarithms of the least and the greatest value."""
        return -self.max, -self.min


class InvLogUniformValues(ValueBounds):
    """W&B's ``inv_log_uniform_values``, the same distribution as ``log_uniform_values``."""

    distribution: Literal["inv_log_uniform_values"] = "inv_log_uniform_values"


class Normal(NormalDistribution):
    """W&B's ``normal``."""

    distribution: Literal["normal"] = "normal"


class QNormal(Quantised, NormalDistribution):
    """W&B's ``q_normal``."""

    distribution: Literal["q_normal"] = "q_normal"


class LogNormal(LogNormalDistribution):
    """W&B's ``log_normal``."""

    distribution: Literal["log_normal"] = "log_normal"


class QLogNormal(Quantised, LogNormalDistribution):
    """W&B's ``q_log_normal``."""

    distribution: Literal["q_log_normal"] = "q_log_normal"


class Beta(BetaDistribution):
    """W&B's ``beta``."""

    distribution: Literal["beta"] = "beta"


class QBeta(Quantised, BetaDistribution):
    """W&B's ``q_beta``."""

    distribution: Literal["q_beta"] = "q_beta"
