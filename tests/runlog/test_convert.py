import json
import math
from typing import Any

import pytest

from wandb_magic.entries import (
    ArtifactEntry,
    ChartEntry,
    ConfigEntry,
    HistoryEntry,
    SummaryEntry,
    SystemEntry,
)
from wandb_magic.runlog import convert, wire

Item = tuple[tuple[str, ...], str]


def record(kind: str, **fields: object) -> wire.Message:
    made = wire._record_class()()
    part = getattr(made, kind)
    part.SetInParent()
    for name, value in fields.items():
        if isinstance(value, list):
            getattr(part, name).extend(value)
        else:
            setattr(part, name, value)
    return made


def entries(made: wire.Message) -> list[Any]:
    return list(convert.entries(made.SerializeToString()))


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
    assert entry == HistoryEntry(
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
        SummaryEntry({"whole.a.b": "NaN", "part.a": 2, "loss.min": 1}, ("gone.x", "whole"))
    ]


def test_wandbs_own_config_is_left_out() -> None:
    made = record("config")
    made.config.update.add(key="_wandb", value_json='{"cli_version": "1"}')
    assert entries(made) == []
    made.config.update.add(key="lr", value_json="0.1")
    assert entries(made) == [ConfigEntry({"lr": 0.1})]


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
    assert entries(made) == [ChartEntry("t", "a/line", "wandb/line/v0", fields, texts)]


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
    used = ArtifactEntry("data:v0", "dataset", (), used=True)
    assert entries(record("use_artifact", name="data:v0", type="dataset")) == [used]
    made = record("artifact", name="m", type="model", aliases=["best"], use_after_commit=True)
    assert entries(made) == [ArtifactEntry("m", "model", ("best",), used=True)]


def test_system_metrics_have_their_time() -> None:
    made = record("stats")
    made.stats.timestamp.seconds, made.stats.timestamp.nanos = 5, 500_000_000
    made.stats.item.add(key="cpu", value_json="1")
    made.stats.item.add(key="name", value_json='"x"')
    assert entries(made) == [SystemEntry(5.5, {"cpu": 1.0})]


def test_records_of_no_interest_say_nothing() -> None:
    assert list(convert.entries(b"")) == []
    assert list(convert.entries(b"\x5a\x00")) == []  # telemetry, which is not declared


@pytest.mark.parametrize("raw", [b"\xff", b"\x12\x05abc"])
def test_what_is_no_record_is_refused(raw: bytes) -> None:
    with pytest.raises(wire.DecodeError):
        list(convert.entries(raw))
