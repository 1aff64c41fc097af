"""Curves and bands on the wire."""

import json
import math
import random
from typing import Any

import numpy as np
import pytest

from tests.server.conftest import Api, Written, losses
from wandb_magic.log_records import HistoryRecord, SystemRecord
from wandb_magic.server.curves import diff, round_values

CURVES, BAND = "sweeps/sweep000/curves", "sweeps/sweep000/band"


async def curves(api: Api, **query: Any) -> dict[str, Any]:
    return {each["run"]: each for each in (await api.get(CURVES, **query))["curves"]}


async def test_a_short_curve_has_every_point(api: Api, sweep: Written) -> None:
    runs = [sweep.run(*losses(3.0, 2.0, 1.0)), sweep.run(*losses(5.0))]
    found = await curves(api, key="loss", run=[*runs, "nosuchid"])
    assert found[runs[0]] == {
        "run": runs[0],
        "key": "loss",
        "start": 0,
        "x": [0, 1, 2],
        "low": [3.0, 2.0, 1.0],
        "high": None,
    }
    assert found[runs[1]]["x"] == [0]
    assert set(found) == set(runs)
    assert await curves(api, key="no such key", run=runs) == {}


async def test_a_long_curve_keeps_its_extremes(api: Api, sweep: Written) -> None:
    values = [math.sin(step / 50) for step in range(20_000)]
    values[12_345], values[777] = 9.0, -9.0
    run = sweep.run(*losses(*values))
    (found,) = (await curves(api, key="loss", run=run, points=200)).values()
    assert 40 <= len(found["x"]) <= 200
    assert len(found["low"]) == len(found["high"]) == len(found["x"])
    assert (min(found["low"]), max(found["high"])) == (-9.0, 9.0)
    assert found["x"] == sorted(found["x"])


async def test_a_part_of_a_curve_is_finer(api: Api, sweep: Written) -> None:
    run = sweep.run(*losses(*[float(step) for step in range(5000)]))
    (all_of_it,) = (await curves(api, key="loss", run=run, points=100)).values()
    (part,) = (await curves(api, key="loss", run=run, points=100, first=1000, last=1049)).values()
    assert all_of_it["high"] is not None
    assert part["high"] is None
    assert part["x"] == list(range(1000, 1050))
    assert part["low"] == [float(step) for step in range(1000, 1050)]


async def test_time_is_since_the_start(api: Api, sweep: Written) -> None:
    run = sweep.run(*losses(1.0, 2.0), started=990.0)
    system = SystemRecord(1010.5, {"cpu": 50.0})
    sweep.log(run, system)
    (found,) = (await curves(api, key="loss", run=run, axis="time")).values()
    assert found["x"] == [10.0, 11.0]
    (found,) = (await curves(api, key="cpu", run=run, stream="system", axis="time")).values()
    assert (found["x"], found["low"]) == ([20.5], [50.0])


async def test_what_is_not_finite_is_null(api: Api, sweep: Written) -> None:
    run = sweep.run(*losses(1.0, math.nan, math.inf, -math.inf, 2.0))
    answer = await api.answer(CURVES, key="loss", run=run)
    assert b"NaN" not in answer.body
    (found,) = json.loads(answer.body)["curves"]
    assert found["low"] == [1.0, None, None, None, 2.0]


def test_numbers_have_six_digits() -> None:
    choose = random.Random(4)
    values = [choose.uniform(-10, 10) * 10 ** choose.randrange(-30, 30) for _ in range(5000)]
    values += [0.0, 1.0, 1e-300, 5e-324, 1.7e308, 123456.5, 999999.5, 0.1, -0.0]
    for value, rounded in zip(values, round_values(np.array(values)), strict=True):
        assert rounded is not None
        assert rounded == pytest.approx(value, rel=6e-6, abs=1e-320)
        if 1e-15 < abs(value) < 1e15:
            assert float(f"{rounded:.6g}") == rounded
    assert round_values(np.array([math.nan, math.inf, -math.inf])) == [None, None, None]


