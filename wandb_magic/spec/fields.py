"""The types of single fields: what counts as a number, an integer or a JSON value.

YAML reads ``1e-5`` as text, and numpy has its own numbers; where a number is expected, both are
accepted as one. Nothing here depends on which field of the config it handles.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator, KeysView, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from typing import Annotated, Any, ClassVar

from pydantic import JsonValue, PlainValidator

from wandb_magic import nonfinite

_INFINITE = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}


class Numeral(str):
    """Text that is unquoted in YAML and may mean a number, such as ``1e-5`` or ``7e3``."""

    PATTERN: ClassVar = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+")
    _ROUND: ClassVar = re.compile(r"\d{1,2}[eE]\d{1,2}")

    __slots__ = ()

    @property
    def is_sure(self) -> bool:
        """Whether it can only mean a number: no name or hash has a sign or a point."""
        return bool(set("+-.") & set(self)) and math.isfinite(float(self))

    @property
    def is_round(self) -> bool:
        """Whether it is a short number such as ``1e3``, provided its neighbours are numbers."""
        return bool(self._ROUND.fullmatch(self))


def resolve_numerals(value: Any) -> Any:  # noqa: ANN401 - any value of a config
    """Return `value` with each `Numeral` as the number or the text that it means.

    ``1e-5`` is a number. ``7e3`` may be the hash of a commit, and is text for W&B: it is a number
    only in a list whose other entries are all numbers.
    """
    if isinstance(value, Numeral):
        return float(value) if value.is_sure else value
    if isinstance(value, str):
        return _INFINITE.get(value, value)
    if isinstance(value, Mapping):
        return {key: resolve_numerals(item) for key, item in value.items()}
    if isinstance(value, list):
        if len(value) > 1 and all(map(_is_numeric, value)):
            return [float(item) if isinstance(item, Numeral) else item for item in value]
        return [resolve_numerals(item) for item in value]
    return value


def encode_nonfinite(value: Any) -> Any:  # noqa: ANN401 - as above
    """Return `value` with NaN and infinities as the text that `resolve_numerals` reads back."""
    return nonfinite.encode_nonfinite(value, _INFINITE)


def _is_numeric(value: object) -> bool:
    if isinstance(value, Numeral):
        return value.is_sure or value.is_round
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def ambiguous_numerals(value: object) -> Iterator[str]:
    """Yield the texts in `value` that may have been meant as numbers."""
    if isinstance(value, Numeral):
        yield str.__str__(value)
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from ambiguous_numerals(item)


def to_json_value(value: object) -> JsonValue:
    """Return `value` converted to JSON types only.

    Numpy and torch scalars become Python numbers, tuples become lists, keys become text.

    Raises
    ------
    ValueError
        If it contains something that JSON cannot represent: dates, sets, objects. NaN and
        infinities pass, as in Python's JSON.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, str)):  # enums and numpy's text become plain values
        return int(value) if isinstance(value, int) else str.__str__(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): to_json_value(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [to_json_value(item) for item in value]
    if callable(item := getattr(value, "item", None)) and getattr(value, "ndim", None) == 0:
        return to_json_value(item())
    kind = type(value).__name__
    remedy = "list its entries" if isinstance(value, AbstractSet) else "write it as text"
    if hasattr(value, "__dataclass_fields__"):
        remedy = "write it as a mapping, as dataclasses.asdict does"
    raise ValueError(f"{value!r:.80} is a {kind}, which JSON cannot represent: {remedy}")


def canonical(value: object) -> str:
    """Return a text that is equal for two JSON values exactly if W&B considers them the same.

    So 1 and 1.0 are the same; 1 and True are not.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def number(value: object) -> int | float:
    """Return the finite number that `value` is, or denotes as text.

    Raises
    ------
    ValueError
        If it is not one.
    """
    if isinstance(value, str):
        value = _parse_nonfinite(value)
    elif not isinstance(value, (bool, int, float)) and hasattr(value, "item"):
        value = to_json_value(value)
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not abs(value) <= sys.float_info.max
    ):
        raise ValueError(f"must be a finite number, not {value!r:.80}")
    return int(value) if isinstance(value, int) else float(value)


def _parse_nonfinite(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def integer(value: object) -> int:
    """Return the integer that `value` is; 8.0 counts as one."""
    parsed = number(value)
    if parsed != int(parsed):
        raise ValueError(f"must be a whole number, not {value!r:.80}")
    return int(parsed)


def positive(value: object) -> int | float:
    """Return the number above 0 that `value` is."""
    parsed = number(value)
    if parsed <= 0:
        raise ValueError(f"must be above 0, not {value!r:.80}")
    return parsed


def positive_integer(value: object) -> int:
    """Return the integer above 0 that `value` is."""
    parsed = integer(value)
    if parsed < 1:
        raise ValueError(f"must be at least 1, not {value!r:.80}")
    return parsed


def text(value: object) -> str:
    """Return `value`, which must be text."""
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {value!r:.80}: put it in quotes")  # noqa: TRY004 - pydantic takes no TypeError
    return str.__str__(value)


def nonempty_list(value: object) -> list[JsonValue]:
    """Return the JSON values in the list `value`, which must hold at least one."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    elif isinstance(value, AbstractSet) and not isinstance(value, KeysView):
        value = _sorted(value)
    elif isinstance(value, (KeysView, ValuesView, Iterator)):
        value = list(value)
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise ValueError(f"must be a list, not {value!r:.80}: put it in brackets")  # noqa: TRY004 - as above
    if not value:
        raise ValueError("is empty: give at least one entry")
    return [to_json_value(item) for item in value]


def _sorted(values: AbstractSet[Any]) -> list[Any]:
    """Return a set as a list in the same order in every process."""
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=repr)


Number = Annotated[float, PlainValidator(number)]
Positive = Annotated[float, PlainValidator(positive)]
Integer = Annotated[int, PlainValidator(integer)]
PositiveInteger = Annotated[int, PlainValidator(positive_integer)]
Text = Annotated[str, PlainValidator(text)]
Json = Annotated[JsonValue, PlainValidator(to_json_value)]
JsonList = Annotated[list[JsonValue], PlainValidator(nonempty_list)]
