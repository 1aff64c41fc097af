"""Converts W&B's records into log records.

W&B splits nested values (``img: {_type, path}`` becomes two items, in any order); here the parts
of a media value are joined again, and all other values get dotted keys. NaN and infinities, which
JSON does not have, become the strings that W&B's own API uses, but remain numbers in the history.

A log may have been written by any program: a value that the store or its readers cannot represent
is left out, with an `OmittedRecord`; the rest of its record is kept.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from wandb_magic.log_records import (
    AlertRecord,
    ArtifactRecord,
    ChartRecord,
    ConfigRecord,
    ExitRecord,
    FilesRecord,
    HistoryRecord,
    InfoRecord,
    LogRecord,
    OmittedRecord,
    SummaryRecord,
    SystemRecord,
)
from wandb_magic.records import INTERNAL_KEY, TYPE_KEY, flatten_keys
from wandb_magic.wandb_log import protobuf_schema

_CHART = (INTERNAL_KEY, "visualize")
_Path = tuple[str, ...]

MOST_STEP = 2**53
"""The largest step: the largest integer that every reader, including browsers, holds exactly."""

LATEST = 253_402_300_800.0
"""The end of the year 9999, in seconds since the epoch: calendars support no later time."""

MOST_DEPTH = 100
"""Maximum nesting depth of a value: deeper ones would exhaust the stack of readers."""

_INT64 = 2**63
_MAX_ALERT = 1000  # characters of an alert's title, and of its text
# An unterminated string matches to the end: else each quote after it would be tried.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)
# Possible numbers beyond 64 bits, or halves of surrogate pairs.
_ODD = re.compile(r"[0-9]{19}|\\u[dD][89a-fA-F]")

# A decoder returns the value, and the index where its text ends.
_Decode = Callable[[str], tuple[Any, int]]
_history_json: _Decode = json.JSONDecoder().raw_decode
_document_json: _Decode = json.JSONDecoder(parse_constant=str).raw_decode
# Python refuses to read integers of more than 4300 digits.
_long_json: _Decode = json.JSONDecoder(parse_int=float, parse_constant=str).raw_decode


class _Omissions(list[OmittedRecord]):
    """The values of one record that are left out."""

    def add(self, key: str, reason: object) -> None:
        """Add a value that is left out, and why."""
        self.append(OmittedRecord(key, str(reason)))


def convert_record(raw: bytes) -> Iterator[LogRecord]:
    """Yield the log records of one record of W&B's; nothing if it is not of interest.

    Raises
    ------
    wandb_magic.wandb_log.protobuf_schema.DecodeError
        If `raw` is not a protobuf message.
    """
    record = protobuf_schema.parse_record(raw)
    kind = record.WhichOneof("record_type")
    if kind not in _CONVERTERS:
        return
    omitted = _Omissions()
    try:
        yield from _CONVERTERS[kind](getattr(record, kind), omitted)
    except Exception as error:  # noqa: BLE001 - any program may have written it
        omitted.add("", f"its {kind} record cannot be read ({type(error).__name__})")
    yield from omitted


def _history(record: protobuf_schema.Message, omitted: _Omissions) -> Iterator[LogRecord]:
    values = _dotted(record.item, _history_json, omitted)
    step = _step(values.pop("_step", None), record.step.num, omitted)
    time = _time("_timestamp", values.pop("_timestamp", None), omitted)
    values.pop("_runtime", None)
    if step is None:
        return
    scalars: dict[str, float] = {}
    media: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, (float, int)):
            scalars[key] = _number(value)
        elif value is not None:
            media[key] = value
    yield HistoryRecord(step, time, scalars, media)


def _alert(record: protobuf_schema.Message, _: _Omissions) -> Iterator[LogRecord]:
    yield AlertRecord(record.title[:_MAX_ALERT], record.text[:_MAX_ALERT])


def _step(logged: Any, counted: int, omitted: _Omissions) -> int | None:  # noqa: ANN401 - any JSON value
    """Return the step of a row: the logged one, or else the one that W&B's client counted."""
    if logged is not None:
        if _is_number(logged) and abs(logged) <= MOST_STEP:
            return int(logged)
        omitted.add("_step", f"it is not an integer up to {MOST_STEP}")
    if abs(counted) <= MOST_STEP:
        return counted
    omitted.add("", f"its step is beyond {MOST_STEP}")
    return None


