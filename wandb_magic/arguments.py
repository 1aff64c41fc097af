"""Validates arguments.

A value that makes no sense for any sweep, or that the store could not represent, is refused with
one sentence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from wandb_magic.errors import SweepError

MAX_RUNS = 2**31 - 1
"""The largest count of runs of a sweep."""

MAX_AGENTS = 10_000
"""The largest number of runs at a time: more processes than a machine can execute."""

MAX_SECONDS = 100 * 365 * 86_400.0
"""The longest duration of an option, in seconds."""

MAX_GPUS = 1024
"""The largest number of GPUs of one machine."""

MAX_BYTES = 2**50
"""The largest size of a memory, in bytes."""

_MAX_MEGABYTES = 1_000_000
_MAX_MINUTES = 24 * 60

# At most 15 digits: no float becomes infinite.
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,15})?) ?([KMGT]?)(?:i?B)?", re.ASCII | re.IGNORECASE)
_UNIT_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}

MAX_ADDED = 10_000
"""The largest number of runs that one request adds."""

MAX_NAME = 128
"""Characters of the name of a sweep or a run, or of a tag."""

MAX_NOTES = 100_000
"""Characters of the notes about a sweep or a run."""

MAX_TAGS = 64
"""Tags of a sweep or a run."""

MAX_DEPTH = 50
"""How deep the JSON value of an argument may be nested."""

_MAX_REPR = 60  # characters of an invalid value that a message quotes


class ArgumentError(SweepError, ValueError):
    """An argument is invalid, whatever the state of the sweep."""


def brief(value: object) -> str:
    """Return a short representation of any invalid value, for a message."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - integers of thousands of digits, and any __repr__
        return f"a {type(value).__name__} that cannot be printed"
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= _MAX_REPR else f"{text[:_MAX_REPR]}…"


