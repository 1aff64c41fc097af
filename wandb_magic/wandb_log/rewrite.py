"""Rewrites records for the copy of a run's log that is sent to another sweep.

The run record of an offline log has the sweep, the project and the entity that the run had when it
started; its exit record is missing if the run died. Everything else is copied unchanged, including
fields that are not declared here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wandb_magic.wandb_log import protobuf_schema

# The version needed to read logs written here; every supported wandb requires no more.
_MIN_CONSUMER = "0.40.0"
_STDOUT = 1


@dataclass(frozen=True)
class Address:
    """Where a run is sent to: W&B's names of the entity, the project and the sweep."""

    entity: str
    project: str
    sweep: str


def with_address(
    raw: bytes, address: Address, labels: Mapping[str, Any]
) -> tuple[str | None, bytes]:
    """Return a record's kind, or None if unknown, and the record with another address.

    A record that introduces a run also gets the ``name``, ``notes`` and ``tags`` in `labels`.

    Raises
    ------
    DecodeError
        If `raw` is not a record.
    """
    record = protobuf_schema.parse_record(raw)
    kind: str | None = record.WhichOneof("record_type")
    if kind not in ("run", "artifact"):
        return kind, raw
    if kind == "run":
        record.run.sweep_id = address.sweep
        record.run.display_name = labels.get("name", record.run.display_name)
        record.run.notes = labels.get("notes", record.run.notes)
        tags = list(labels.get("tags", record.run.tags))
        del record.run.tags[:]
        record.run.tags.extend(tags)
    message = getattr(record, kind)
    message.entity, message.project = address.entity, address.project
    return kind, _bytes(record)


def without_summary_key(raw: bytes, key: str) -> bytes:
    """Return a record of summary values without that of `key`.

    Raises
    ------
    DecodeError
        If `raw` is not a record.
    """
    record = protobuf_schema.parse_record(raw)
    items = [item for item in record.summary.update if item.key != key]
    del record.summary.update[:]
    record.summary.update.extend(items)
    return _bytes(record)


def header_record() -> bytes:
    """Return the first record of a log."""
    record = protobuf_schema.new_record()
    record.header.version_info.producer = "wandb_magic"
    record.header.version_info.min_consumer = _MIN_CONSUMER
    return _bytes(record)


def run_record(
    identity: str, address: Address, config: Mapping[str, Any], started: float
) -> bytes:
    """Return the record that introduces a run; `started` is in seconds since the epoch."""
    record = protobuf_schema.new_record()
    record.run.run_id = identity
    record.run.entity, record.run.project = address.entity, address.project
    record.run.sweep_id = address.sweep
    record.run.start_time.seconds = int(started)
    record.run.start_time.nanos = int(started % 1 * 1e9)
    for key, value in {"_wandb": {}, **config}.items():
        record.run.config.update.add(key=key, value_json=json.dumps(value))
    return _bytes(record)


def output_record(text: str, time: float) -> bytes:
    """Return a record of what a run printed; `time` is in seconds since the epoch."""
    record = protobuf_schema.new_record()
    record.output_raw.output_type = _STDOUT
    record.output_raw.timestamp.seconds = int(time)
    record.output_raw.line = text
    return _bytes(record)


def summary_record(key: str, value: object) -> bytes:
    """Return a record that sets one value of the summary."""
    record = protobuf_schema.new_record()
    record.summary.update.add(key=key, value_json=json.dumps(value))
    return _bytes(record)


def exit_record(code: int, runtime: float) -> bytes:
    """Return the record of a run's end; `runtime` is in seconds."""
    record = protobuf_schema.new_record()
    record.exit.exit_code = code
    record.exit.runtime = int(runtime)
    return _bytes(record)


def final_record() -> bytes:
    """Return the record that ends a log.

    The ``wandb sync`` of versions before 0.30 sends a run's exit only when it reaches this record,
    which logs written by wandb-core do not have.
    """
    record = protobuf_schema.new_record()
    record.final.SetInParent()
    return _bytes(record)


def _bytes(record: protobuf_schema.Message) -> bytes:
    return bytes(record.SerializeToString())
