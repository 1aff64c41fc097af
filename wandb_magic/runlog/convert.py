"""Turns W&B's records into entries.

W&B takes nested values apart (``img: {_type, path}`` becomes two items, in any order); here what
belongs to one media value comes together again, and all else gets dotted keys. NaN and infinities,
which JSON does not know, become the strings that W&B's own API uses, but stay numbers in the
history.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from wandb_magic.entries import (
    ArtifactEntry,
    ChartEntry,
    ConfigEntry,
    Entry,
    ExitEntry,
    FilesEntry,
    HistoryEntry,
    InfoEntry,
    SummaryEntry,
    SystemEntry,
)
from wandb_magic.runlog import wire

_INTERNAL = "_wandb"
_TYPE = "_type"
_CHART = (_INTERNAL, "visualize")
_Path = tuple[str, ...]

# What a decoder returns: the value, and where its text ends.
_Decode = Callable[[str], tuple[Any, int]]
_history_json: _Decode = json.JSONDecoder().raw_decode
_document_json: _Decode = json.JSONDecoder(parse_constant=str).raw_decode


def entries(raw: bytes) -> Iterator[Entry]:
    """Yield what one record of the log says; nothing if it is of no interest.

    Raises
    ------
    wandb_magic.runlog.wire.DecodeError, ValueError
        If `raw` is no protobuf message, or a value in it is no JSON.
    """
    record = wire.parse(raw)
    kind = record.WhichOneof("record_type")
    if kind in _CONVERTERS:
        yield from _CONVERTERS[kind](getattr(record, kind))


def _history(record: wire.Message) -> Iterator[Entry]:
    values = _dotted(record.item, _history_json)
    step = values.pop("_step", record.step.num)
    time = values.pop("_timestamp", None)
    values.pop("_runtime", None)
    scalars: dict[str, float] = {}
    media: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, (float, int)):
            scalars[key] = _number(value)
        elif value is not None:
            media[key] = value
    yield HistoryEntry(int(step), time, scalars, media)


def _summary(record: wire.Message) -> Iterator[Entry]:
    update, remove = _changes(record)
    if update or remove:
        yield SummaryEntry(update, remove)


def _config(record: wire.Message) -> Iterator[Entry]:
    update, remove = _changes(record)
    if update or remove:
        yield ConfigEntry(update, remove)
    for item in record.update:
        path = _path(item)
        if path[: len(_CHART)] == _CHART and len(path) > len(_CHART):
            yield from _chart(".".join(path[len(_CHART) :]), _document_json(item.value_json)[0])


def _chart(key: str, definition: Any) -> Iterator[Entry]:  # noqa: ANN401 - any JSON value
    """Yield the chart; nothing for one of a kind that has no table."""
    panel = definition.get("panel_config") if isinstance(definition, dict) else None
    if isinstance(panel, dict) and isinstance(kind := panel.get("panelDefId"), str):
        table = _table_of(panel.get("userQuery"))
        if table is not None:
            fields = _texts(panel.get("fieldSettings"))
            yield ChartEntry(table, key, kind, fields, _texts(panel.get("stringSettings")))


def _table_of(query: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Find in W&B's query for a chart's data which table it asks for."""
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


def _changes(record: wire.Message) -> tuple[dict[str, Any], _Path]:
    """Return what to set and, before that, what to remove with all below it."""
    remove = [".".join(_path(item)) for item in record.remove]
    # A whole value replaces what was there; one that W&B took apart adds to it.
    remove += [item.key for item in record.update if item.key and item.value_json.startswith("{")]
    return _dotted(record.update, _document_json), tuple(key for key in remove if key != _INTERNAL)


def _stats(record: wire.Message) -> Iterator[Entry]:
    values = {item.key: _history_json(item.value_json)[0] for item in record.item}
    yield SystemEntry(
        _seconds(record.timestamp),
        {key: _number(value) for key, value in values.items() if isinstance(value, (float, int))},
    )


def _files(record: wire.Message) -> Iterator[Entry]:
    yield FilesEntry(tuple(file.path for file in record.files))


def _artifact(record: wire.Message) -> Iterator[Entry]:
    yield ArtifactEntry(
        name=record.name,
        type=record.type,
        aliases=tuple(record.aliases),
        used=record.use_after_commit,
        metadata=_document_json(record.metadata or "{}")[0],
    )


def _use_artifact(record: wire.Message) -> Iterator[Entry]:
    yield ArtifactEntry(record.name, record.type, aliases=(), used=True)


def _run(record: wire.Message) -> Iterator[Entry]:
    yield InfoEntry(
        name=record.display_name,
        project=record.project,
        group=record.run_group,
        job_type=record.job_type,
        tags=tuple(record.tags),
        notes=record.notes,
        host=record.host,
        git_commit=record.git.commit,
        start_time=_seconds(record.start_time),
    )
    yield from _config(record.config)


def _exit(record: wire.Message) -> Iterator[Entry]:
    yield ExitEntry(record.exit_code, float(record.runtime))


def _path(item: wire.Message) -> _Path:
    return tuple(item.nested_key) or (item.key,)


def _dotted(items: Iterable[wire.Message], decode: _Decode) -> dict[str, Any]:
    """Decode the values of `items` by dotted key; a media value stays one dict."""
    values = {
        path: decode(item.value_json)[0] for item in items if (path := _path(item))[0] != _INTERNAL
    }
    media = {path[:-1] for path in values if path[-1] == _TYPE and len(path) > 1}
    if media:
        values = _gathered(values, media)
    flat: dict[str, Any] = {}
    for path, value in values.items():
        _flatten(".".join(path), value, flat)
    return flat


def _gathered(values: Mapping[_Path, Any], media: set[_Path]) -> dict[_Path, Any]:
    """Put everything below a path in `media` together into one dict."""
    gathered: dict[_Path, Any] = {}
    for path, value in values.items():
        root = next((path[:n] for n in range(1, len(path)) if path[:n] in media), path)
        if root == path:
            gathered[path] = value
            continue
        node = gathered.setdefault(root, {})
        for part in path[len(root) : -1]:
            node = node.setdefault(part, {})
        node[path[-1]] = value
    return gathered


def _flatten(key: str, value: Any, flat: dict[str, Any]) -> None:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict) and value and _TYPE not in value:
        for name, part in value.items():
            _flatten(f"{key}.{name}", part, flat)
    else:
        flat[key] = value


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _seconds(timestamp: wire.Message) -> float:
    return float(timestamp.seconds + timestamp.nanos / 1e9)


_CONVERTERS: dict[str, Callable[[wire.Message], Iterator[Entry]]] = {
    "history": _history,
    "summary": _summary,
    "config": _config,
    "files": _files,
    "stats": _stats,
    "artifact": _artifact,
    "use_artifact": _use_artifact,
    "run": _run,
    "exit": _exit,
}
