import json
import math
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wandb_magic.log_records import (
    ArtifactRecord,
    ChartRecord,
    ConfigRecord,
    HistoryRecord,
    OmittedRecord,
    SummaryRecord,
    SystemRecord,
)
from wandb_magic.wandb_log import convert, protobuf_schema

Item = tuple[tuple[str, ...], str]


def record(kind: str, **fields: object) -> protobuf_schema.Message:
    made = protobuf_schema._record_class()()
    part = getattr(made, kind)
    part.SetInParent()
    for name, value in fields.items():
        if isinstance(value, list):
            getattr(part, name).extend(value)
        else:
            setattr(part, name, value)
    return made


def entries(made: protobuf_schema.Message) -> list[Any]:
    return list(convert.convert_record(made.SerializeToString()))


def history(*items: Item) -> list[Any]:
    made = record("history")
    for path, text in items:
        made.history.item.add(nested_key=path, value_json=text)
    return entries(made)


def test_what_belongs_to_one_media_value_comes_together_in_any_order() -> None:
    (entry,) = history(
        (("a", "image", "size"), "69"),
        (("loss",), "1"),
        (("a", "image", "meta", "deep"), "2"),
        (("a", "image", "_type"), '"image-file"'),
        (("a", "other"), "3"),
        (("_step",), "7"),
        (("_timestamp",), "1.5"),
        (("_runtime",), "0.5"),
    )
    assert entry == HistoryRecord(
        7,
        1.5,
        {"loss": 1.0, "a.other": 3.0},
        {"a.image": {"size": 69, "meta": {"deep": 2}, "_type": "image-file"}},
    )


def test_numbers_stay_numbers_and_all_else_is_media() -> None:
    (entry,) = history(
        (("nan",), "NaN"),
        (("high",), "Infinity"),
        (("low",), "-Infinity"),
        (("huge",), "1" * 400),
        (("flag",), "true"),
        (("none",), "null"),
        (("text",), '"1"'),
        (("list",), "[1, NaN]"),
        (("empty",), "{}"),
    )
    assert math.isnan(entry.scalars.pop("nan"))
    assert entry.scalars == {"high": math.inf, "low": -math.inf, "huge": math.inf, "flag": 1.0}
    assert entry.media.keys() == {"text", "list", "empty"}
    assert entry.time is None


def test_a_key_that_is_called_type_is_no_media() -> None:
    assert history((("_type",), '"x"'), (("loss",), "1"))[0].scalars == {"loss": 1.0}


def test_a_whole_value_replaces_and_a_part_adds() -> None:
    made = record("summary")
    made.summary.update.add(key="whole", value_json='{"a": {"b": NaN}}')
    made.summary.update.add(nested_key=["part", "a"], value_json="2")
    made.summary.update.add(nested_key=["loss"], value_json='{"min": 1}')
    made.summary.update.add(nested_key=["_wandb", "runtime"], value_json="0")
    made.summary.remove.add(nested_key=["gone", "x"])
    assert entries(made) == [
        SummaryRecord({"whole.a.b": "NaN", "part.a": 2, "loss.min": 1}, ("gone.x", "whole"))
    ]


def test_wandbs_own_config_is_left_out() -> None:
    made = record("config")
    made.config.update.add(key="_wandb", value_json='{"cli_version": "1"}')
    assert entries(made) == []
    made.config.update.add(key="lr", value_json="0.1")
    assert entries(made) == [ConfigRecord({"lr": 0.1})]


QUERY = {"queryFields": [{"args": [], "fields": [{"args": [{"name": "tableKey", "value": "t"}]}]}]}


def test_a_custom_chart_says_how_its_table_is_drawn() -> None:
    panel = {
        "panelDefId": "wandb/line/v0",
        "fieldSettings": {"x": "step", "stroke": None},
        "stringSettings": {"title": "a line"},
        "userQuery": QUERY,
    }
    made = record("config")
    text = json.dumps({"panel_type": "Vega2", "panel_config": panel})
    made.config.update.add(nested_key=["_wandb", "visualize", "a/line"], value_json=text)
    fields, texts = {"x": "step"}, {"title": "a line"}
    assert entries(made) == [ChartRecord("t", "a/line", "wandb/line/v0", fields, texts)]


@pytest.mark.parametrize(
    "definition",
    [
        1,
        {"panel_config": None},
        {"panel_config": {"panelDefId": 3, "userQuery": QUERY}},
        {"panel_config": {"panelDefId": "wandb/line/v0", "userQuery": {"fields": [1]}}},
        {"panel_config": {"panelDefId": "wandb/line/v0"}},
    ],
)
def test_a_chart_that_cannot_be_read_is_left_out(definition: object) -> None:
    made = record("config")
    text = json.dumps(definition)
    made.config.update.add(nested_key=["_wandb", "visualize", "a"], value_json=text)
    assert entries(made) == []


def test_artifacts_say_whether_they_were_used() -> None:
    used = ArtifactRecord("data:v0", "dataset", (), used=True)
    assert entries(record("use_artifact", name="data:v0", type="dataset")) == [used]
    made = record("artifact", name="m", type="model", aliases=["best"], use_after_commit=True)
    assert entries(made) == [ArtifactRecord("m", "model", ("best",), used=True)]


