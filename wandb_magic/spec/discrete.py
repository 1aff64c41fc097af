"""The distributions over listed values and over integers, under W&B's names."""

from __future__ import annotations

import math
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Annotated, Literal

from pydantic import JsonValue, PlainValidator, model_validator

from wandb_magic.spec.continuous import check_order
from wandb_magic.spec.distributions import Distribution, as_number
from wandb_magic.spec.fields import Integer, Json, JsonList, canonical, nonempty_list, number

_PARTS = 2**53  # of the unit interval: the resolution of floats


class Constant(Distribution):
    """W&B's ``constant``: one value."""

    distribution: Literal["constant"] = "constant"
    value: Json

    def _at(self, u: float) -> JsonValue:  # noqa: ARG002 - there is only one value
        return self.value

    def _unit(self, value: object) -> float | None:
        return 0.5 if canonical(value) == canonical(self.value) else None


class ChoiceDistribution(Distribution):
    """One of `values`, any JSON values."""

    values: JsonList

    @cached_property
    def positions(self) -> dict[str, int]:
        """The first position of each value, by `same`."""
        return {canonical(self.values[i]): i for i in reversed(range(len(self.values)))}

    def index(self, value: object) -> int | None:
        """Return the first position of `value`; None if it is not listed."""
        return self.positions.get(canonical(value))


class Categorical(ChoiceDistribution):
    """W&B's ``categorical``: all values are equally likely."""

    distribution: Literal["categorical"] = "categorical"

    def _at(self, u: float) -> JsonValue:
        return self.values[int(u * len(self.values))]

    def _unit(self, value: object) -> float | None:
        index = self.index(value)
        return None if index is None else (index + 0.5) / len(self.values)


def _probabilities(value: object) -> list[float]:
    probabilities = [number(item) for item in nonempty_list(value)]
    if any(item < 0 for item in probabilities):
        raise ValueError("must not be negative")
    if not math.isclose(sum(probabilities), 1, rel_tol=1e-5):
        scaled = (
            ", ".join(f"{item / sum(probabilities):.4g}" for item in probabilities)
            if sum(probabilities)
            else ""
        )
        raise ValueError(
            f"must sum to 1, not to {sum(probabilities):.6g}"
            + (f": [{scaled}] would" if scaled else "")
        )
    return probabilities


def engine_probabilities(probabilities: list[float], values: int) -> list[float]:
    """Return how W&B's engine interprets probabilities that do not sum to 1 or are too few.

    It walks up their running sum to a number below 1, and takes the first value if it never gets
    there. Valid probabilities are returned unchanged, and so are those that nobody can draw by.
    """
    if len(probabilities) > values or any(odd < 0 for odd in probabilities):
        return probabilities
    probabilities = [*probabilities, *[0] * (values - len(probabilities))]
    if math.isclose(sum(probabilities), 1, rel_tol=1e-5):
        return probabilities
    edges = [0.0, *(min(edge, 1.0) for edge in accumulate(probabilities))]
    odds = [high - low for low, high in pairwise(edges)]
    odds[0] += 1 - edges[-1]
    return odds


class CategoricalWithProbabilities(ChoiceDistribution):
    """W&B's ``categorical_w_probabilities``."""

    distribution: Literal["categorical_w_probabilities"] = "categorical_w_probabilities"
    probabilities: Annotated[list[float], PlainValidator(_probabilities)]

    @model_validator(mode="after")
    def _paired(self) -> CategoricalWithProbabilities:
        if len(self.values) != len(self.probabilities):
            raise ValueError(
                f"there are {len(self.values)} values and {len(self.probabilities)} "
                "probabilities: give one probability for each value"
            )
        return self

    def _at(self, u: float) -> JsonValue:
        edges = list(accumulate(self.probabilities))
        return self.values[bisect_right(edges, u * edges[-1])]

    def _unit(self, value: object) -> float | None:
        index = self.index(value)
        if index is None or not self.probabilities[index]:
            return None
        edges = [0.0, *accumulate(self.probabilities)]
        return (edges[index] + edges[index + 1]) / 2 / edges[-1]


class IntUniform(Distribution):
    """W&B's ``int_uniform``: every integer from `min` to `max`, both included."""

    distribution: Literal["int_uniform"] = "int_uniform"
    min: Integer
    max: Integer

    @model_validator(mode="after")
    def _ordered(self) -> IntUniform:
        check_order(self.min, self.max)
        return self

    def _at(self, u: float) -> JsonValue:
        # In integers: the bounds may lie further apart than any float.
        return min(self.min + int(u * _PARTS) * self._size // _PARTS, self.max)

    @property
    def _size(self) -> int:
        return self.max - self.min + 1

    def _unit(self, value: object) -> float | None:
        x = as_number(value)
        if x is None or x != int(x) or not self.min <= x <= self.max:
            return None
        return (2 * (int(x) - self.min) + 1) / (2 * self._size)
