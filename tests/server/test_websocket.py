"""The socket: a page is told what changes in what it has open, in numbered frames."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import psutil
import pytest

from tests.server.conftest import Api, Make, Written, losses, summed
from wandb_magic import registry
from wandb_magic.records import RunState, SweepState
from wandb_magic.resources import Gpu, GpuShare, Host, Resources

SWEEPS = {"topic": "sweeps"}


def runs(sweep: str = "sweep000", mark: str = "0-0") -> dict[str, Any]:
    return {"topic": "runs", "sweep": sweep, "mark": mark}


def curves(*of: str, keys: tuple[str, ...] = ("loss",), **fields: Any) -> dict[str, Any]:
    topic = {"topic": "curves", "sweep": "sweep000", "stream": "history", "axis": "step"}
    return {**topic, "keys": list(keys), "runs": list(of), **fields}


def log(run: str) -> dict[str, Any]:
    return {"topic": "log", "sweep": "sweep000", "run": run}


@pytest.fixture
def live(make_sweep: Make) -> Written:
    return make_sweep(state=SweepState.PAUSED, ended=None)


async def test_the_first_state_of_every_topic_comes_at_once(api: Api, live: Written) -> None:
    run = live.run(*losses(2.0, 1.0), summed(loss=1.0))
    live.output(run, b"hello\n")
    page = await api.connect()
    run_topic = {"topic": "run", "sweep": "sweep000", "run": run}
    await page.open(a=SWEEPS, b=runs(), c=curves(run), d=run_topic, e=log(run))
    found = {name: await page.message(name) for name in "abcde"}
    assert [each["kind"] for each in found.values()] == ["sweeps", "runs", "curves", "run", "log"]
    assert (found["a"]["whole"], found["a"]["changed"][0]["id"]) == (True, "sweep000")
    assert found["b"]["page"]["rows"][0]["summary"] == {"loss": 1.0}
    assert found["b"]["keys"]["history"] == ["loss"]
    assert found["c"]["curves"][0]["low"] == [2.0, 1.0]
    assert found["d"]["run"]["row"]["id"] == run
    assert found["e"]["page"]["lines"] == ["hello"]
    assert await page.silent()


async def test_frames_are_numbered_without_a_gap(api: Api, live: Written) -> None:
    page = await api.connect()
    await page.open(a=runs())
    await page.message("a")
    for number in range(5):
        live.run()
        while (await page.message("a"))["page"]["total"] <= number:
            pass
    assert [frame["seq"] for frame in page.frames] == list(range(1, len(page.frames) + 1))


async def test_only_what_has_changed_comes(api: Api, live: Written) -> None:
    ended, going = live.run(), live.run()
    live.end(ended, value=1.0)
    page = await api.connect()
    await page.open(a=runs())
    assert len((await page.message("a"))["page"]["rows"]) == 2
    live.log(going, summed(loss=0.5))
    message = await page.message("a")
    assert [row["id"] for row in message["page"]["rows"]] == [going]
    assert message["keys"] is None
    live.log(ended, summed(late=1.0))  # after its end, and nothing else happens
    message = await page.message("a")
    assert [row["id"] for row in message["page"]["rows"]] == [ended]
    live.log(going, *losses(1.0))
    assert (await page.message("a"))["keys"]["history"] == ["loss"]
    live.end(going)
    assert [row["state"] for row in (await page.message("a"))["page"]["rows"]] == ["finished"]
    assert await page.silent()


async def test_the_mark_that_comes_is_one_to_go_on_from(api: Api, live: Written) -> None:
    page = await api.connect()
    await page.open(a=runs())
    rows, mark = {}, ""
    for number in range(30):
        run = live.run()
        if number % 2:
            live.end(run, state=RunState.STOPPED)
        if number == 20:
            page.connection.close()
            page = await api.connect()
            await page.open(a=runs(mark=mark))
        if number % 5 == 0:
            message = await page.message("a")
            rows |= {row["id"]: row["state"] for row in message["page"]["rows"]}
            mark = message["page"]["mark"]
    while len(rows) < 30:
        message = await page.message("a")
        rows |= {row["id"]: row["state"] for row in message["page"]["rows"]}
    assert list(rows.values()).count("stopped") == 15


async def test_curves_grow_by_their_tails(api: Api, live: Written) -> None:
    one, other = live.run(*losses(*range(100))), live.run(*losses(0.5))
    live.end(other, ended=1500.0)
    page = await api.connect()
    await page.open(a=curves(one, other))
    first = {each["run"]: each for each in (await page.message("a"))["curves"]}
    assert len(first[one]["x"]) == 100
    live.log(one, *losses(7.0, 8.0, first=100))
    (part,) = (await page.message("a"))["curves"]
    assert (part["run"], part["start"]) == (one, 100)
    assert (part["x"], part["low"]) == ([100, 101], [7.0, 8.0])
    x, low, high = list(range(102)), [*range(100), 7.0, 8.0], None
    last = 102
    while last < 3000:
        live.log(one, *losses(*range(last, last + 200), first=last))
        last += 200
        (part,) = (await page.message("a"))["curves"]
        x, low = x[: part["start"]] + part["x"], low[: part["start"]] + part["low"]
        if part["high"] is not None:
            high = (high or [])[: part["start"]] + part["high"]
    (whole,) = (await api.get("sweeps/sweep000/curves", key="loss", run=one))["curves"]
    assert (x, low, high) == (whole["x"], whole["low"], whole["high"])


async def test_a_run_that_begins_to_log_is_told(api: Api, live: Written) -> None:
    page = await api.connect()
    await page.open(a=curves("run00000", keys=("acc", "loss")))
    assert (await page.message("a"))["curves"] == []
    live.run(*losses(1.0))
    assert [each["key"] for each in (await page.message("a"))["curves"]] == ["loss"]


async def test_an_output_is_followed(api: Api, live: Written) -> None:
    run = live.run()
    page = await api.connect()
    await page.open(a=log(run))
    assert (await page.message("a"))["page"]["lines"] == []
    path = live.output(run, b"".join(b"line %d\n" % number for number in range(250)))
    found = (await page.message("a"))["page"]
    assert (found["first"], found["total"], len(found["lines"])) == (150, 250, 100)
    live.output(run, b"no end")
    assert (await page.message("a"))["page"]["lines"][-1] == "no end"
    path.write_bytes(b"emptied\n")
    assert (await page.message("a"))["page"]["lines"] == ["emptied"]
    live.end(run)
    assert (await page.message("a"))["page"]["ended"]


async def test_sweeps_appear_change_and_disappear(
    api: Api, make_sweep: Make, live: Written
) -> None:
    page = await api.connect()
    await page.open(a=SWEEPS)
    assert [each["id"] for each in (await page.message("a"))["changed"]] == ["sweep000"]
    another = make_sweep("another0")
    message = await page.message("a")
    assert (message["whole"], [each["id"] for each in message["changed"]]) == (False, ["another0"])
    live.end(live.run(), value=0.25)
    (changed,) = (await page.message("a"))["changed"]
    assert (changed["id"], changed["best"]["value"]) == ("sweep000", 0.25)
    another.paths.folder.rename(another.paths.folder.with_name("elsewhere"))
    assert (await page.message("a"))["gone"] == ["another0"]


async def test_a_sweep_that_comes_later_is_told_when_it_comes(api: Api, make_sweep: Make) -> None:
    page = await api.connect()
    await page.open(a=runs())
    message = await page.message("a")
    assert message["kind"] == "problem"
    assert "there is no sweep 'sweep000'" in message["message"]
    assert await page.silent(2.5)  # it is said once
    sweep = make_sweep()
    sweep.run()
    found = await page.message("a", "runs")
    assert [row["id"] for row in found["page"]["rows"]] == ["run00000"]


async def test_one_that_is_deleted_is_a_problem_until_it_is_back(api: Api, live: Written) -> None:
    run = live.run(*losses(1.0))
    page = await api.connect()
    await page.open(a=curves(run), b=runs())
    await page.message("a")
    await page.message("b")
    away = live.paths.folder.rename(live.paths.folder.with_name("away"))
    assert "mount its disk again" in (await page.message("a", "problem"))["message"]
    assert "mount its disk again" in (await page.message("b", "problem"))["message"]
    away.rename(live.paths.folder)
    put_back(live)
    assert (await page.message("a", "curves"))["curves"][0]["low"] == [1.0]
    assert len((await page.message("b", "runs"))["page"]["rows"]) == 1


def put_back(sweep: Written) -> None:
    record = sweep.writer.sweep()
    registry.add(
        registry.SweepLocation(record.id, record.name, str(sweep.paths.folder), record.created)
    )


async def test_one_that_is_locked_is_a_problem_until_it_is_not(api: Api, make_sweep: Make) -> None:
    sweep = make_sweep()
    sweep.run()
    sweep.close()
    with closing(sqlite3.connect(sweep.paths.store, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE sweep SET name = 'renamed'")
        page = await api.connect()
        await page.open(a=runs(), b=SWEEPS)
        assert "locked" in (await page.message("a"))["message"]
        (unreadable,) = (await page.message("b"))["unreadable"]
        assert "locked" in unreadable["reason"]
        other.execute("COMMIT")
    assert len((await page.message("a", "runs"))["page"]["rows"]) == 1
    while not (message := await page.message("b", "sweeps"))["changed"]:
        pass
    assert (message["changed"][0]["name"], message["unreadable"]) == ("renamed", [])


@pytest.mark.parametrize(
    ("topic", "named"),
    [
        ({"topic": "weather"}, "weather"),
        ({}, "None"),
        (3, "JSON object"),
        ({"topic": "runs", "sweep": "sweep000", "mark": "x"}, "mark"),
        ({"topic": "runs", "sweep": "sweep000"}, "mark"),
        ({"topic": "runs", "sweep": "../../etc", "mark": "0-0"}, "invalid id"),
        ({"topic": "run", "sweep": "sweep000", "run": "nosuchid"}, "nosuchid"),
        ({"topic": "log", "sweep": "sweep000", "run": "../x"}, "../x"),
        (curves("r", axis="space"), "space"),
        (curves("r", keys="loss"), None),
        (curves(*["r"] * 401), "400 curves"),
    ],
)
async def test_what_cannot_be_open_is_a_problem_of_its_own(
    api: Api, live: Written, topic: Any, named: str | None
) -> None:
    if named is None:
        topic, named = {**topic, "keys": "loss"}, "keys must be a list"
    page = await api.connect()
    await page.open(bad=topic, good=runs())
    message = await page.message("bad")
    assert message["kind"] == "problem"
    assert named in message["message"]
    assert (await page.message("good"))["kind"] == "runs"


@pytest.mark.parametrize(
    "said", ["", "{", "[]", '{"open": 3}', '{"open": [["a", 1]]}', "null", "[" * 100_000]
)
async def test_what_is_no_message_closes_the_socket(api: Api, said: str) -> None:
    page = await api.connect()
    await page.connection.write_message(said)
    assert await asyncio.wait_for(page.connection.read_message(), 10) is None
    assert page.connection.close_code == 1007


async def test_what_is_open_goes_on_and_what_is_closed_does_not(api: Api, live: Written) -> None:
    page = await api.connect()
    await page.open(a=runs(), b=SWEEPS)
    await page.message("a")
    await page.message("b")
    await page.open(a=runs())
    assert await page.silent()  # nothing of what the page has comes again
    live.run()
    assert len((await page.message("a"))["page"]["rows"]) == 1
    await page.open()
    live.run()
    assert await page.silent()
    await page.open(a=runs())
    assert len((await page.message("a"))["page"]["rows"]) == 2


async def test_each_commit_is_told(api: Api, live: Written) -> None:
    run = live.run(*losses(1.0))
    page = await api.connect()
    await page.open(a=curves(run))
    await page.message("a")
    for step in range(1, 6):
        live.log(run, *losses(1.0, first=step))
        (part,) = (await page.message("a"))["curves"]
        assert (part["start"], part["x"]) == (step, [step])


async def test_a_page_that_does_not_read_gets_the_newest_state_and_costs_nothing(
    api: Api, live: Written
) -> None:
    run = live.run()
    slow, quick = await api.connect(), await api.connect()
    await slow.open(a=log(run))
    await quick.open(a=log(run))
    before = psutil.Process().memory_info().rss
    changes = 60
    for number in range(changes):
        live.output(run, (b"x" * 20_000 + b"\n") * 99 + b"change %d\n" % number)
        # Tornado's client stops reading when nobody takes what it has read.
        while (await quick.message("a"))["page"]["lines"][-1:] != [f"change {number}"]:
            pass
        quick.frames.clear()
    live.output(run, b"last\n")
    grown = psutil.Process().memory_info().rss - before
    assert grown < 80_000_000
    while (await slow.message("a"))["page"]["lines"][-1:] != ["last"]:
        pass
    numbers = [frame["seq"] for frame in slow.frames]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) < changes / 2


async def test_resources_come_whenever_they_change(api: Api, live: Written) -> None:
    nothing = {"hosts": [], "problem": ""}
    assert await api.get("sweeps/sweep000/resources") == nothing
    page = await api.connect()
    await page.open(a={"topic": "resources", "sweep": "sweep000"})
    assert (await page.message("a"))["resources"] == nothing
    gpu = Gpu("GPU-0", "0", "A100", 2**34, (GpuShare("sweep000", "", 1.0, 0),), out_until=5e9)
    live.writer.set_resources(Resources((Host("node", runs=("run00000",), gpus=(gpu,)),)))
    live.writer.commit()
    message = await page.message("a")
    (host,) = message["resources"]["hosts"]
    assert (message["kind"], host["name"], host["runs"]) == ("resources", "node", ["run00000"])
    assert host["gpus"][0]["out_until"] == 5e9
    assert host["gpus"][0]["shares"][0] == {
        "sweep": "sweep000",
        "run": "",
        "fraction": 1.0,
        "memory": 0,
    }
    assert await api.get("sweeps/sweep000/resources") == message["resources"]
    live.log(live.run(), summed(loss=1.0))
    assert await page.silent()
