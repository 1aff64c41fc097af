import json

import pytest

from wandb_magic.store.json_column import BYTES_PER_SECOND, JsonColumn


def test_a_removed_key_takes_all_below_with_it() -> None:
    document = JsonColumn('{"tree.a": 1, "tree.b.c": 2, "trees": 3, "loss": 4, "loss.aux": 5}')
    document.apply({"tree.d": 6}, remove=["tree"])
    document.apply({"loss": 7})
    assert json.loads(document.text()) == {"trees": 3, "loss": 7, "loss.aux": 5, "tree.d": 6}


def test_a_large_document_pauses_between_two_writes() -> None:
    document = JsonColumn()
    assert not document.is_due(0)
    document.apply({"a": "x" * BYTES_PER_SECOND})
    assert document.is_due(0)
    document.mark_written(len(document.text()), 0)
    assert not document.is_due(100)
    document.apply({"b": 1})
    assert not document.is_due(0.9)
    assert document.is_due(1.1)


def test_it_is_always_valid_json() -> None:
    document = JsonColumn()
    document.apply(
        {"nan": float("nan"), "list": [float("inf"), {"x": -float("inf")}], "s": "\ud800"}
    )
    values = json.loads(document.text(), parse_constant=pytest.fail)
    assert values == {"nan": "NaN", "list": ["Infinity", {"x": "-Infinity"}], "s": "\ud800"}
