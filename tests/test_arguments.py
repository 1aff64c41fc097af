"""Whatever somebody asks, the answer is a sentence, or arguments that a sweep can mean."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandb_magic.arguments import (
    MAX_AGENTS,
    MAX_RUNS,
    ArgumentError,
    check_integer,
    check_seconds,
)
from wandb_magic.requests import REQUESTS, validate_request

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**20, -(10**400), 2**63, 10**5000]),
    st.floats(),
    st.text(st.characters()),
    st.just("\ud800"),
    st.lists(st.integers()),
    st.dictionaries(st.text(), st.integers()),
)


@given(
    st.one_of(st.sampled_from([*REQUESTS]), ODD),
    st.one_of(
        ODD,
        st.dictionaries(
            st.sampled_from(["drain", "run", "number", "resume", "agents", "count", "other"]), ODD
        ),
    ),
)
def test_any_request_is_refused_in_a_short_sentence_or_means_something(
    verb: object, arguments: object
) -> None:
    refused, found = "", {}
    try:
        found = validate_request(verb, arguments)
    except ArgumentError as error:
        refused = str(error)
    assert refused.encode() or verb in REQUESTS
    assert len(refused) < 300
    assert json.loads(json.dumps(found)) == found
    numbers = [value for value in found.values() if isinstance(value, int)]
    assert all(0 <= value <= MAX_RUNS for value in numbers)


@pytest.mark.parametrize(
    "wrong", [0, -1, True, 1.0, "1", None, [1], MAX_RUNS + 1, 10**5000], ids=type
)
def test_a_count_is_a_whole_number_that_the_store_can_hold(wrong: object) -> None:
    with pytest.raises(ArgumentError, match="count: must be"):
        check_integer("count", wrong)


@pytest.mark.parametrize(
    "wrong", ["60", 0, -1, math.nan, math.inf, 10**400, True, None, [1.0], 1e300], ids=type
)
def test_a_time_is_a_finite_number_of_seconds(wrong: object) -> None:
    with pytest.raises(ArgumentError, match="run_timeout: must be"):
        check_seconds("run_timeout", wrong)


def test_what_makes_sense_is_taken_as_it_is() -> None:
    assert validate_request("stop", {}) == {"drain": False}
    assert validate_request("set_count", {"count": None}) == {"count": None}
    assert validate_request("set_agents", {"agents": MAX_AGENTS}) == {"agents": MAX_AGENTS}
    assert validate_request("rerun", {"run": "a"}) == {"run": "a"}
    assert check_seconds("grace", 0, allow_zero=True) == 0
