"""What the routes answer about sweeps and runs."""

import asyncio
import json
import math
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from tests.server.conftest import SPEC, Api, Make, Written, losses, summed, until
from wandb_magic.bundle import Manifest, freeze
from wandb_magic.log_records import (
    ArtifactRecord,
    ChartRecord,
    ConfigRecord,
    HistoryRecord,
    InfoRecord,
)
from wandb_magic.paths import write_atomically
from wandb_magic.records import RunState, SweepState, flatten_keys
from wandb_magic.server.serializers import MAX_MEDIA_STEPS, MAX_TEXT
from wandb_magic.server.sweep_manager import SweepManager
from wandb_magic.spec import load
from wandb_magic.sync.state import Phase, SyncState, Target

RUNS = "sweeps/sweep000/runs"
META = {"layers": 3}


async def test_the_list_has_the_newest_sweep_first(api: Api, make_sweep: Make) -> None:
    make_sweep("older000")
    newer = make_sweep("newer000", state=SweepState.RUNNING, ended=None)
    for value in (3.0, 2.0, 4.0):
        newer.end(newer.run(), value=value)
    newer.end(newer.run(), state=RunState.FAILED, exit_code=1)
    found = (await api.get("sweeps"))["sweeps"]
    assert [each["id"] for each in found] == ["newer000", "older000"]
    first = found[0]
    assert first["state"] == "died"  # it should have a supervisor
    assert (first["ended"], first["running"], first["failed"]) == (4, 0, 1)
    assert (first["metric"], first["goal"]) == ("loss", "minimize")
    assert first["best"]["id"] == "run00001"
    assert first["best"]["params"] == {"lr": 0.1, "net": {"depth": 3}}
    assert first["spark"] == [3.0, 2.0, 2.0]
    assert not first["all_failed"]
    assert found[1]["best"] is None
    assert found[1]["state"] == "finished"


async def test_a_sweep_says_which_value_of_its_runs_is_the_objective(
    api: Api, make_sweep: Make
) -> None:
    last = {**SPEC, "metric": {**SPEC["metric"], "summary": "last"}}  # type: ignore[dict-item]
    chosen = make_sweep("chosen00", spec=load(last).to_dict())
    defined, plain = make_sweep("defined0"), make_sweep("plain000")
    for sweep in (chosen, defined, plain):
        summary = {"loss": {"max": 3.0}} if sweep is defined else {"loss": 2.0}
        sweep.end(sweep.run(*losses(3.0, 1.0, 2.0), summed(**flatten_keys(summary))), value=2.0)
    found = {each["id"]: each["objective"] for each in (await api.get("sweeps"))["sweeps"]}
    assert found == {"chosen00": "last", "defined0": "max", "plain000": "best"}


async def test_a_finished_sweep_whose_runs_all_failed_says_so(api: Api, make_sweep: Make) -> None:
    failed = make_sweep("failed00")
    failed.end(failed.run(), state=RunState.FAILED, exit_code=1)
    mixed = make_sweep("mixed000")
    mixed.end(mixed.run(), state=RunState.FAILED, exit_code=1)
    mixed.end(mixed.run(), value=1.0)
    found = {each["id"]: each["all_failed"] for each in (await api.get("sweeps"))["sweeps"]}
    assert found == {"failed00": True, "mixed000": False}


async def test_a_new_sweep_is_found_at_once_by_its_id(api: Api, make_sweep: Make) -> None:
    assert (await api.get("sweeps"))["sweeps"] == []
    make_sweep()
    assert (await api.get("sweeps/sweep000"))["id"] == "sweep000"


async def test_a_detail_has_the_cell_and_what_went_along(api: Api, sweep: Written) -> None:
    found = await api.get("sweeps/sweep000")
    assert found["line"] == "%%wandb_sweep config --count 3"
    assert found["code"] == "import json\njson.dumps(rate)\n"
    assert found["kind"] == "cell"
    assert [each["name"] for each in found["captured"]] == ["rate"]
    assert found["imports"] == ["json"]
    assert found["spec"]["method"] == "random"
    assert "method: random" in found["yaml"]
    assert found["options"]["sampler"] == "auto"


