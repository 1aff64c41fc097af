"""Converts records to rows, and rows to records.

Mappings, lists and process identities are JSON in the database. That JSON is always valid: NaN and
infinities become the strings that W&B's API uses for them, so that SQLite can query it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, TypeVar

from wandb_magic.errors import StoreError
from wandb_magic.nonfinite import encode_nonfinite
from wandb_magic.records import (
    Options,
    ProcessId,
    Proposer,
    RunId,
    RunRecord,
    RunState,
    SpecVersion,
    SweepId,
    SweepRecord,
    SweepState,
)

Record = TypeVar("Record", RunRecord, SweepRecord, SpecVersion)
RUN_COLUMNS = tuple(field.name for field in fields(RunRecord))
SWEEP_COLUMNS = tuple(field.name for field in fields(SweepRecord))
VERSION_COLUMNS = tuple(field.name for field in fields(SpecVersion))

# By name, the schema that added a column to the tables of sweeps and runs, and what stores of
# earlier schemas have instead.
_ADDED = {
    "proposer": (3, "''"),
    "version": (3, "1"),
    "repeat_of": (4, "NULL"),
    "elapsed": (4, "0"),
    "slot_seconds": (4, "0"),
    "run_seconds": (4, "0"),
    "parent": (5, "NULL"),
}

_INT64 = 2**63

_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def to_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return `value` as valid JSON."""
    try:
        return _encode(value)
    except ValueError:
        return _encode(encode_nonfinite(value))


def to_text(value: str) -> str:
    """Return `value` without the lone surrogates that SQLite cannot store."""
    return value.encode("utf-8", "replace").decode("utf-8")


def check_int64(value: int) -> int:
    """Return `value`, which is a step or milliseconds since the epoch, if it is in range.

    Raises
    ------
    OverflowError
        If the difference of two such numbers could exceed SQLite's 64 bits.
    """
    if not -_INT64 // 2 <= value < _INT64 // 2:
        raise OverflowError("a step or time does not fit into 64 bits")
    return value


def check_row(values: Iterable[object]) -> None:
    """Check that SQLite can store a row: a bad one would block all others in its transaction.

    Raises
    ------
    StoreError
        If it cannot.
    """
    for value in values:
        if isinstance(value, int) and not -_INT64 <= value < _INT64:
            raise StoreError("a whole number does not fit into the store's 64 bits")
        if not isinstance(value, (int, float, str, bytes, type(None))):
            raise StoreError(f"the store cannot hold a {type(value).__name__}")


def selection(columns: Sequence[str], schema: int) -> str:
    """Return the columns to select from a store of some schema, with defaults for later ones."""
    added = {name: default for name, (since, default) in _ADDED.items() if schema < since}
    return ", ".join(f"{added[name]} AS {name}" if name in added else name for name in columns)


def encode_record(record: RunRecord | SweepRecord | SpecVersion) -> dict[str, Any]:
    """Return the row of `record`."""
    return encode_fields({field.name: getattr(record, field.name) for field in fields(record)})


def encode_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of some fields of a record."""
    return {name: _column(value) for name, value in values.items()}


def _explain_unreadable(
    read: Callable[[Sequence[Any]], Record],
) -> Callable[[Sequence[Any]], Record]:
    """Raise an error of one sentence if a row contains what this version cannot read."""

    @functools.wraps(read)
    def read_or_explain(row: Sequence[Any]) -> Record:
        try:
            return read(row)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StoreError(
                f"The store has a row that cannot be read ({error}): a newer version of "
                "wandb-magic wrote it, or it is damaged. Update wandb-magic, restore the store, "
                "or delete the sweep.",
                lasting=True,
            ) from error

    return read_or_explain


@_explain_unreadable
def run_record(row: Sequence[Any]) -> RunRecord:
    """Return the record of a row of `RUN_COLUMNS`."""
    values = dict(zip(RUN_COLUMNS, row, strict=True))
    values.update(
        id=RunId(values["id"]),
        params=json.loads(values["params"]),
        state=RunState(values["state"]),
        process=_process(values["process"]),
        proposer=Proposer(values["proposer"]),
    )
    return RunRecord(**values)


@_explain_unreadable
def sweep_record(row: Sequence[Any]) -> SweepRecord:
    """Return the record of a row of `SWEEP_COLUMNS`."""
    values = dict(zip(SWEEP_COLUMNS, row, strict=True))
    values.update(
        id=SweepId(values["id"]),
        state=SweepState(values["state"]),
        spec=json.loads(values["spec"]),
        options=_options(values["options"]),
        supervisor=_process(values["supervisor"]),
        notices=tuple(json.loads(values["notices"])),
    )
    return SweepRecord(**values)


@_explain_unreadable
def spec_version(row: Sequence[Any]) -> SpecVersion:
    """Return the record of a row of `VERSION_COLUMNS`."""
    values = dict(zip(VERSION_COLUMNS, row, strict=True))
    values.update(
        spec=json.loads(values["spec"]),
        changes=tuple(json.loads(values["changes"])),
        filled=json.loads(values["filled"]),
    )
    return SpecVersion(**values)


def insert(table: str, row: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Return the statement that inserts `row`, and its values."""
    placeholders = ", ".join("?" for _ in row)
    sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({placeholders})"  # noqa: S608 - fixed names
    return sql, list(row.values())


def update(table: str, row: Mapping[str, Any], where: str, *keys: object) -> tuple[str, list[Any]]:
    """Return the statement that updates the columns of `row`, and its values."""
    columns = ", ".join(f"{name} = ?" for name in row)
    sql = f"UPDATE {table} SET {columns} WHERE {where}"  # noqa: S608 - fixed names
    return sql, [*row.values(), *keys]


def _column(value: Any) -> Any:  # noqa: ANN401 - what SQLite stores
    if isinstance(value, (RunState, SweepState, Proposer)):
        return value.value
    if isinstance(value, str):
        return to_text(value)
    if isinstance(value, ProcessId):
        return to_json([value.pid, value.started])
    if isinstance(value, Options):
        return to_json(asdict(value))
    if isinstance(value, (Mapping, tuple, list)):
        return to_json(value)
    return value


def _options(text: str) -> Options:
    values: dict[str, Any] = dict(json.loads(text))
    options = {field.name: values[field.name] for field in fields(Options) if field.name in values}
    # Options that a newer version has added do not affect what is read here.
    for name in ("notify", "priors"):
        options[name] = tuple(options.get(name, ()))
    return Options(**options)


def _process(text: str | None) -> ProcessId | None:
    return None if text is None else ProcessId(*json.loads(text))
