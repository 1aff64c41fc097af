"""Parses words such as ``lr=3e-4``: parameters that a user types."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from wandb_magic.commands.parser import UsageError

_EXPONENT = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+")


def parse_assignments(words: Sequence[str]) -> dict[str, Any]:
    """Return the values by name.

    Raises
    ------
    UsageError
        If a word is not an assignment, or a name occurs twice.
    """
    values: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not name or not equals:
            raise UsageError(f"{word}: write NAME=VALUE, as in lr=0.001")
        if name in values:
            raise UsageError(f"{word}: {name} is given twice")
        values[name] = parse_value(text)
    return values


def parse_value(text: str) -> Any:  # noqa: ANN401 - a JSON value
    """Return the value that a text means: a number, a YAML value, or the text itself.

    Raises
    ------
    UsageError
        If it begins like a list or a mapping and is not one.
    """
    import yaml  # noqa: PLC0415 - `%load_ext wandb_magic` imports this package

    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    try:
        return _with_numbers(yaml.safe_load(text))
    except (yaml.YAMLError, ValueError, RecursionError):
        if text[:1] in "[{":
            raise UsageError(f"{text}: is not a valid list or mapping in YAML or JSON") from None
        return text


def _with_numbers(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Return a list or mapping with numbers such as ``1e-5``, which YAML reads as text."""
    if isinstance(value, list):
        return [_number_or_text(each) for each in value]
    if isinstance(value, dict):
        return {name: _number_or_text(each) for name, each in value.items()}
    return value


def _number_or_text(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if not isinstance(value, str):
        return _with_numbers(value)
    return float(value) if _EXPONENT.fullmatch(value) else value