def _time(key: str, value: Any, omitted: _Omissions) -> float | None:  # noqa: ANN401 - any JSON value
    """Return seconds since the epoch; None if missing or out of range."""
    if value is None:
        return None
    if _is_number(value) and 0 <= value < LATEST:
        return float(value)
    omitted.add(key, "it is not a time in seconds since 1970")
    return None


def _is_number(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _summary(record: protobuf_schema.Message, omitted: _Omissions) -> Iterator[LogRecord]:
    update, remove = _changes(record, omitted)
    if update or remove:
        yield SummaryRecord(update, remove)


def _config(record: protobuf_schema.Message, omitted: _Omissions) -> Iterator[LogRecord]:
    update, remove = _changes(record, omitted)
    if update or remove:
        yield ConfigRecord(update, remove)
    for item in record.update:
        path = _path(item)
        if path[: len(_CHART)] == _CHART and len(path) > len(_CHART):
            key = ".".join(path[len(_CHART) :])
            try:
                yield from _chart(key, _read(item.value_json, _document_json))
            except ValueError as error:
                omitted.add(key, error)


def _chart(key: str, definition: Any) -> Iterator[LogRecord]:  # noqa: ANN401 - any JSON value
    """Yield the chart; nothing if it has no table."""
    panel = definition.get("panel_config") if isinstance(definition, dict) else None
    if isinstance(panel, dict) and isinstance(kind := panel.get("panelDefId"), str):
        table = _table_of(panel.get("userQuery"))
        if table is not None:
            fields = _texts(panel.get("fieldSettings"))
            yield ChartRecord(table, key, kind, fields, _texts(panel.get("stringSettings")))


def _table_of(query: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return the table that W&B's query for a chart's data requests, or None."""
    if isinstance(query, dict):
        if query.get("name") == "tableKey" and isinstance(query.get("value"), str):
            return str(query["value"])
        query = list(query.values())
    if isinstance(query, list):
        return next((found for part in query if (found := _table_of(part)) is not None), None)
    return None


def _texts(values: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON value
    if not isinstance(values, dict):
        return {}
    return {name: value for name, value in values.items() if isinstance(value, str)}


def _changes(record: protobuf_schema.Message, omitted: _Omissions) -> tuple[dict[str, Any], _Path]:
    """Return the values to set, and the keys to remove before that, with all below them."""
    remove = [".".join(_path(item)) for item in record.remove]
    # A complete value replaces the previous one; one that W&B split is merged into it.
    remove += [item.key for item in record.update if item.key and item.value_json.startswith("{")]
    update = _dotted(record.update, _document_json, omitted)
    return update, tuple(key for key in remove if key != INTERNAL_KEY)


def _stats(record: protobuf_schema.Message, omitted: _Omissions) -> Iterator[LogRecord]:
    time = _time("", _seconds(record.timestamp), omitted)
    values = _values(
        (((item.key,), item.value_json) for item in record.item), _history_json, omitted
    )
    if time is not None:
        yield SystemRecord(
            time,
            {
                key: _number(value)
                for (key,), value in values.items()
                if isinstance(value, (float, int))
            },
        )


def _files(record: protobuf_schema.Message, _: _Omissions) -> Iterator[LogRecord]:
    yield FilesRecord(tuple(file.path for file in record.files))


def _artifact(record: protobuf_schema.Message, omitted: _Omissions) -> Iterator[LogRecord]:
    try:
        metadata = _read(record.metadata or "{}", _document_json)
    except ValueError as error:
        omitted.add("metadata", error)
        metadata = {}
    yield ArtifactRecord(
        name=record.name,
        type=record.type,
        aliases=tuple(record.aliases),
        used=record.use_after_commit,
        metadata=metadata if isinstance(metadata, dict) else {},
    )


def _use_artifact(record: protobuf_schema.Message, _: _Omissions) -> Iterator[LogRecord]:
    yield ArtifactRecord(record.name, record.type, aliases=(), used=True)


def _run(record: protobuf_schema.Message, omitted: _Omissions) -> Iterator[LogRecord]:
    yield InfoRecord(
        name=record.display_name,
        project=record.project,
        group=record.run_group,
        job_type=record.job_type,
        tags=tuple(record.tags),
        notes=record.notes,
        host=record.host,
        git_commit=record.git.commit,
        start_time=_time("", _seconds(record.start_time), omitted) or 0.0,
    )
    yield from _config(record.config, omitted)


def _exit(record: protobuf_schema.Message, _: _Omissions) -> Iterator[LogRecord]:
    yield ExitRecord(record.exit_code, float(record.runtime))


def _path(item: protobuf_schema.Message) -> _Path:
    return tuple(item.nested_key) or (item.key,)


def _read(text: str, decode: _Decode) -> Any:  # noqa: ANN401 - any JSON value
    """Decode a value, in a form that the store and all readers can represent.

    Raises
    ------
    ValueError
        If it is not JSON, or nested too deep: the reason, as the rest of a sentence.
    """
    if text.count("[") + text.count("{") > MOST_DEPTH and _depth(text) > MOST_DEPTH:
        raise ValueError(f"it is nested more than {MOST_DEPTH} levels deep")
    try:
        value, _ = decode(text)
    except ValueError:
        try:
            value, _ = _long_json(text)
        except ValueError:
            raise ValueError("it is not JSON") from None
    return _storable(value) if _ODD.search(text) else value


def _depth(text: str) -> int:
    """Return the nesting depth of a JSON text."""
    depth = deepest = 0
    for character in _STRING.sub("", text):
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _storable(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value whose integers fit 64 bits and whose strings are valid Unicode."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return _number(value)
    if isinstance(value, dict):
        return {_text(key): _storable(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_storable(part) for part in value]
    return value


def _text(value: str) -> str:
    """Return a string with U+FFFD in place of each lone surrogate."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _values(
    items: Iterable[tuple[_Path, str]], decode: _Decode, omitted: _Omissions
) -> dict[_Path, Any]:
    """Decode values by path; leave out those that cannot be represented."""
    values: dict[_Path, Any] = {}
    for path, text in items:
        try:
            if len(path) > MOST_DEPTH:
                raise ValueError(f"it is nested more than {MOST_DEPTH} levels deep")  # noqa: TRY301 - handled in one place
            values[path] = _read(text, decode)
        except ValueError as error:
            omitted.add(".".join(path[:MOST_DEPTH]), error)
    return values


def _dotted(
    items: Iterable[protobuf_schema.Message], decode: _Decode, omitted: _Omissions
) -> dict[str, Any]:
    """Decode the values of `items` by dotted key; a media value remains one dict."""
    values = _values(
        ((path, item.value_json) for item in items if (path := _path(item))[0] != INTERNAL_KEY),
        decode,
        omitted,
    )
    media = {path[:-1] for path in values if path[-1] == TYPE_KEY and len(path) > 1}
    if media:
        values = _gather_media(values, media)
    return flatten_keys({".".join(path): value for path, value in values.items()}, keep_media=True)


def _gather_media(values: Mapping[_Path, Any], media: set[_Path]) -> dict[_Path, Any]:
    """Join everything below a path in `media` into one dict."""
    gathered: dict[_Path, Any] = {}
    for path, value in values.items():
        root = next((path[:n] for n in range(1, len(path)) if path[:n] in media), path)
        if root == path:
            gathered[path] = value
            continue
        node = _child(gathered, root)
        for part in path[len(root) : -1]:
            node = _child(node, part)
        node[path[-1]] = value
    return gathered


def _child(node: dict[Any, Any], key: object) -> dict[str, Any]:
    """Return the mapping under `key`; replace any other value by a new one."""
    child = node.get(key)
    if not isinstance(child, dict):
        child = node[key] = {}
    return child


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _seconds(timestamp: protobuf_schema.Message) -> float:
    return float(timestamp.seconds + timestamp.nanos / 1e9)


_CONVERTERS: dict[str, Callable[[protobuf_schema.Message, _Omissions], Iterator[LogRecord]]] = {
    "history": _history,
    "summary": _summary,
    "config": _config,
    "files": _files,
    "stats": _stats,
    "alert": _alert,
    "artifact": _artifact,
    "use_artifact": _use_artifact,
    "run": _run,
    "exit": _exit,
}