async def test_a_notebook_is_named_below_the_root(
    api: Api,
    make_sweep: Make,
    jp_root_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outside = tmp_path / "outside.ipynb"
    inside = jp_root_dir / "a folder" / "my.ipynb"
    inside.parent.mkdir()
    for path in (outside, inside):
        path.touch()
    named = {
        str(inside): "a folder/my.ipynb",
        "a folder/my.ipynb": "a folder/my.ipynb",
        str(outside): None,
        "../outside.ipynb": None,
        "gone.ipynb": None,
        "": None,
    }
    for number, (name, expected) in enumerate(named.items()):
        written = make_sweep(f"sweep{number:03}")
        monkeypatch.setenv("JPY_SESSION_NAME", name)
        folder = tmp_path / f"bundle-{number}"
        freeze(folder, cell="1", namespace={}, environment={})
        assert Manifest.read(folder).notebook == name
        Manifest.read(folder).write(written.paths.bundle)
        assert (await api.get(f"sweeps/{written.id}"))["notebook"] == expected, name


async def test_an_older_bundle_has_no_notebook(api: Api, sweep: Written) -> None:
    path = sweep.paths.bundle / "manifest.json"
    old = json.loads(path.read_text())
    del old["notebook"], old["executable"]
    write_atomically(path, json.dumps(old))
    assert (await api.get("sweeps/sweep000"))["notebook"] is None


@pytest.mark.parametrize("damage", ["{", "[]", '{"variables": 3}', None])
async def test_a_damaged_bundle_is_said_to_be_so(
    api: Api, sweep: Written, damage: str | None
) -> None:
    path = sweep.paths.bundle / "manifest.json"
    path.unlink()
    if damage is not None:
        path.write_text(damage)
    code, message = await api.problem("sweeps/sweep000")
    assert code == 503
    assert "manifest.json" in message
    assert len((await api.get("sweeps"))["sweeps"]) == 1


async def test_a_row_has_all_that_a_table_shows(api: Api, sweep: Written) -> None:
    info = InfoRecord("brisk-1", "project", "group", "", ("a", "b"), "", "box", "", 1.0)
    own = {"_step": 3, "wandb_magic/cause": "no"}  # a table offers its columns as axes
    logged = summed(loss=0.5, nan="NaN", note="text", image={"_type": "image-file"}, **own)
    run = sweep.run(info, logged, *losses(0.5), value=0.5)
    sweep.end(run, state=RunState.FAILED, error="Traceback\n  x\nValueError: no\n", exit_code=1)
    page = await api.get("sweeps/sweep000/runs")
    (row,) = page["rows"]
    assert (page["total"], row["id"], row["name"], row["group"]) == (1, run, "brisk-1", "group")
    assert (row["tags"], row["host"], row["state"]) == (["a", "b"], "box", "failed")
    assert row["failure"] == "ValueError: no"
    assert row["params"] == {"lr": 0.0, "net.depth": 3}
    assert row["summary"] == {"loss": 0.5, "nan": "NaN", "note": "text"}


@pytest.mark.parametrize("state", [RunState.PRUNED, RunState.STOPPED, RunState.FINISHED])
async def test_the_interrupt_that_ends_a_run_is_no_failure_of_it(
    api: Api, sweep: Written, state: RunState
) -> None:
    run = sweep.run()
    error = "Traceback\n  x\nKeyboardInterrupt\n"
    sweep.end(run, state=state, cause="ended early", error=error)
    (row,) = (await api.get("sweeps/sweep000/runs"))["rows"]
    assert (row["failure"], row["cause"]) == ("", "ended early")
    assert (await api.get(f"sweeps/sweep000/runs/{run}"))["error"] == error


async def test_runs_come_in_pages_and_in_any_order(api: Api, sweep: Written) -> None:
    for number in range(7):
        sweep.end(sweep.run(summed(score=-number)), value=float(number % 3))

    async def numbers(**query: object) -> list[int]:
        page = await api.get("sweeps/sweep000/runs", **query)
        assert page["total"] == 7
        return [row["number"] for row in page["rows"]]

    assert await numbers() == [0, 1, 2, 3, 4, 5, 6]
    assert await numbers(limit=3, offset=5) == [5, 6]
    assert await numbers(offset=7) == []
    assert await numbers(order="summary.score", limit=2) == [6, 5]
    assert await numbers(order="value", descending="true", limit=2) == [2, 5]
    assert await numbers(order="params.lr", descending="true", limit=1) == [6]


async def test_a_query_selects_rows(api: Api, sweep: Written) -> None:
    for number in range(7):
        sweep.end(sweep.run(summed(score=-number)), value=float(number % 3))
    where = {"where": "score < -1 and not value == 0", "order": "value", "limit": 2}
    page = await api.get("sweeps/sweep000/runs", **where)
    assert ([row["number"] for row in page["rows"]], page["total"]) == ([4, 2], 3)
    page = await api.get("sweeps/sweep000/runs", **where, offset=2)
    assert [row["number"] for row in page["rows"]] == [5]
    answer = await api.problem("sweeps/sweep000/runs", where="lr <")
    assert answer == (400, "column 5: expected a number after '<', not the end")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 2001}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"offset": -1}, "offset"),
        ({"descending": "yes"}, "descending"),
        ({"order": "nothing"}, "nothing"),
        ({"order": "summary.a') --"}, "summary.a') --"),
        ({"since": "yesterday"}, "yesterday"),
        ({"since": "1-" + "9" * 30}, "mark"),
        ({"order": "100%"}, "'100%'"),
    ],
)
async def test_a_bad_argument_is_named(
    api: Api, sweep: Written, query: dict[str, object], named: str
) -> None:
    code, message = await api.problem("sweeps/sweep000/runs", **query)
    assert code == 400
    assert named in message


