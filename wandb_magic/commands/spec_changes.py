"""Parses edits of a config: words such as ``lr=1e-5..1``, ``optimizer+=lion`` and ``-momentum``.

A word says how one parameter changes, relative to the present config.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wandb_magic.commands.assignments import parse_value
from wandb_magic.commands.parser import REMOVAL, UsageError

HELP = (
    "NAME=LOW..HIGH for a range, NAME=A,B,C for values, NAME+=X or NAME-=X for one value more or "
    "less, NAME=X for a constant, NAME={...} for an entry of the config, -NAME to remove it"
)


def parse_changes(words: Sequence[str], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes of the parameters as a partial ``parameters`` section.

    Raises
    ------
    UsageError
        If a word is not a change, or does not fit the parameter that it names.
    """
    changes: dict[str, Any] = {}
    for word in words:
        name, change = _parse_change(word, config["parameters"], changes)
        changes[name] = change
    return changes


def _parse_change(
    word: str, parameters: Mapping[str, Any], changes: Mapping[str, Any]
) -> tuple[str, Any]:
    if word.startswith(REMOVAL):
        return word.removeprefix(REMOVAL), None
    name, equals, text = word.partition("=")
    operator = f"{name[-1:]}=" if name[-1:] in ("+", "-") else "="
    name = name.removesuffix(operator[:-1])
    if not name or not equals:
        raise UsageError(f"{word}: write {HELP}")
    if operator == "=":
        return name, _parse_entry(text)
    entry = changes.get(name) or _find(parameters, name)
    values = entry.get("values") if isinstance(entry, Mapping) else None
    if values is None:
        raise UsageError(f"{word}: {name} does not choose among values: write {name}=A,B,C")
    if "probabilities" in entry:
        raise UsageError(f"{word}: {name} has probabilities: give values and probabilities anew")
    given = _split(text)
    if operator == "+=":
        return name, {"values": [*values, *(each for each in given if each not in values)]}
    if missing := [each for each in given if each not in values]:
        raise UsageError(f"{word}: {missing[0]!r} is not among the values of {name}: {values}")
    left = [each for each in values if each not in given]
    if not left:
        raise UsageError(f"{word}: {name} would have no values: -{name} removes it")
    return name, {"values": left}


def _find(parameters: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - an entry, if any
    """Return the entry of a parameter; dots may separate levels."""
    if name in parameters:
        return parameters[name]
    for end in (index for index, char in enumerate(name) if char == "."):
        below = parameters.get(name[:end])
        if isinstance(below, Mapping) and "parameters" in below:
            return _find(below["parameters"], name[end + 1 :])
    return None


def _parse_entry(text: str) -> Any:  # noqa: ANN401 - an entry of the parameters section
    low, dots, high = text.partition("..")
    if dots and _is_number(low) and _is_number(high):
        return {"min": parse_value(low), "max": parse_value(high)}
    if text[:1] == "{":
        return parse_value(text)
    if text[:1] == "[" or "," in text:
        return {"values": _split(text)}
    return {"value": parse_value(text)}


def _split(text: str) -> list[Any]:
    if text[:1] == "[":
        values = parse_value(text)
        return values if isinstance(values, list) else [values]
    return [parse_value(part.strip()) for part in text.split(",")]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
