"""Notices on entries of the parameters section that are interpreted otherwise than written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from wandb_magic.spec.distributions import Distribution
from wandb_magic.spec.fields import Numeral, ambiguous_numerals, resolve_numerals

_NUMBERS = ("min", "max", "q", "mu", "sigma", "a", "b")
SHOWN = 3  # examples that a notice lists


def entry_notices(
    entry: Mapping[str, Any], distribution: Distribution, place: str
) -> Iterator[str]:
    """Yield what a user may not know about a valid entry and the distribution it became."""
    name = entry.get("distribution", distribution.distribution)
    if name != distribution.distribution and (name, distribution.distribution) != _PROBABILITIES:
        yield f"{place}.distribution: {name!r} is taken as {distribution.distribution}"
    quoted = [f"{key} {entry[key]!s}" for key in _NUMBERS if isinstance(entry.get(key), str)]
    if quoted:
        yield f"{place}: {', '.join(quoted)} is text for W&B, and is taken as a number"
    for key in ("value", "values"):
        if key in entry:
            yield from _value_notices(entry[key], f"{place}.{key}")


_PROBABILITIES = ("categorical", "categorical_w_probabilities")


def _value_notices(value: object, place: str) -> Iterator[str]:
    numerals = set(ambiguous_numerals(value))
    texts = set(ambiguous_numerals(resolve_numerals(value)))
    if numbers := sorted(numerals - texts):
        yield f"{place}: {_join_values(numbers)} is text for W&B, and is taken as a number"
    if texts:
        example = min(texts)
        yield (
            f"{place}: {_join_values(sorted(texts))} is text, as in W&B: "
            f"write {_yaml_number(example)} if "
            "it is a number"
        )
    if _has_infinite(resolve_numerals(value)):
        yield f"{place}: .inf and .nan do not exist in JSON: W&B shows them as text"


def _join_values(texts: list[str]) -> str:
    return ", ".join(texts[:SHOWN]) + (" and others" if len(texts) > SHOWN else "")


def _yaml_number(text: str) -> str:
    """Return the number in a form that YAML 1.1 reads as one."""
    mantissa, _, exponent = Numeral(text).lower().partition("e")
    sign = "" if exponent.startswith(("+", "-")) else "+"
    return f"{mantissa}{'' if '.' in mantissa else '.0'}e{sign}{exponent}"


def _has_infinite(value: object) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, Mapping):
        return any(map(_has_infinite, value.values()))
    return isinstance(value, (list, tuple)) and any(map(_has_infinite, value))
