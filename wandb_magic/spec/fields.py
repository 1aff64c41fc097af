"""The types of single fields, and what counts as a number, an integer or a JSON value.

YAML reads ``1e-5`` as text and numpy has numbers of its own, so both are taken as the numbers that
they mean. Nothing here knows which field of the config it looks at.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import JsonValue, PlainValidator


def plain(value: object) -> JsonValue:
    """Return `value` made of JSON's own types only.

    Numpy and torch scalars become Python numbers, tuples become lists, keys become text.

    Raises
    ------
    ValueError
        If it holds something that JSON cannot say: dates, sets, objects, NaN, infinities.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, str)):  # enums and numpy's text become what they stand for
        return int(value) if isinstance(value, int) else str.__str__(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        raise ValueError(f"{value} has no place in JSON: write it as text ('{value}')")
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [plain(item) for item in value]
    if callable(item := getattr(value, "item", None)) and getattr(value, "ndim", None) == 0:
        return plain(item())
    kind = type(value).__name__
    raise ValueError(f"{value!r:.80} is a {kind}, which JSON cannot say: write it as text")


def same(value: object) -> str:
    """Return a text that two JSON values share exactly if W&B takes them for the same one.

    So 1 and 1.0 are the same, 1 and True are not.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def number(value: object) -> int | float:
    """Return the finite number that `value` is, or says as text.

    Raises
    ------
    ValueError
        If it is none.
    """
    if isinstance(value, str):
        value = _spoken(value)
    elif not isinstance(value, (bool, int, float)) and hasattr(value, "item"):
        value = plain(value)
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not abs(value) <= sys.float_info.max
    ):
        raise ValueError(f"must be a finite number, not {value!r:.80}")
    return int(value) if isinstance(value, int) else float(value)


def _spoken(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def integer(value: object) -> int:
    """Return the integer that `value` is; 8.0 is one, too."""
    found = number(value)
    if found != int(found):
        raise ValueError(f"must be a whole number, not {value!r:.80}")
    return int(found)


def positive(value: object) -> int | float:
    """Return the number above 0 that `value` is."""
    found = number(value)
    if found <= 0:
        raise ValueError(f"must be above 0, not {value!r:.80}")
    return found


def positive_integer(value: object) -> int:
    """Return the integer above 0 that `value` is."""
    found = integer(value)
    if found < 1:
        raise ValueError(f"must be at least 1, not {value!r:.80}")
    return found


def text(value: object) -> str:
    """Return `value`, which must be text."""
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {value!r:.80}: put it in quotes")  # noqa: TRY004 - pydantic takes no TypeError
    return value


def listed(value: object) -> list[JsonValue]:
    """Return the JSON values in the list `value`, which must hold at least one."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise ValueError(f"must be a list, not {value!r:.80}: put it in brackets")  # noqa: TRY004 - as above
    if not value:
        raise ValueError("is empty: give at least one entry")
    return [plain(item) for item in value]


Number = Annotated[float, PlainValidator(number)]
Positive = Annotated[float, PlainValidator(positive)]
Integer = Annotated[int, PlainValidator(integer)]
PositiveInteger = Annotated[int, PlainValidator(positive_integer)]
Text = Annotated[str, PlainValidator(text)]
Json = Annotated[JsonValue, PlainValidator(plain)]
JsonList = Annotated[list[JsonValue], PlainValidator(listed)]
