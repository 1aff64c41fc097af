"""Cursors: what has changed since a page last asked, whatever happened to the server meanwhile."""

import time

import pytest

from tests.server.conftest import Api, Make, Written, summed
from wandb_magic.records import RunState
from wandb_magic.server.cursors import Cursor, changed_runs
from wandb_magic.server.http_errors import BadRequestError
from wandb_magic.server.sweep_manager import SweepManager
from wandb_magic.store import StoreReader

LONG_AGO = 1500.0
RUNS = "sweeps/sweep000/runs"


async def since(api: Api, mark: str) -> tuple[list[int], str]:
    page = await api.get(RUNS, since=mark)
    return [row["number"] for row in page["rows"]], page["mark"]


async def test_nothing_is_new_if_nothing_happened(api: Api, sweep: Written) -> None:
    for _ in range(3):
        sweep.end(sweep.run(), ended=LONG_AGO)
    page = await api.get(RUNS)
    assert len(page["rows"]) == 3
    assert (await since(api, page["mark"]))[0] == []


async def test_what_is_new_goes_on_or_ended_is_told(api: Api, sweep: Written) -> None:
    old, going, ending = sweep.run(), sweep.run(), sweep.run()
    sweep.end(old, ended=LONG_AGO)
    mark = (await api.get(RUNS))["mark"]
    assert (await since(api, mark))[0] == [1, 2]
    sweep.end(ending)
    sweep.run()
    found, later = await since(api, mark)
    assert found == [1, 2, 3]
    sweep.end(going)
    assert (await since(api, later))[0] == [1, 2, 3]  # that ended just now, and may change still


async def test_what_comes_late_is_told(api: Api, sweep: Written) -> None:
    run = sweep.run()
    sweep.end(run)
    mark = (await api.get(RUNS))["mark"]
    sweep.log(run, summed(loss=0.25))
    page = await api.get(RUNS, since=mark)
    assert page["rows"][0]["summary"] == {"loss": 0.25}


async def test_a_mark_from_the_beginning_has_all(api: Api, sweep: Written) -> None:
    for _ in range(5):
        sweep.end(sweep.run(), ended=LONG_AGO)
    assert (await since(api, "0-0"))[0] == [0, 1, 2, 3, 4]


def test_a_mark_outlives_the_server(make_sweep: Make) -> None:
    sweep = make_sweep()
    sweep.end(sweep.run(), ended=time.time() - 100)
    one = StoreReader(sweep.paths.store)
    mark = changed_runs(one, "0-0")["mark"]
    one.close()
    sweep.end(sweep.run())
    another = StoreReader(sweep.paths.store)
    assert [row["number"] for row in changed_runs(another, mark)["rows"]] == [1]
    another.close()


def test_no_run_is_missed_by_one_who_pages_while_runs_come(make_sweep: Make) -> None:
    sweep = make_sweep()
    reader = StoreReader(sweep.paths.store)
    known, mark = dict[str, str](), "0-0"
    runs = []
    for turn in range(60):
        runs.append(sweep.run())
        if turn % 3 == 0 and turn > 5:
            sweep.end(runs[turn - 4], state=RunState.STOPPED)
        if turn % 7 == 0:
            page = changed_runs(reader, mark)
            known |= {row["id"]: row["state"] for row in page["rows"]}
            mark = page["mark"]
    known |= {row["id"]: row["state"] for row in changed_runs(reader, mark)["rows"]}
    assert known == {run.id: run.state.value for run in reader.runs()}
    reader.close()


@pytest.mark.parametrize("text", ["", "1", "1-", "-1-1", "1-1-1", "1.5-2", "a-b", "1-" + "9" * 19])
def test_no_mark_is_guessed(text: str) -> None:
    with pytest.raises(BadRequestError, match="mark"):
        Cursor.parse(text)


async def test_a_living_run_costs_no_look_at_all_others(
    sweep: Written, manager: SweepManager
) -> None:
    ended = sweep.run()
    sweep.end(ended, ended=LONG_AGO)
    living = sweep.run()
    reader = manager.open_sweep("sweep000").live_reader
    assert [run.id for run in reader.active_runs(reader.last_row())] == [living]
    assert [run.id for run in reader.active_runs(0)] == [ended, living]
    sweep.end(living, ended=LONG_AGO)
    assert reader.active_runs(reader.last_row()) == []
    assert [run.id for run in reader.active_runs(reader.last_row(), [living])] == [living]


async def test_an_end_that_is_found_out_late_is_told(api: Api, sweep: Written) -> None:
    run = sweep.run()
    mark = (await api.get(RUNS))["mark"]
    sweep.end(run, ended=LONG_AGO)  # as a supervisor finds that comes back
    page = await api.get(RUNS, since=mark)
    assert [row["state"] for row in page["rows"]] == ["finished"]