async def test_a_run_has_all_its_documents(api: Api, sweep: Written) -> None:
    run = sweep.run(
        ConfigRecord({"lr": 0.1, "net.depth": 3, "bad": math.inf}),
        summed(loss=1.0, _step=2),
        InfoRecord("n", "p", "", "", (), "notes", "box", "abc", 1.0),
        ChartRecord("a_table", "a", "wandb/line/v0", {"x": "step"}, {"title": "t"}),
    )
    sweep.end(run, error="Traceback: all of it", exit_code=1, state=RunState.FAILED)
    found = await api.get(f"sweeps/sweep000/runs/{run}")
    assert found["config"] == {"lr": 0.1, "net.depth": 3, "bad": "Infinity"}
    drawn = {"key": "a", "kind": "wandb/line/v0", "fields": {"x": "step"}, "texts": {"title": "t"}}
    assert found["charts"] == {"a_table": drawn}
    assert found["summary"] == {"loss": 1.0, "_step": 2}
    assert found["info"]["notes"] == "notes"
    assert (found["error"], found["exit_code"]) == ("Traceback: all of it", 1)
    assert found["row"]["id"] == run
    code, message = await api.problem("sweeps/sweep000/runs/nosuchid")
    assert code == 404
    assert "nosuchid" in message


async def test_keys_and_media_are_those_that_were_logged(api: Api, sweep: Written) -> None:
    image = {"_type": "image-file", "path": "media/images/a.png"}
    run = sweep.run(
        HistoryRecord(0, 1000.0, {"loss": 1.0}, {"image": image, "note": "first"}),
        HistoryRecord(1, 1001.0, {"acc": 1.0}, {"image": image}),
    )
    keys = await api.get("sweeps/sweep000/keys")
    assert keys == {"history": ["acc", "loss"], "system": [], "media": ["image", "note"]}
    media = f"sweeps/sweep000/runs/{run}/media"
    assert [each["step"] for each in (await api.get(media, key="image"))["items"]] == [0, 1]
    assert (await api.get(media, key="note"))["items"] == [
        {"key": "note", "step": 0, "time": 1000.0, "value": "first"}
    ]
    assert len((await api.get(media))["items"]) == 3
    assert (await api.get(media, key="no"))["items"] == []


async def test_the_gpus_of_a_run_are_those_that_it_was_given(api: Api, sweep: Written) -> None:
    run = sweep.run()
    assert (await api.get(f"sweeps/sweep000/runs/{run}"))["gpus"] == ""
    devices = sweep.paths.run(run).devices
    devices.parent.mkdir(parents=True)
    devices.write_text("1,3")
    assert (await api.get(f"sweeps/sweep000/runs/{run}"))["gpus"] == "1,3"


