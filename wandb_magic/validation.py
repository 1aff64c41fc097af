"""What people may ask, checked where they ask it and again where it is carried out.

A value that no sweep could mean, or that the store could not hold, is refused in a sentence.
Nothing here knows whether a request makes sense now: that is the supervisor's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wandb_magic.errors import SweepError

MOST_RUNS = 2**31 - 1
"""The largest count of runs that a sweep takes."""

MOST_AGENTS = 10_000
"""The largest number of runs at a time: more processes than a machine has room for."""

MOST_SECONDS = 100 * 365 * 86_400.0
"""The longest time that an option can mean."""

_SHOWN = 60  # characters of a wrong value that a message repeats


class ArgumentError(SweepError, ValueError):
    """An argument makes no sense, whatever the state of the sweep."""


def shown(value: object) -> str:
    """Return a wrong value as a message repeats it: short, whatever it is."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - integers of thousands of digits, and any __repr__
        return f"a {type(value).__name__} that cannot be printed"
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def whole(name: str, value: object, least: int = 1, most: int = MOST_RUNS) -> int:
    """Return the whole number that `value` is.

    Raises
    ------
    ArgumentError
        If it is none from `least` to `most`.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ArgumentError(f"{name}: must be a whole number from {least}, and is {shown(value)}")
    if value > most:
        raise ArgumentError(f"{name}: must be at most {most}, and is {shown(value)}")
    return int(value)


def seconds(name: str, value: object, *, zero: bool = False) -> float:
    """Return the seconds that `value` says.

    Raises
    ------
    ArgumentError
        If it is no number above 0, or 0 where `zero` is allowed, that is finite.
    """
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not known or not (value > 0 or (zero and value == 0)):  # type: ignore[operator]
        least = "from 0 s" if zero else "above 0 s"
        raise ArgumentError(f"{name}: must be a number {least}, and is {shown(value)}")
    if not value <= MOST_SECONDS:  # type: ignore[operator]
        raise ArgumentError(f"{name}: must be at most {MOST_SECONDS:.0f} s, and is {shown(value)}")
    return float(value)  # type: ignore[arg-type]


def flag(name: str, value: object) -> bool:
    """Return the truth value that `value` is.

    Raises
    ------
    ArgumentError
        If it is neither True nor False.
    """
    if not isinstance(value, bool):
        raise ArgumentError(f"{name}: must be true or false, and is {shown(value)}")
    return value


def text(name: str, value: object) -> str:
    """Return the text that `value` is.

    Raises
    ------
    ArgumentError
        If it is no text, or holds what UTF-8 cannot say.
    """
    if not isinstance(value, str):
        raise ArgumentError(f"{name}: must be text, and is {shown(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ArgumentError(
            f"{name}: has half of a surrogate pair, which UTF-8 cannot say: {shown(value)}"
        ) from None
    if "\0" in value:
        raise ArgumentError(f"{name}: has a NUL character in it: {shown(value)}")
    return value


def count(name: str, value: object) -> int | None:
    """Return a count of runs; None for no limit.

    Raises
    ------
    ArgumentError
        If it is neither.
    """
    return None if value is None else whole(name, value)


def agents(name: str, value: object) -> int:
    """Return a number of runs at a time.

    Raises
    ------
    ArgumentError
        If it is none.
    """
    return whole(name, value, most=MOST_AGENTS)


def number(name: str, value: object) -> int:
    """Return the number of a set of parameters.

    Raises
    ------
    ArgumentError
        If it is none.
    """
    return whole(name, value, least=0)


_Check = Callable[[str, object], Any]

REQUEST_ARGUMENTS: Mapping[str, Mapping[str, _Check]] = {
    "stop": {"drain": flag},
    "pause": {},
    "resume": {},
    "stop_run": {"run": text},
    "rerun": {"number": number},
    "resume_run": {"run": text},
    "rerun_failed": {"resume": flag},
    "set_agents": {"agents": agents},
    "set_count": {"count": count},
}
"""The arguments of each request; those with a default may be left out."""

_DEFAULTS = {"drain": False, "resume": False}


def request_arguments(verb: object, arguments: object) -> dict[str, Any]:
    """Return the arguments of a request, whole and of the right types.

    Parameters
    ----------
    verb
        What is asked.
    arguments
        A mapping of JSON values by name.

    Raises
    ------
    ArgumentError
        If there is no such verb, or its arguments make no sense.
    """
    checks = REQUEST_ARGUMENTS.get(verb) if isinstance(verb, str) else None
    if checks is None:
        raise ArgumentError(
            f"verb: must be one of {', '.join(REQUEST_ARGUMENTS)}, and is {shown(verb)}"
        )
    if not isinstance(arguments, Mapping):
        raise ArgumentError(f"{verb}: its arguments must be a mapping, not {shown(arguments)}")
    for name in arguments:
        if name not in checks:
            raise ArgumentError(f"{verb}: takes no argument {shown(name)}")
    found = {}
    for name, check in checks.items():
        if name not in arguments and name not in _DEFAULTS:
            raise ArgumentError(f"{verb}: needs the argument {name}")
        found[name] = check(name, arguments.get(name, _DEFAULTS.get(name)))
    return found