def test_system_metrics_have_their_time() -> None:
    made = record("stats")
    made.stats.timestamp.seconds, made.stats.timestamp.nanos = 5, 500_000_000
    made.stats.item.add(key="cpu", value_json="1")
    made.stats.item.add(key="name", value_json='"x"')
    assert entries(made) == [SystemRecord(5.5, {"cpu": 1.0})]


def test_records_of_no_interest_say_nothing() -> None:
    assert list(convert.convert_record(b"")) == []
    assert list(convert.convert_record(b"\x5a\x00")) == []  # telemetry, which is not declared


@pytest.mark.parametrize("raw", [b"\xff", b"\x12\x05abc"])
def test_what_is_no_record_is_refused(raw: bytes) -> None:
    with pytest.raises(protobuf_schema.DecodeError):
        list(convert.convert_record(raw))


TOO_DEEP = "[" * 20_000 + "]" * 20_000
ODD_VALUES = [
    *('"text"', "[1]", "NaN", "Infinity", "-Infinity", "1e999", "true", "null", "{}", "-1"),
    *("1" + "0" * 400, "1" + "0" * 5000, '"\\ud800"', '{"\\udfff": 1}', "{", "", "9" * 19),
    *(TOO_DEEP, TOO_DEEP.replace("[", '{"a":').replace("]", "}").replace(":}", ":1}")),
]
KEYS = ["_step", "_timestamp", "_runtime", "_wandb", "loss", "a", "", "\x00", "_type"]


def storable(value: object, depth: int = 0) -> bool:
    """Tell whether everybody who reads a store can hold a value."""
    if isinstance(value, str):
        return bool(value.encode() or True)
    if isinstance(value, dict):
        return all(storable(key) and storable(part, depth + 1) for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return all(storable(part, depth + 1) for part in value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**63 and depth < 250
    return value is None or isinstance(value, float)


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters(), max_size=5),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
TEXTS = st.one_of(st.sampled_from(ODD_VALUES), JSON.map(json.dumps))
PATHS = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3)


@pytest.mark.parametrize("kind", ["history", "summary", "config", "stats", "artifact", "run"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_json_under_any_key_gives_entries_that_the_store_can_hold(
    kind: str, data: st.DataObject
) -> None:
    made = record(kind)
    part = getattr(made, kind)
    items = data.draw(st.lists(st.tuples(PATHS, TEXTS), max_size=4))
    if kind == "artifact":
        part.metadata = items[0][1] if items else ""
    for path, text in items if kind != "artifact" else ():
        if kind == "stats":
            part.item.add(key=path[0], value_json=text)
            part.timestamp.seconds = data.draw(st.sampled_from([0, 1, 2**62, -(2**63)]))
            continue
        changed = (
            part.item if kind == "history" else (part.config if kind == "run" else part).update
        )
        if data.draw(st.booleans()):
            changed.add(nested_key=path, value_json=text)
        else:
            changed.add(key=path[0], value_json=text)
    if kind == "history":
        part.step.num = data.draw(st.sampled_from([0, 7, 2**62, -(2**63)]))
    if kind == "run":
        part.start_time.seconds = data.draw(st.sampled_from([0, 1, 2**62, -(2**63)]))
    found = entries(made)
    for entry in found:
        assert storable(json.loads(json.dumps(asdict(entry)))), entry
        if isinstance(entry, HistoryRecord):
            assert abs(entry.step) <= convert.MOST_STEP
            assert entry.time is None or 0 <= entry.time < convert.LATEST
            assert all(type(value) is float for value in entry.scalars.values())
        assert not (isinstance(entry, OmittedRecord) and "cannot be read" in entry.reason), entry


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *(("_timestamp", text) for text in ('"now"', "[1]", "NaN", "Infinity", "-5", "true")),
        *(("_step", text) for text in ('"1"', "NaN", "1e300", str(2**63), "[]")),
        *(("x", text) for text in ("{", TOO_DEEP)),
    ],
)
def test_what_cannot_be_held_is_left_out_alone_and_named(key: str, text: str) -> None:
    kept, omitted = history(((key,), text), (("loss",), "0.5"))
    assert (kept.scalars, kept.step, kept.time) == ({"loss": 0.5}, 0, None)
    assert isinstance(omitted, OmittedRecord)
    assert omitted.key == key
    assert omitted.reason


def test_numbers_beyond_64_bits_are_the_nearest_that_can_be_held() -> None:
    (entry,) = history((("a",), "1" + "0" * 400), (("b",), "-1" + "0" * 5000), (("c",), "9" * 25))
    assert entry.scalars == {"a": math.inf, "b": -math.inf, "c": 1e25}
    made = record("summary")
    made.summary.update.add(key="a", value_json="1" + "0" * 400)
    made.summary.update.add(key="c", value_json="[" + "9" * 25 + "]")
    (entry,) = entries(made)
    assert entry.update == {"a": math.inf, "c": [1e25]}


def test_half_of_a_surrogate_pair_becomes_the_replacement_character() -> None:
    (entry,) = history(
        (("a",), '"x\\ud800y"'), (("b",), '{"\\udc00": {"_type": "\\ud83d\\ude00"}}')
    )
    assert entry.media == {"a": "x\ufffdy", "b.\ufffd": {"_type": "\U0001f600"}}
