"""Numbers that JSON cannot represent: NaN and the infinities, as the texts that stand for them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

JSON_TEXTS: Mapping[str, float] = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""The texts that W&B's API uses, and so the store, the server and the command line."""


def encode_nonfinite(value: Any, texts: Mapping[str, float] = JSON_TEXTS) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value with NaN and infinities as texts, however deep they are in it.

    Parameters
    ----------
    texts
        A notation: the texts with their numbers; the first text of a number is used.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return next(text for text, number in texts.items() if _is_same(number, value))
    if isinstance(value, Mapping):
        return {key: encode_nonfinite(part, texts) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode_nonfinite(part, texts) for part in value]
    return value


def decode_nonfinite(text: str) -> float | None:
    """Return the number that one of `JSON_TEXTS` stands for; None for any other text."""
    return JSON_TEXTS.get(text)


def finite_or_none(value: float | None) -> float | None:
    """Return a finite number, or None."""
    return value if value is not None and math.isfinite(value) else None


def _is_same(number: float, other: float) -> bool:
    return number == other or (math.isnan(number) and math.isnan(other))
