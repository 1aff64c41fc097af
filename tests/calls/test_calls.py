"""Each call of W&B's has its effect in a run: texts, numbers and files."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.calls.conftest import Everything, Found

pytestmark = [pytest.mark.slow(20), pytest.mark.timeout(400)]

CHARTS = {
    "line": ("wandb/line/v0", {"x": "x", "y": "y"}, "a line", 3),
    "scatter": ("wandb/scatter/v0", {"x": "x", "y": "y"}, "points", 3),
    "bar": ("wandb/bar/v0", {"label": "name", "value": "height"}, "bars", 2),
    "histogram": ("wandb/histogram/v0", {"value": "y"}, "counts", 3),
    "series": (
        "wandb/lineseries/v0",
        {"step": "step", "lineKey": "lineKey", "lineVal": "lineVal"},
        "two",
        4,
    ),
    "confusion": (
        "wandb/confusion_matrix/v1",
        {"Actual": "Actual", "Predicted": "Predicted", "nPredictions": "nPredictions"},
        "Confusion Matrix Curve",
        4,
    ),
    "own": ("somebody/own", {"a": "x", "b": "y"}, "own", 3),
    "roc": (
        "wandb/area-under-curve/v0",
        {"x": "fpr", "y": "tpr", "class": "class"},
        "ROC Curve",
        None,
    ),
    "pr": (
        "wandb/area-under-curve/v0",
        {"x": "recall", "y": "precision", "class": "class"},
        "Precision-Recall Curve",
        None,
    ),
}
NEEDS_SKLEARN = {"roc", "pr"}


def test_init(found: Found) -> None:
    record = next(each.run for each in found.records if each.WhichOneof("record_type") == "run")
    assert record.display_name == found.info["name"] == "a name"
    assert record.run_group == found.info["group"] == "a group"
    assert record.job_type == found.info["job_type"] == "a job"
    assert record.notes == found.info["notes"] == "some notes"
    assert record.sweep_id == found.reader.sweep().id
    assert record.run_id == found.run.id
    assert found.info["exit_code"] == 0


def test_tags(found: Found) -> None:
    *_, record = (each.run for each in found.records if each.WhichOneof("record_type") == "run")
    assert set(record.tags) == set(found.info["tags"]) == {"one", "two", "three"}


def test_config(found: Found) -> None:
    assert found.config == {
        "lr": 0.5,  # the sweep's, not what init was given
        "nested.a.b": 1,
        "listed": [1, "two", None],
        "epochs": 3,
        "flag": True,
        "single": "changed",
        "module": "level",
    }


def test_log(found: Found) -> None:
    assert found.points("plain") == found.logged("plain") == [(0, 0), (1, 1), (2, 2)]
    assert found.points("deep.er") == found.logged("deep", "er") == [(0, 0), (1, 1), (2, 2)]
    assert found.points("by module") == found.logged("by module") == [(3, 5)]


def test_log_commit(found: Found) -> None:
    assert found.points("first half") == [(4, 1)]
    assert found.points("second half") == [(4, 2)]


def test_log_step(found: Found) -> None:
    assert found.points("given") == found.logged("given") == [(100, 1), (120, 2)]
    assert found.points("valid/score") == [(120, 0.5)]
    # W&B itself drops what is logged for a step that is over.
    assert found.logged("past") == []
    assert "past" not in found.reader.keys()  # noqa: SIM118 - a method of ours


def test_log_what_is_no_usual_number(found: Found) -> None:
    [(step, nan)] = found.points("nan")
    assert step == 130
    assert math.isnan(nan)
    assert found.points("inf") == [(130, math.inf)]
    assert found.points("flag") == [(130, 1)]
    assert found.media("text") == "words"


def test_define_metric(found: Found) -> None:
    assert found.summary["least.min"] == 1
    defined = [each.metric for each in found.records if each.WhichOneof("record_type") == "metric"]
    [valid] = [each for each in defined if each.glob_name == "valid/*"]
    assert valid.step_metric == "epoch"
    assert found.points("epoch") == [(120, 0)]


def test_summary(found: Found) -> None:
    assert found.summary["set"] == 1
    assert found.summary["tree.leaf"] == 2
    assert found.summary["by module"] == 3
    assert "gone" not in found.summary
    assert found.summary["plain"] == 2


def test_histogram(found: Found) -> None:
    counts = [15, 15, 14, 14, 14, 14, 14]
    for key in ("counted", "raw"):
        value = found.media(key)
        assert value["_type"] == "histogram"
        assert value["values"] == counts
        if "packedBins" in value:
            assert value["packedBins"]["count"] == 7
        else:
            assert len(value["bins"]) == 8


def check_file(found: Found, value: dict[str, Any]) -> bytes:
    """Check that a media value's file is there, and is the one that W&B means."""
    content = found.file(value["path"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == value["sha256"]
    assert len(content) == value["size"]
    assert value["path"] in found.reader.files(found.run.id)
    return content


def test_table(found: Found) -> None:
    value = found.media("part/table")
    assert (value["_type"], value["ncols"], value["nrows"]) == ("table-file", 3, 3)
    table = json.loads(check_file(found, value))
    assert table["columns"] == ["x", "y", "name"]
    assert table["data"] == [[0, 0.0, "row 0"], [1, 0.5, "row 1"], [2, 1.0, "row 2"]]


def test_html(found: Found) -> None:
    value = found.media("html")
    assert value["_type"] == "html-file"
    assert check_file(found, value) == b"<b>bold</b>"


def test_object_3d(found: Found) -> None:
    value = found.media("points")
    assert value["_type"] == "object3D-file"
    assert json.loads(check_file(found, value)) == [[0, 0, 0]] * 4


@pytest.mark.parametrize("name", CHARTS)
def test_custom_chart(found: Found, name: str) -> None:
    key = f"plot/{name}_table"
    if name in NEEDS_SKLEARN and key not in found.reader.keys("media"):
        pytest.skip("that environment has no scikit-learn")
    kind, fields, title, rows = CHARTS[name]
    value = found.media(key)
    # Charts of the same table share its file: the file is listed once.
    table = json.loads(check_file(found, value))
    assert rows in (None, len(table["data"]))
    chart = found.reader.charts(found.run.id)[key]
    assert (chart.key, chart.kind, chart.texts["title"]) == (f"plot/{name}", kind, title)
    assert chart.fields == fields
    assert set(fields.values()) <= set(table["columns"])


def test_image(found: Found) -> None:
    if "image" not in found.reader.keys("media"):
        pytest.skip("that environment has no Pillow")
    from PIL import Image  # noqa: PLC0415 - not every environment has it

    assert len(found.reader.media(found.run.id, "image")) == 2
    value = found.media("image")
    assert (value["_type"], value["format"]) == ("image-file", "png")
    assert (value["width"], value["height"], value["caption"]) == (30, 20, "a caption")
    check_file(found, value)
    with Image.open(found.file(value["path"])) as image:
        assert image.size == (30, 20)
        assert image.convert("L").getpixel((6, 6)) == 255

    mask = value["masks"]["truth"]
    check_file(found, mask)
    with Image.open(found.file(mask["path"])) as image:
        assert (image.getpixel((6, 6)), image.getpixel((0, 0))) == (1, 0)

    boxes = json.loads(check_file(found, value["boxes"]["found"]))
    assert boxes["class_labels"] == {"0": "background", "1": "thing"}
    [box] = boxes["box_data"]
    assert box["position"] == {"minX": 5, "maxX": 20, "minY": 5, "maxY": 10}
    assert (box["domain"], box["box_caption"]) == ("pixel", "here")


def test_images(found: Found) -> None:
    if "images" not in found.reader.keys("media"):
        pytest.skip("that environment has no Pillow")
    value = found.media("images")
    assert (value["_type"], value["count"]) == ("images/separated", 2)
    assert value["captions"] == ["a caption", "plain"]
    assert all(found.file(path).read_bytes().startswith(b"\x89PNG") for path in value["filenames"])
    masks, none = value["all_masks"]
    assert none is None
    check_file(found, masks["truth"])
    check_file(found, value["all_boxes"][0]["found"])


@pytest.mark.parametrize(("part", "count"), [("weight", 6), ("bias", 2)])
def test_watch(found: Found, part: str, count: int) -> None:
    if f"gradients/{part}" not in found.reader.keys("media"):
        pytest.skip("that environment has no PyTorch")
    watched = [step for step, _ in found.points("watched")]
    for what in ("gradients", "parameters"):
        items = found.reader.media(found.run.id, f"{what}/{part}")
        assert [each.step for each in items] == watched
        assert all(sum(each.value["values"]) == count for each in items)
    assert found.media(f"gradients/{part}")["_type"] == "histogram"


def test_save(found: Found) -> None:
    assert "deep/saved.txt" in found.reader.files(found.run.id)
    assert found.file("deep/saved.txt").read_text(encoding="utf-8") == "saved"
    saved = [item.path for record in found.records for item in record.files.files]
    assert "deep/saved.txt" in saved


def test_log_artifact(found: Found) -> None:
    kept = [each for each in found.reader.artifacts(found.run.id) if each.type == "model"]
    assert [(each.name, each.used) for each in kept] == [("net", False)] * 2
    assert [set(each.aliases) - {"latest"} for each in kept] == [{"best"}, {"newer"}]
    assert [each.metadata for each in kept] == [{"version": 0}, {"version": 1}]
    for version, artifact in enumerate(found.artifacts()):
        [file] = artifact.manifest.contents
        assert file.path == "weights.bin"
        assert Path(file.local_path).read_bytes() == bytes([version])


def test_use_artifact(everything: Everything) -> None:
    # Without a server W&B refuses; what another run used is told by the checksum of the file.
    assert "offline" in everything.made.summary["refused"]
    used = everything.used
    assert used.run.state.value == "finished"
    assert used.config["model"] == "net:newer"
    assert used.summary["used"] == everything.made.summary["newer"]
    assert used.summary["used"] != everything.made.summary["best"]
    [report] = used.reader.artifacts(used.run.id)
    assert (report.name, report.metadata) == ("verdict", {"model": "net:newer"})
    [file] = used.artifacts()[0].manifest.contents
    assert file.digest == used.summary["used"]
    assert file.ref.endswith("/kept/weights.bin")
