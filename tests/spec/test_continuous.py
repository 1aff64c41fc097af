import math
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wandb_magic.errors import SpecError
from wandb_magic.spec import load
from wandb_magic.spec.distributions import Distribution

ENTRIES: dict[str, dict[str, Any]] = {
    "constant": {"value": [1, 2]},
    "categorical": {"values": ["a", 1, True, None, [1], {"b": 2}]},
    "categorical_w_probabilities": {"values": ["a", 1, 2], "probabilities": [0.2, 0, 0.8]},
    "int_uniform": {"min": -3, "max": 12},
    "uniform": {"min": -0.5, "max": 2.5},
    "q_uniform": {"min": 0.4, "max": 10.6, "q": 0.3},
    "log_uniform": {"min": -3, "max": 2},
    "log_uniform_values": {"min": 1e-5, "max": 0.1},
    "inv_log_uniform": {"min": -1, "max": 3},
    "inv_log_uniform_values": {"min": 1e-5, "max": 0.1},
    "q_log_uniform": {"min": 0, "max": 5, "q": 2},
    "q_log_uniform_values": {"min": 1, "max": 1000, "q": 7},
    "normal": {"mu": 1, "sigma": 3},
    "q_normal": {"mu": 1, "sigma": 3, "q": 0.25},
    "log_normal": {"mu": 1, "sigma": 0.5},
    "q_log_normal": {"mu": 1, "sigma": 1, "q": 1},
    "beta": {"a": 2, "b": 0.5},
    "q_beta": {"a": 2, "b": 3, "q": 0.1},
}
UNIT = st.floats(0, 1)
# Further out, the inverse of a normal distribution is not exact to six digits.
EXACT = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(1e-9, 1 - 1e-9))


def distribution(name: str) -> Distribution:
    entry = {"distribution": name, **ENTRIES[name]}
    return load({"method": "random", "parameters": {"x": entry}}).leaves["x",]


@pytest.mark.parametrize("name", ENTRIES)
@settings(deadline=None)
@given(u=EXACT)
def test_a_sampled_value_leads_back_to_itself(name: str, u: float) -> None:
    own = distribution(name)
    value = own.sample(u)
    back = own.to_unit(value)
    assert back is not None
    assert 0 <= back <= 1
    again = own.sample(back)
    if isinstance(value, float):
        assert isinstance(again, float)
        assert math.isclose(again, value, rel_tol=1e-6, abs_tol=1e-12)
    else:
        assert again == value


@pytest.mark.parametrize("name", [name for name, entry in ENTRIES.items() if "min" in entry])
@settings(deadline=None)
@given(u=UNIT, v=UNIT)
def test_more_probability_never_means_less(name: str, u: float, v: float) -> None:
    own: Any = distribution(name)
    low, high = sorted((u, v))
    assert own.sample(low) <= own.sample(high)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("int_uniform", -3, 12),
        ("uniform", -0.5, 2.5),
        ("log_uniform", math.exp(-3), math.exp(2)),
        ("log_uniform_values", 1e-5, 0.1),
        ("inv_log_uniform", math.exp(-3), math.exp(1)),
        ("inv_log_uniform_values", 1e-5, 0.1),
        ("beta", 0, 1),
        ("q_uniform", 0.3, 10.5),
        ("q_log_uniform_values", 0, 1001),
    ],
)
def test_the_ends_are_the_bounds(name: str, low: float, high: float) -> None:
    own = distribution(name)
    assert own.sample(0) == pytest.approx(low, rel=1e-6, abs=1e-6)
    assert own.sample(1) == pytest.approx(high, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("constant", [1, 3]),
        ("categorical", "b"),
        ("categorical", False),
        ("categorical_w_probabilities", 1),
        ("int_uniform", 13),
        ("int_uniform", 1.5),
        ("int_uniform", "1"),
        ("int_uniform", None),
        ("uniform", 2.6),
        ("uniform", math.nan),
        ("uniform", [1]),
        ("uniform", True),
        ("q_uniform", 0.4),
        ("q_uniform", 12),
        ("q_uniform", "0.3"),
        ("log_uniform_values", 0),
        ("log_normal", -1),
        ("beta", 1.1),
    ],
)
def test_a_value_that_the_law_cannot_give_has_no_place(name: str, value: object) -> None:
    assert distribution(name).to_unit(value) is None


def test_categories_are_told_apart_as_json_values() -> None:
    own = load({"x": {"values": [1, True, "1", 0, False, None, 1.5]}}).leaves["x",]
    places = [own.to_unit(value) for value in (1, True, "1", 0, False, None, 1.5)]
    assert len(set(places)) == 7
    assert own.to_unit(1.0) == own.to_unit(1)


def test_whole_steps_give_integers_and_others_floats() -> None:
    bounds = {"distribution": "q_uniform", "min": 0, "max": 9}
    spec = load({"a": {**bounds, "q": 2}, "b": bounds, "c": {**bounds, "q": 0.5}})
    kinds = {path[0]: type(own.sample(0.4)) for path, own in spec.leaves.items()}
    assert kinds == {"a": int, "b": float, "c": float}


NUMBERS = st.one_of(
    st.sampled_from(
        [0, 1, -1, 5e-324, 1e300, 1.7e308, -1.7e308, 1e-10, 2**63, 10**20, -(10**300)]
    ),
    st.floats(allow_nan=False, allow_infinity=False),
)
FIELDS = {
    name: tuple(entry) for name, entry in ENTRIES.items() if not {"value", "values"} & set(entry)
}


@pytest.mark.parametrize("name", FIELDS)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_laws_of_any_width_give_finite_numbers_or_are_refused(
    name: str, data: st.DataObject
) -> None:
    entry = {field: data.draw(NUMBERS) for field in FIELDS[name]}
    if "min" in entry:
        entry["min"], entry["max"] = sorted((entry["min"], entry["max"]))
    config = {"method": "random", "parameters": {"x": {"distribution": name, **entry}}}
    try:
        own = load(config).leaves["x",]
    except SpecError:
        return
    for u in (0.0, 1e-12, data.draw(UNIT), 1.0):
        value = own.sample(u)
        assert isinstance(value, (int, float))
        assert abs(value) <= sys.float_info.max
        back = own.to_unit(value)
        assert back is None or 0 <= back <= 1
