import pytest

from wandb_magic.wandb_log import protobuf_schema

KINDS = {"string": 9, "int64": 3, "int32": 5, "bool": 8}


@pytest.mark.parametrize(
    ("message", "field"),
    [(message, field) for message, fields in protobuf_schema.MESSAGES.items() for field in fields],
)
def test_the_declared_fields_are_those_of_the_installed_wandb(message: str, field: str) -> None:
    internal = pytest.importorskip("wandb.proto.wandb_internal_pb2")
    number, kind = protobuf_schema.MESSAGES[message][field]
    bare = kind.lstrip("*")
    # W&B has an equal class of item for each of these.
    names = ["HistoryItem", "SummaryItem", "ConfigItem"] if message == "Item" else [message]
    if message == "Timestamp":
        from google.protobuf import timestamp_pb2  # noqa: PLC0415

        internal = timestamp_pb2
    for name in names:
        declared = internal.DESCRIPTOR.message_types_by_name[name].fields_by_name[field]
        assert declared.number == number
        repeated = (
            declared.is_repeated if hasattr(declared, "is_repeated") else declared.label == 3
        )
        assert repeated == kind.startswith("*")
        if field == "output_type":  # an enum, which is written as a number
            assert declared.type == 14
        elif bare in KINDS:
            assert declared.type == KINDS[bare]
        else:
            assert bare in ("Item", declared.message_type.name)