def test_a_tail_and_what_was_sent_are_the_curve() -> None:
    choose = random.Random(5)
    for _ in range(300):
        before, now = random_curve(choose), random_curve(choose)
        if choose.random() < 0.7:
            now = {**before, "x": [*before["x"], 99.0], "low": [*before["low"], 1.0]}
            now["high"] = None if before["high"] is None else [*before["high"], 2.0]
        if choose.random() < 0.2:
            now = before
        part = diff(before, now)
        if part is None:
            assert before == now
            continue
        start = part["start"]
        assert before["x"][:start] + part["x"] == now["x"]
        assert before["low"][:start] + part["low"] == now["low"]
        if now["high"] is None:
            assert part["high"] is None
        else:
            kept = before["high"] if before["high"] is not None else []
            assert start == 0 or kept[:start] + part["high"] == now["high"]
            assert len(part["high"]) == len(part["x"])


def random_curve(choose: random.Random) -> Any:
    count = choose.randrange(1, 8)
    low = [choose.choice([0.0, 1.0, None]) for _ in range(count)]
    high = choose.choice([None, [choose.choice([2.0, 3.0]) for _ in range(count)]])
    return {
        "run": "r",
        "key": "k",
        "start": 0,
        "x": [float(each) for each in range(count)],
        "low": low,
        "high": high,
    }


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"key": ["a"] * 21, "run": ["r"] * 20}, "400 curves"),
        ({"stream": "both"}, "stream"),
        ({"axis": "space"}, "axis"),
        ({"points": 1}, "points"),
        ({"points": "many"}, "points"),
        ({"first": -1}, "first"),
        ({"last": 5, "axis": "time"}, "first, last"),
        ({"first": 5, "stream": "system"}, "first, last"),
    ],
)
async def test_a_bad_argument_is_named(
    api: Api, sweep: Written, query: dict[str, Any], named: str
) -> None:
    code, message = await api.problem(CURVES, **query)
    assert code == 400
    assert named in message


async def test_a_band_has_the_quantiles(api: Api, sweep: Written) -> None:
    for level in range(11):
        sweep.run(*losses(*[float(level)] * 50))
    sweep.run(HistoryRecord(0, 1000.0, {"other": 1.0}))
    found = await api.get(BAND, key="loss")
    assert (found["runs"], found["fewest"], found["total"]) == (11, 11, 11)
    for name, value in (("lowest", 0), ("lower", 2.5), ("median", 5), ("upper", 7.5)):
        assert set(found[name]) == {value}
    assert set(found["highest"]) == {10.0}
    assert (found["x"][0], found["x"][-1]) == (0.0, 49.0)
    assert len(found["x"]) == len(found["median"]) <= 200


async def test_a_band_says_of_how_few_runs_it_is(api: Api, sweep: Written) -> None:
    for length in (50, 50, 10, 5):  # the last two end early, as by hyperband
        sweep.run(*losses(*[1.0] * length))
    found = await api.get(BAND, key="loss")
    assert (found["runs"], found["fewest"], found["total"]) == (4, 2, 4)


async def test_a_band_of_few_has_gaps_and_no_warnings(api: Api, sweep: Written) -> None:
    empty = await api.get(BAND, key="loss")
    assert (empty["x"], empty["runs"], empty["fewest"], empty["total"]) == ([], 0, 0, 0)
    sweep.run(*losses(1.0, math.nan))
    sweep.run(*losses(math.nan, math.inf))
    sweep.run(*losses(3.0, 4.0, first=100))
    found = await api.get(BAND, key="loss", axis="time")
    assert (found["runs"], found["total"]) == (2, 3)
    assert set(found["lowest"]) | set(found["highest"]) <= {1.0, *found["highest"]}
    assert None not in found["median"]
    code, message = await api.problem(BAND)
    assert code == 400
    assert "key" in message


async def test_a_band_of_very_many_runs_takes_some_of_them(api: Api, sweep: Written) -> None:
    for number in range(2500):
        run = sweep.added()
        if number % 2:
            sweep.writer.append(run, losses(float(number)))
    sweep.writer.commit()
    found = await api.get(BAND, key="loss")
    assert 400 <= found["runs"] <= 1000
    assert found["total"] == 1250
    assert found["lowest"][0] < 100
    assert found["highest"][0] > 2400
