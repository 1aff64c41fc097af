"""What a name in a query means: a field of every run, a parameter, or a metric."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from wandb_magic.nonfinite import JSON_TEXTS, encode_nonfinite, finite_or_none
from wandb_magic.records import RunRecord, flatten_keys

INTERNAL_PREFIXES = ("_", "wandb_magic/")
"""What keys of a summary begin with that no user logged."""
MAX_LINE = 500
"""Characters of the last line of a traceback."""

ABSENT: Any = object()
"""What a run has where it has no value: every comparison with it is false."""

_PARAMETER = ("config.", "params.")
_METRIC = "summary."
_DIGITS = re.compile(r"\.0+$")
_LARGEST = 21  # digits of a number that JavaScript writes without an exponent
_SMALLEST = -7  # the first exponent that it writes with one


@dataclass(frozen=True)
class QueryRun:
    """What a query knows of a run.

    Attributes
    ----------
    record
        The run.
    summary
        Its summary by dotted key.
    info
        What W&B shows in its header: name, group, tags, notes, host.
    """

    record: RunRecord
    summary: Mapping[str, Any] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)


Reader = Callable[[QueryRun], Any]

FIELDS: Mapping[str, Reader] = {
    "number": lambda run: run.record.number,
    "attempt": lambda run: run.record.attempt,
    "agent": lambda run: run.record.agent,
    "version": lambda run: run.record.version,
    "value": lambda run: finite_or_none(run.record.value),
    "duration": lambda run: _duration(run.record),
    "created": lambda run: run.record.created,
    "started": lambda run: run.record.started,
    "ended": lambda run: run.record.ended,
    "id": lambda run: run.record.id,
    "name": lambda run: run.info.get("name"),
    "state": lambda run: run.record.state.value,
    "cause": lambda run: run.record.cause,
    "failure": lambda run: failure_line(run.record),
    "group": lambda run: run.info.get("group"),
    "host": lambda run: run.info.get("host"),
    "notes": lambda run: run.info.get("notes"),
    "proposer": lambda run: run.record.proposer.value,
    "parent": lambda run: run.record.parent,
    "tags": lambda run: list(run.info.get("tags", ())),
}
"""What every run has, by name; None and empty texts count as absent."""

NUMBER_FIELDS = tuple(FIELDS)[: tuple(FIELDS).index("id")]
"""The fields that are numbers: times are seconds since the epoch, `duration` in seconds."""

_ALIASES = {"tag": "tags", "note": "notes"}


def field_name(name: str) -> str | None:
    """Return the field of every run that a name means; None for parameters and metrics."""
    name = _ALIASES.get(name, name)
    return name if name in FIELDS else None


def value_reader(name: str) -> Reader:
    """Return what reads the value of this name: `ABSENT` for runs without one.

    A name is a field of every run, else a parameter, else a metric. ``config.x`` is only a
    parameter, ``summary.x`` only a metric.
    """
    own = field_name(name)
    if own is not None:
        return _field_reader(FIELDS[own])
    for prefix in _PARAMETER:
        if name.startswith(prefix):
            return _first(_parameter_reader(name.removeprefix(prefix)), _logged_reader(name))
    if name.startswith(_METRIC):
        return _first(_metric_reader(name.removeprefix(_METRIC)), _logged_reader(name))
    return _logged_reader(name)


def _field_reader(read: Reader) -> Reader:
    def read_field(run: QueryRun) -> Any:  # noqa: ANN401 - any value
        value = read(run)
        return ABSENT if value is None or value == "" else value

    return read_field


def _logged_reader(name: str) -> Reader:
    return _first(_parameter_reader(name), _metric_reader(name))


def _first(read: Reader, other: Reader) -> Reader:
    def read_first(run: QueryRun) -> Any:  # noqa: ANN401 - any value
        value = read(run)
        return other(run) if value is ABSENT else value

    return read_first


def _parameter_reader(name: str) -> Reader:
    if "." not in name:

        def read(run: QueryRun) -> Any:  # noqa: ANN401 - any value
            value = run.record.params.get(name, ABSENT)
            return ABSENT if isinstance(value, Mapping) and value else value

        return read
    return lambda run: _nested(run.record.params, name)


def _nested(values: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - any value
    """Return the value of a dotted name, whose parts may have dots themselves."""
    value = values.get(name, ABSENT)
    if value is not ABSENT and not (isinstance(value, Mapping) and value):
        return value
    for key, part in values.items():
        if name.startswith(f"{key}.") and isinstance(part, Mapping):
            value = _nested(part, name[len(key) + 1 :])
            if value is not ABSENT:
                return value
    return ABSENT


def _metric_reader(name: str) -> Reader:
    if name.startswith(INTERNAL_PREFIXES):
        return lambda _: ABSENT

    def read(run: QueryRun) -> Any:  # noqa: ANN401 - any value
        value = run.summary.get(name, ABSENT)
        return value if isinstance(value, (int, float, str)) else ABSENT

    return read


def known_names(runs: Iterable[QueryRun]) -> set[str]:
    """Return the names of all parameters and metrics of some runs."""
    names: set[str] = set()
    for run in runs:
        names.update(flatten_keys(run.record.params))
        names.update(key for key in run.summary if not key.startswith(INTERNAL_PREFIXES))
    return names


def failure_line(record: RunRecord) -> str:
    """Return the last line of a failed run's traceback, which has the error; else ""."""
    lines = [line for line in record.error.splitlines() if line.strip()]
    return lines[-1].strip()[:MAX_LINE] if lines and record.state.is_failure else ""


