"""Nested documents by dotted key: of parameters and of what runs log."""

import math

import pytest

from wandb_magic.nonfinite import decode_nonfinite, encode_nonfinite, finite_or_none
from wandb_magic.records import flatten_keys
from wandb_magic.spec.fields import encode_nonfinite as encode_for_yaml
from wandb_magic.spec.fields import resolve_numerals

IMAGE = {"_type": "image-file", "size": {"width": 3}}


def test_nested_keys_are_joined_with_dots() -> None:
    params = {"lr": 0.1, "net": {"depth": 3, "act": {"name": "relu", "args": {}}}, "sizes": [1, 2]}
    flat = {
        "lr": 0.1,
        "net.depth": 3,
        "net.act.name": "relu",
        "net.act.args": {},
        "sizes": [1, 2],
    }
    assert flatten_keys(params) == flat
    assert list(flatten_keys(params)) == list(flat)
    assert flatten_keys({"a": {"b": 1}}, "config.") == {"config.a.b": 1}
    assert flatten_keys({}) == {}


def test_what_is_logged_with_a_type_is_one_value_and_a_parameter_is_not() -> None:
    assert flatten_keys({"a": {"image": IMAGE}}, keep_media=True) == {"a.image": IMAGE}
    assert flatten_keys({"_type": "x", "a": {"b": 1}}, keep_media=True) == {"_type": "x", "a.b": 1}
    assert flatten_keys({"optimizer": {"_type": "adam", "lr": 0.1}}) == {
        "optimizer._type": "adam",
        "optimizer.lr": 0.1,
    }


@pytest.mark.parametrize(
    ("number", "text", "yaml"),
    [
        (math.nan, "NaN", ".nan"),
        (math.inf, "Infinity", ".inf"),
        (-math.inf, "-Infinity", "-.inf"),
    ],
)
def test_numbers_that_json_lacks_are_texts_and_numbers_again(
    number: float, text: str, yaml: str
) -> None:
    assert encode_nonfinite({"a": [1.5, (number, "x")]}) == {"a": [1.5, [text, "x"]]}
    assert repr(decode_nonfinite(text)) == repr(number)
    assert encode_for_yaml([{"a": number}]) == [{"a": yaml}]
    assert repr(resolve_numerals(yaml)) == repr(number)
    assert finite_or_none(number) is None


def test_all_else_stays_as_it_is() -> None:
    value = {"a": [1, 2.5, True, None, "text", "NaN"], "b": {}}
    assert encode_nonfinite(value) == value
    assert decode_nonfinite("text") is decode_nonfinite("nan") is decode_nonfinite("") is None
    assert finite_or_none(0.0) == 0.0
    assert finite_or_none(None) is None
