"""Grid search in W&B's order; numpy.arange, from which W&B takes its steps, is the reference."""

import itertools
from typing import Any

import numpy as np
import pytest

from wandb_magic.records import Params
from wandb_magic.search import make_searcher
from wandb_magic.search.grid import GridSearcher, grid_size
from wandb_magic.spec import load


def grid(**parameters: object) -> GridSearcher:
    return GridSearcher(load({"method": "grid", "parameters": parameters}))


def combinations(search: GridSearcher) -> list[Params]:
    found = list(itertools.takewhile(bool, (search.ask(i) for i in range(search.size + 1))))
    assert len(found) == search.size
    return [params for params in found if params is not None]


def test_names_are_sorted_and_the_last_turns_fastest() -> None:
    search = grid(b={"values": [2, 1]}, a={"values": ["x", "y"]}, C={"value": 0})
    assert combinations(search) == [
        {"C": 0, "a": "x", "b": 2},
        {"C": 0, "a": "x", "b": 1},
        {"C": 0, "a": "y", "b": 2},
        {"C": 0, "a": "y", "b": 1},
    ]


def test_nested_parameters_take_their_turn_at_their_own_name() -> None:
    search = grid(
        z={"values": [1, 2]},
        m={"parameters": {"y": {"values": [3, 4]}, "b": {"value": 5}}},
    )
    assert combinations(search) == [
        {"m": {"b": 5, "y": 3}, "z": 1},
        {"m": {"b": 5, "y": 3}, "z": 2},
        {"m": {"b": 5, "y": 4}, "z": 1},
        {"m": {"b": 5, "y": 4}, "z": 2},
    ]


@pytest.mark.parametrize(
    ("entry", "values"),
    [
        ({"value": [1, 2]}, [[1, 2]]),
        ({"values": [1, 2, 1, 2.0, True, "1", None, [1], [1]]}, [1, 2, True, "1", None, [1]]),
        ({"min": -1, "max": 2}, [-1, 0, 1, 2]),
        ({"distribution": "q_uniform", "min": 0, "max": 3}, [0, 1, 2]),
        ({"distribution": "q_uniform", "min": 0, "max": 3, "q": 2}, [0, 2]),
        ({"distribution": "q_uniform", "min": 1, "max": 1.5, "q": 2}, [1]),
    ],
)
def test_the_values_of_one_parameter(entry: dict[str, Any], values: list[Any]) -> None:
    found = [params["x"] for params in combinations(grid(x=entry))]
    assert found == values
    assert [type(value) is bool for value in found] == [type(value) is bool for value in values]


@pytest.mark.parametrize(
    ("low", "high", "q"), [(0, 1, 0.1), (-0.5, 1.7, 0.3), (0.1, 2, 0.25), (1e-3, 0.1, 7e-3)]
)
def test_steps_are_those_of_numpy_to_the_last_bit(low: float, high: float, q: float) -> None:
    entry = {"distribution": "q_uniform", "min": low, "max": high, "q": q}
    found = [params["x"] for params in combinations(grid(x=entry))]
    assert found == np.arange(low, high, q).tolist()


def test_every_combination_comes_exactly_once() -> None:
    search = grid(
        a={"min": 0, "max": 4},
        b={"values": ["u", "v", "u"]},
        c={"parameters": {"d": {"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.25}}},
    )
    found = [(p["a"], p["b"], p["c"]["d"]) for p in combinations(search)]
    assert found == list(itertools.product(range(5), "uv", [0, 0.25, 0.5, 0.75]))


def test_a_huge_grid_costs_nothing() -> None:
    spec = load(
        {"method": "grid", "parameters": {name: {"min": 1, "max": 10**6} for name in "abcd"}}
    )
    assert grid_size(spec) == 10**24
    search = make_searcher(spec, seed=0)
    assert search.ask(10**24 - 1, []) == dict.fromkeys("abcd", 10**6)
    assert search.ask(10**24, []) is None