def searched_text(run: QueryRun) -> str:
    """Return the text in which words are searched, in lower case."""
    record, info = run.record, run.info
    parts = [
        record.id,
        info.get("name", ""),
        f"#{record.number}",
        record.state.value,
        record.cause,
        failure_line(record),
        info.get("group", ""),
        info.get("host", ""),
        info.get("notes", ""),
        *info.get("tags", ()),
        *(f"{key}={value_text(value)}" for key, value in flatten_keys(record.params).items()),
    ]
    return " ".join(parts).lower()


def value_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a value as text, numbers as the panel's JavaScript writes them."""
    if isinstance(value, str):
        return value
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _number_text(value)
    if isinstance(value, Mapping):
        items = (f"{key}:{value_text(part)}" for key, part in value.items())
        return f"{{{','.join(items)}}}"
    return f"[{','.join(value_text(part) for part in value)}]"


def _number_text(number: float) -> str:
    """Return a number as JavaScript does: ``1`` for 1.0, ``0.00001``, ``1e-7``."""
    value = as_float(number)
    encoded = encode_nonfinite(value)
    if isinstance(encoded, str):
        return encoded
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    text, places = "".join(map(str, digits)), len(digits) + exponent
    if places <= _LARGEST and exponent >= 0:
        text += "0" * exponent
    elif 0 < places <= _LARGEST:
        text = f"{text[:places]}.{text[places:]}"
    elif _SMALLEST < places - 1 < 0:
        text = f"0.{'0' * -places}{text}"
    else:
        mantissa = text[0] + (f".{text[1:]}" if text[1:] else "")
        text = f"{mantissa}e{places - 1:+d}"
    return f"-{text}" if sign else text


def as_float(number: float) -> float:
    """Return a number as a float, as in JavaScript; infinite if it is too large."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def as_number(value: Any) -> float | None:  # noqa: ANN401 - any JSON value
    """Return the number that a value is: texts such as ``NaN`` stand for what JSON lacks."""
    if isinstance(value, str):
        return JSON_TEXTS.get(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return as_float(value)


def _duration(record: RunRecord) -> float | None:
    if record.started is None:
        return None
    return max(0.0, (time.time() if record.ended is None else record.ended) - record.started)
