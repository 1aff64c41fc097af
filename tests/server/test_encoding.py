"""JSON encoded in pieces is the same, and other threads run meanwhile."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandb_magic.server.encoding import to_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


@given(VALUES)
def test_it_says_the_same_as_the_encoder_in_one_piece(value: object) -> None:
    assert json.loads(to_json(value)) == value
    assert to_json(value) == json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize("value", [math.nan, [{"a": math.inf}], {"a": {"b": [1.0, -math.inf]}}])
def test_what_json_has_not_is_an_error(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(value)


def test_a_large_answer_is_encoded_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"id": str(number), "params": {"x": number / 7}} for number in range(10_000)]
    whole, pieces = json.dumps, list[int]()

    def measured(*given: Any, **options: Any) -> str:
        text = whole(*given, **options)
        pieces.append(len(text))
        return text

    monkeypatch.setattr(json, "dumps", measured)
    assert len(to_json({"kind": "runs", "page": {"rows": rows}})) > 300_000
    assert max(pieces) < 200
