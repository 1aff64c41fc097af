"""The part of W&B's record format that is read and written here, and only here.

The fields are those of ``wandb/proto/wandb_internal.proto``, with W&B's own names and numbers; a
test compares them with the installed wandb. They are declared here because importing W&B's
generated module imports all of wandb (0.8 s and 55 MB, against 0.08 s and 16 MB), and because the
numbers are the same in every version of wandb and protobuf. Protobuf itself skips fields that are
not declared, and preserves them when it writes a message that it has read.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import (  # type: ignore[import-untyped] # protobuf ships no types
    descriptor_pb2,
    descriptor_pool,
    message,
    message_factory,
)

DecodeError = message.DecodeError
"""The error that `parse_record` raises."""

Message = Any
"""A protobuf message, whose class is created at run time."""

_ITEM = {"key": (1, "string"), "nested_key": (2, "*string"), "value_json": (16, "string")}
_CHANGES: dict[str, tuple[int, str]] = {"update": (1, "*Item"), "remove": (2, "*Item")}

# Field: (number, type), where a star means repeated.
MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Record": {
        "num": (1, "int64"),
        "history": (2, "HistoryRecord"),
        "summary": (3, "SummaryRecord"),
        "config": (5, "ConfigRecord"),
        "files": (6, "FilesRecord"),
        "stats": (7, "StatsRecord"),
        "artifact": (8, "ArtifactRecord"),
        "alert": (10, "AlertRecord"),
        "output_raw": (13, "OutputRawRecord"),
        "run": (17, "RunRecord"),
        "exit": (18, "RunExitRecord"),
        "final": (20, "FinalRecord"),
        "header": (21, "HeaderRecord"),
        "footer": (22, "FooterRecord"),
        "use_artifact": (25, "UseArtifactRecord"),
    },
    "Item": _ITEM,
    "HistoryStep": {"num": (1, "int64")},
    "HistoryRecord": {"item": (1, "*Item"), "step": (2, "HistoryStep")},
    "SummaryRecord": _CHANGES,
    "ConfigRecord": _CHANGES,
    "FilesItem": {"path": (1, "string")},
    "FilesRecord": {"files": (1, "*FilesItem")},
    "Timestamp": {"seconds": (1, "int64"), "nanos": (2, "int32")},
    "StatsItem": {"key": (1, "string"), "value_json": (16, "string")},
    "StatsRecord": {"timestamp": (2, "Timestamp"), "item": (3, "*StatsItem")},
    "ArtifactRecord": {
        "project": (2, "string"),
        "entity": (3, "string"),
        "type": (4, "string"),
        "name": (5, "string"),
        "metadata": (8, "string"),
        "use_after_commit": (10, "bool"),
        "aliases": (11, "*string"),
    },
    "AlertRecord": {"title": (1, "string"), "text": (2, "string")},
    "UseArtifactRecord": {"type": (2, "string"), "name": (3, "string")},
    "GitRepoRecord": {"commit": (2, "string")},
    "RunRecord": {
        "run_id": (1, "string"),
        "entity": (2, "string"),
        "project": (3, "string"),
        "config": (4, "ConfigRecord"),
        "run_group": (6, "string"),
        "job_type": (7, "string"),
        "display_name": (8, "string"),
        "notes": (9, "string"),
        "tags": (10, "*string"),
        "sweep_id": (12, "string"),
        "host": (13, "string"),
        "start_time": (17, "Timestamp"),
        "git": (21, "GitRepoRecord"),
    },
    "RunExitRecord": {"exit_code": (1, "int32"), "runtime": (2, "int32")},
    "OutputRawRecord": {
        "output_type": (1, "int32"),
        "timestamp": (2, "Timestamp"),
        "line": (3, "string"),
    },
    "VersionInfo": {"producer": (1, "string"), "min_consumer": (2, "string")},
    "HeaderRecord": {"version_info": (1, "VersionInfo")},
    "FinalRecord": {},
    "FooterRecord": {},
}


def parse_record(raw: bytes) -> Message:
    """Parse one record.

    Raises
    ------
    DecodeError
        If `raw` is no protobuf message.
    """
    return _record_class().FromString(raw)


def new_record() -> Message:
    """Return an empty record, to be filled and written with ``SerializeToString()``."""
    return _record_class()()


@cache
def _record_class() -> Any:  # noqa: ANN401 - a class that protobuf makes
    package = "wandb_magic"
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto", package=package, syntax="proto3"
    )
    for name, fields in MESSAGES.items():
        message_type = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            descriptor = message_type.field.add(name=field, number=number)
            type_name = kind.lstrip("*")
            descriptor.label = (
                descriptor.LABEL_OPTIONAL if type_name == kind else descriptor.LABEL_REPEATED
            )
            if type_name in MESSAGES:
                descriptor.type = descriptor.TYPE_MESSAGE
                descriptor.type_name = f".{package}.{type_name}"
            else:
                descriptor.type = getattr(descriptor, f"TYPE_{type_name.upper()}")
        if name == "Record":
            message_type.oneof_decl.add(name="record_type")
            for descriptor in message_type.field:
                if descriptor.type == descriptor.TYPE_MESSAGE:
                    descriptor.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.Record"))
