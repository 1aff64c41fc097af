"""Formats what is wrong with a config for users: the place, the fault, the remedy.

pydantic finds most faults; its own messages never reach a user.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


def suggest(word: object, names: Iterable[str]) -> str:
    """Return the remedy for a misspelled word: the closest known one, or all of them."""
    choices = sorted(names)
    near = nearest(word, choices)
    return f"did you mean {near!r}?" if near else f"use one of {', '.join(choices)}"


def nearest(word: object, names: Iterable[str]) -> str | None:
    """Return the known word that is most similar to `word`, if any is."""
    return next(iter(get_close_matches(str(word).lower(), sorted(names), n=1)), None)


def format_errors(
    error: ValidationError,
    place: str,
    *,
    keys: Iterable[str],
    owner: str = "",
    misspelt: Iterable[str] = (),
) -> Iterator[str]:
    """Yield one sentence for each fault.

    Parameters
    ----------
    error
        What pydantic found.
    place
        Where the validated mapping is in the config, dotted; empty for the whole config.
    keys
        The keys that mappings of this kind may have.
    owner
        What the keys belong to, if not every such mapping has all of them.
    misspelt
        Keys that were already reported: the keys they resemble are not reported as missing.
    """
    details = error.errors(include_url=False)
    keys = frozenset(keys)
    extra = [str(item["loc"][-1]) for item in details if item["type"] == "extra_forbidden"]
    meant = {nearest(key, keys) for key in (*extra, *misspelt) if key not in keys}
    for item in details:
        where = ".".join(str(part) for part in (place, *item["loc"]) if part != "")
        if item["type"] == "missing":
            if item["loc"][-1] not in meant:
                yield _with_place(place, f"{item['loc'][-1]} is missing: add it")
        elif item["type"] == "extra_forbidden":
            yield _with_place(place, _extra_key_message(str(item["loc"][-1]), keys, owner))
        else:
            yield _with_place(where, _error_message(item))


def _with_place(place: str, fault: str) -> str:
    return f"{place}: {fault}" if place else fault


def _extra_key_message(key: str, keys: frozenset[str], owner: str) -> str:
    if key in keys:
        return f"{key!r} does not belong to {owner}: remove it or change the distribution"
    near = nearest(key, keys)
    return f"unknown key {key!r}: " + (f"did you mean {near!r}?" if near else "remove it")


def _error_message(item: ErrorDetails) -> str:
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    if item["type"] == "literal_error":
        return f"must be {item['ctx']['expected']}, not {item['input']!r:.80}"
    if item["type"] in {"bool_type", "bool_parsing"}:
        return f"must be true or false, not {item['input']!r:.80}"
    return f"must be a mapping, not {item['input']!r:.80}: write {{key: value, ...}}"