def check_integer(name: str, value: object, minimum: int = 1, maximum: int = MAX_RUNS) -> int:
    """Return `value` if it is an integer in a range.

    Raises
    ------
    ArgumentError
        If it is not an integer from `minimum` to `maximum`.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise ArgumentError(
            f"{name}: must be a whole number from {minimum}, and is {brief(value)}"
        )
    if value > maximum:
        raise ArgumentError(f"{name}: must be at most {maximum}, and is {brief(value)}")
    return int(value)


def check_seconds(name: str, value: object, *, allow_zero: bool = False) -> float:
    """Return `value` as seconds.

    Raises
    ------
    ArgumentError
        If it is not a finite number above 0, or 0 with `allow_zero`.
    """
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not (value > 0 or (allow_zero and value == 0)):  # type: ignore[operator]
        bound = "from 0 s" if allow_zero else "above 0 s"
        raise ArgumentError(f"{name}: must be a number {bound}, and is {brief(value)}")
    if not value <= MAX_SECONDS:  # type: ignore[operator]
        raise ArgumentError(f"{name}: must be at most {MAX_SECONDS:.0f} s, and is {brief(value)}")
    return float(value)  # type: ignore[arg-type]


def check_megabytes(name: str, value: object) -> float:
    """Return `value` as a number of MB.

    Raises
    ------
    ArgumentError
        If it is not a number from 0 that a disk can hold.
    """
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= _MAX_MEGABYTES:  # type: ignore[operator]
        raise ArgumentError(
            f"{name}: must be a number of MB from 0 to {_MAX_MEGABYTES}, and is {brief(value)}"
        )
    return float(value)  # type: ignore[arg-type]


def check_minutes(name: str, value: object) -> float:
    """Return `value` as a number of minutes.

    Raises
    ------
    ArgumentError
        If it is not a number from 0 to those of a day.
    """
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= _MAX_MINUTES:  # type: ignore[operator]
        raise ArgumentError(
            f"{name}: must be a number of minutes from 0 to {_MAX_MINUTES}, and is {brief(value)}"
        )
    return float(value)  # type: ignore[arg-type]


def check_gpus(name: str, value: object) -> float | None:
    """Return a number of GPUs, or a fraction of one; None for no particular number.

    Raises
    ------
    ArgumentError
        If it is neither a whole number from 1, nor above 0 and below 1, nor None.
    """
    if value is None:
        return None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 < value <= MAX_GPUS or (value > 1 and value % 1):  # type: ignore[operator]
        raise ArgumentError(
            f"{name}: must be a whole number of GPUs up to {MAX_GPUS}, or a fraction of one such "
            f"as 0.5, and is {brief(value)}"
        )
    return float(value)  # type: ignore[arg-type]


def check_bytes(name: str, value: object) -> int | None:
    """Return a size in bytes, from an integer or from text such as ``10G``; None for no size.

    Raises
    ------
    ArgumentError
        If it is neither.
    """
    if value is None:
        return None
    if isinstance(value, str) and (match := _SIZE.fullmatch(value.strip())):
        value = int(float(match[1]) * _UNIT_BYTES[match[2].upper()])
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= MAX_BYTES:
        raise ArgumentError(f"{name}: must be a size such as 10G or 512M, and is {brief(value)}")
    return value


def check_flag(name: str, value: object) -> bool:
    """Return `value` if it is a boolean.

    Raises
    ------
    ArgumentError
        If it is neither True nor False.
    """
    if not isinstance(value, bool):
        raise ArgumentError(f"{name}: must be true or false, and is {brief(value)}")
    return value


def check_text(name: str, value: object) -> str:
    """Return `value` if it is text.

    Raises
    ------
    ArgumentError
        If it is not text, or cannot be encoded as UTF-8.
    """
    if not isinstance(value, str):
        raise ArgumentError(f"{name}: must be text, and is {brief(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ArgumentError(
            f"{name}: has half of a surrogate pair, which UTF-8 cannot encode: {brief(value)}"
        ) from None
    if "\0" in value:
        raise ArgumentError(f"{name}: has a NUL character in it: {brief(value)}")
    return value


def check_object(name: str, value: object) -> dict[str, Any]:
    """Return `value` if it is a JSON object.

    Raises
    ------
    ArgumentError
        If it is not a mapping of JSON values by name, or is nested too deep.
    """
    if not isinstance(value, Mapping):
        raise ArgumentError(f"{name}: must be a mapping of values by name, not {brief(value)}")
    return {
        check_text(name, key): check_json(f"{name}.{key}", each) for key, each in value.items()
    }


def check_json(name: str, value: object, depth: int = 1) -> Any:  # noqa: ANN401 - a JSON value
    """Return `value` if it is a JSON value; NaN and infinities pass, as in Python's JSON.

    Raises
    ------
    ArgumentError
        If it is not one, or is nested too deep.
    """
    if depth > MAX_DEPTH:
        raise ArgumentError(f"{name[:_MAX_REPR]}: is nested more than {MAX_DEPTH} levels deep")
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise ArgumentError(f"{name}: {brief(value)} does not fit into 64 bits")
        return value
    if isinstance(value, str):
        return check_text(name, value)
    if isinstance(value, Mapping):
        return {
            check_text(name, key): check_json(f"{name}.{key}", each, depth + 1)
            for key, each in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [check_json(name, each, depth + 1) for each in value]
    raise ArgumentError(f"{name}: {brief(value)} is not a JSON value")


def check_name(name: str, value: object) -> str:
    """Return the name of a sweep or a run: one line.

    Raises
    ------
    ArgumentError
        If it is not a text of one line, or too long.
    """
    text = check_text(name, value).strip()
    if len(text) > MAX_NAME or any(unicodedata.category(char) == "Cc" for char in text):
        raise ArgumentError(
            f"{name}: must be one line of at most {MAX_NAME} characters, and is {brief(value)}"
        )
    return text


def check_notes(name: str, value: object) -> str:
    """Return notes about a sweep or a run.

    Raises
    ------
    ArgumentError
        If it is not a text, or too long.
    """
    text = check_text(name, value)
    if len(text) > MAX_NOTES:
        raise ArgumentError(f"{name}: must have at most {MAX_NOTES} characters, not {len(text)}")
    return text


def check_tags(name: str, value: object) -> list[str]:
    """Return tags, each once.

    Raises
    ------
    ArgumentError
        If it is not a list of texts of one line with something in them, or too long.
    """
    if not isinstance(value, (list, tuple)):
        raise ArgumentError(f"{name}: must be a list of texts, and is {brief(value)}")
    if len(value) > MAX_TAGS:
        raise ArgumentError(f"{name}: must be at most {MAX_TAGS}, and are {len(value)}")
    tags = [check_name(name, tag) for tag in value]
    if "" in tags:
        raise ArgumentError(f"{name}: a tag must not be empty")
    return list(dict.fromkeys(tags))


def check_added(name: str, value: object) -> int:
    """Return a number of runs that one request adds.

    Raises
    ------
    ArgumentError
        If it is not an integer in the range.
    """
    return check_integer(name, value, maximum=MAX_ADDED)


def check_version(name: str, value: object) -> int:
    """Return the version of a spec; 0 for whichever is the newest.

    Raises
    ------
    ArgumentError
        If it is not an integer from 0.
    """
    return check_integer(name, value, minimum=0)


def check_count(name: str, value: object) -> int | None:
    """Return a count of runs; None for no limit.

    Raises
    ------
    ArgumentError
        If it is neither a count nor None.
    """
    return None if value is None else check_integer(name, value)


def check_agent_count(name: str, value: object) -> int:
    """Return a number of runs at a time.

    Raises
    ------
    ArgumentError
        If it is not an integer in the range.
    """
    return check_integer(name, value, maximum=MAX_AGENTS)
