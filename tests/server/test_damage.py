"""A store that is damaged anywhere: its own pages say so, and no other sweep is affected."""

import sqlite3
from contextlib import closing

import pytest

from tests.server.conftest import Api, Make, losses, summed
from wandb_magic.log_records import FilesRecord, HistoryRecord
from wandb_magic.server.sweep_manager import SweepManager

ODD = ("x'ff00'", "9e999", '\'{"a": NaN, "b": 1e999}\'', "'[1, 2]'", "'{'")
RUN = "run00000"
ROUTES = (
    *("", "/runs", "/keys", f"/curves?key=loss&run={RUN}", "/band?key=loss"),
    *("/importance?metric=loss", f"/runs/{RUN}", f"/runs/{RUN}/media", f"/runs/{RUN}/log"),
    f"/runs/{RUN}/files",
)
TABLES = ("sweep", "run", "series", "hot", "media", "file", "artifact")
TOPICS = {
    "all": {"topic": "sweeps"},
    "good": {"topic": "runs", "sweep": "good0000", "mark": "0-0"},
    "runs": {"topic": "runs", "sweep": "broken00", "mark": "0-0"},
    "run": {"topic": "run", "sweep": "broken00", "run": RUN},
    "log": {"topic": "log", "sweep": "broken00", "run": RUN},
    "curves": {
        "topic": "curves",
        "sweep": "broken00",
        "stream": "history",
        "axis": "step",
        "keys": ["loss"],
        "runs": [RUN],
    },
}


@pytest.mark.parametrize("table", TABLES)
async def test_odd_content_of_one_sweep_concerns_no_other(
    api: Api, make_sweep: Make, manager: SweepManager, table: str
) -> None:
    make_sweep("good0000").run()
    sweep = make_sweep("broken00")
    run = sweep.run(*losses(1.0, 2.0), summed(loss=1.0), FilesRecord(("a.txt",)))
    assert run == RUN
    sweep.log(run, HistoryRecord(2, 1002.0, {}, {"media": {"_type": "image-file", "path": "x"}}))
    sweep.saved(run, {"a.txt": b"a"})
    sweep.output(run, b"line\n")
    sweep.end(run, value=1.0)
    sweep.close()
    store, page = sweep.paths.store, await api.connect()
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    whole = store.read_bytes()
    # Each column has each odd value in turn, over the pages and one of the routes.
    for number, (column, odd) in enumerate((each, odd) for each in columns for odd in ODD):
        copy = store.with_name("copy.db")
        copy.write_bytes(whole)
        with closing(sqlite3.connect(copy)) as connection, connection:
            try:
                connection.execute(f"UPDATE {table} SET {column} = {odd}")
            except sqlite3.IntegrityError:  # the table itself refuses it
                continue
        copy.replace(store)
        manager._refreshed = float("-inf")
        manager._unreadable.clear()
        found = await api.get("sweeps")
        told = [each["id"] for each in (*found["sweeps"], *found["unreadable"])]
        assert sorted(told) == ["broken00", "good0000"], (column, odd)
        for route in (ROUTES[number % len(ROUTES)], f"/runs/{RUN}"):
            answer = await api.answer(f"sweeps/broken00{route}")
            assert answer.code in (200, 400, 404, 503), (column, odd, route)
            assert b"Traceback" not in answer.body
        await page.open(**{f"{name}{number}": topic for name, topic in TOPICS.items()})
        assert (await page.message(f"good{number}"))["kind"] == "runs", (column, odd)
        assert (await page.message(f"all{number}"))["kind"] == "sweeps", (column, odd)
    assert page.connection.close_code is None


async def test_what_is_no_number_of_json_is_told_by_name(api: Api, make_sweep: Make) -> None:
    sweep = make_sweep(mode="offline")
    odd = {"lr": float("nan"), "net": {"depth": [float("inf"), -float("inf")]}}
    run = sweep.run(params=odd)
    sweep.end(run, value=1.0)
    (told,) = (await api.get("sweeps"))["sweeps"]
    assert told["best"]["params"] == {"lr": "NaN", "net": {"depth": ["Infinity", "-Infinity"]}}
    assert (await api.get(f"sweeps/sweep000/runs/{run}"))["row"]["params"]["lr"] == "NaN"