async def test_artifacts_are_listed(api: Api, sweep: Written) -> None:
    run = sweep.run(
        ArtifactRecord("model:v0", "model", ("latest",), used=False, metadata={"layers": 3})
    )
    (found,) = (await api.get(f"sweeps/sweep000/runs/{run}/files"))["artifacts"]
    assert found == {
        "name": "model:v0",
        "type": "model",
        "aliases": ["latest"],
        "used": False,
        "metadata": META,
    }


async def test_answers_of_many_threads_are_all_right(api: Api, make_sweep: Make) -> None:
    sweeps = [make_sweep(f"sweep{number:03}") for number in range(5)]
    for written in sweeps:
        for _ in range(20):
            written.run(*losses(1.0, 2.0))
    paths = [f"sweeps/{each.id}/{what}" for each in sweeps for what in ("runs", "keys")] * 5
    answers = await asyncio.gather(*(api.get(path) for path in paths))
    assert all(answer.get("total", 20) == 20 for answer in answers)


async def test_a_sweep_that_is_gone_is_not_there(
    api: Api, make_sweep: Make, manager: SweepManager
) -> None:
    gone = make_sweep("gone0000")
    make_sweep("stays000")
    assert len((await api.get("sweeps"))["sweeps"]) == 2
    elsewhere = gone.paths.folder.rename(gone.paths.folder.with_name("elsewhere"))
    await until(lambda: [each["id"] for each in manager.summaries()[0]] == ["stays000"])
    code, message = await api.problem("sweeps/gone0000")
    assert (code, "mount its disk again, or delete" in message) == (503, True)
    gone.close()
    assert not open_files(elsewhere)


def open_files(folder: Path) -> list[str]:
    found = (Path(file.path) for file in psutil.Process().open_files())
    return [str(path) for path in found if path.is_relative_to(folder)]


async def test_a_long_text_in_the_summary_is_cut_in_a_row(api: Api, sweep: Written) -> None:
    sweep.run(summed(note="x" * 1_000_000, loss=1.0))
    (row,) = (await api.get(RUNS))["rows"]
    assert row["summary"] == {"note": "x" * MAX_TEXT, "loss": 1.0}


async def test_the_bins_of_a_histogram_stay_out_of_a_runs_page(api: Api, sweep: Written) -> None:
    bins = {"_type": "histogram", "values": [1, 2], "bins": [0, 1, 2]}
    run = sweep.run(summed(weights=bins, loss=1.0))
    page = await api.get(f"{RUNS}/{run}")
    assert page["summary"] == {"weights": {"_type": "histogram"}, "loss": 1.0}


async def test_of_many_steps_of_media_some_are_sent_and_the_last(api: Api, sweep: Written) -> None:
    run = sweep.run(*(HistoryRecord(step, None, {}, {"a": f"at {step}"}) for step in range(1001)))
    items = (await api.get(f"{RUNS}/{run}/media", key="a"))["items"]
    steps = [item["step"] for item in items]
    assert len(steps) <= MAX_MEDIA_STEPS
    assert steps == sorted(steps)
    assert steps[-1] == 1000
    assert max(later - step for step, later in pairwise(steps)) <= 6


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", " https://x.example", "//x.example", "data:text/html,x"]
)
async def test_only_the_web_is_told_as_an_address(
    api: Api, make_sweep: Make, address: str
) -> None:
    page = f"{address}/entity/project/sweeps/sweep000"
    sweep = make_sweep(url=page)
    run = sweep.run()
    synced = make_sweep("synced00")
    other = synced.run()
    synced.paths.sync.folder.mkdir()
    for url in (page, [page], {"a": page}):
        state = SyncState(Target("e", "p", "synced00", url), Phase.DONE)  # type: ignore[arg-type]
        synced.paths.sync.state.write_text(json.dumps(asdict(state)))
        assert [each["url"] for each in (await api.get("sweeps"))["sweeps"]] == [None, None]
        assert (await api.get(f"sweeps/synced00/runs/{other}"))["url"] is None
    assert (await api.get(f"{RUNS}/{run}"))["url"] is None
