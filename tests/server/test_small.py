"""Answers stay small, saved files are found, and what cannot be read can be deleted."""

import fcntl
import json
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import pytest

from tests.server.conftest import Api, Make, Written, summed
from wandb_magic.errors import SweepStateError
from wandb_magic.log_records import FilesRecord, HistoryRecord
from wandb_magic.server.serializers import MAX_MEDIA_STEPS, MAX_TEXT
from wandb_magic.server.sweep_manager import SweepManager
from wandb_magic.sync.state import Phase, SyncState, Target

RUNS = "sweeps/sweep000/runs"


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


async def test_a_link_that_run_save_left_is_followed(
    api: Api, make_sweep: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked = tmp_path / "worked"
    worked.mkdir()
    monkeypatch.chdir(worked)
    sweep = make_sweep()
    (worked / "note.md").write_text("a note", "utf-8")
    run = sweep.run(FilesRecord(("note.md",)))
    folder = sweep.saved(run, {"other.txt": b"x"})
    (folder / "note.md").symlink_to(worked / "note.md")
    (folder / "unlisted.md").symlink_to(worked / "note.md")
    (file,) = (await api.get(f"{RUNS}/{run}/files"))["files"]
    assert file["size"] == 6
    assert (await api.answer(f"{RUNS}/{run}/files/note.md")).body == b"a note"
    assert (await api.answer(f"{RUNS}/{run}/files/unlisted.md")).code == 404


async def test_a_link_out_of_where_the_run_worked_is_not_followed(
    api: Api, sweep: Written
) -> None:
    run = sweep.run(FilesRecord(("passwd",)))
    folder = sweep.saved(run, {"other.txt": b"x"})
    (folder / "passwd").symlink_to("/etc/passwd")
    assert (await api.answer(f"{RUNS}/{run}/files/passwd")).code == 404


async def test_a_folder_that_is_a_link_is_none(api: Api, sweep: Written, tmp_path: Path) -> None:
    run = sweep.run()
    folder = sweep.saved(run, {"secret.txt": b"x"})
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    assert (await api.answer(f"{RUNS}/{run}/files/secret.txt")).code == 404


def test_a_sweep_that_cannot_be_read_can_be_deleted(make_sweep: Make, tmp_path: Path) -> None:
    sweep = make_sweep()
    id_ = sweep.id
    sweep.close()
    sweep.paths.store.write_bytes(b"half a store")
    manager = SweepManager(tmp_path)
    assert [each["id"] for each in manager.summaries()[1]] == [id_]
    manager.delete(id_)
    assert not sweep.paths.folder.exists()
    assert manager.summaries() == ([], [])


def test_a_sweep_that_cannot_be_read_and_runs_is_kept(make_sweep: Make, tmp_path: Path) -> None:
    sweep = make_sweep()
    id_ = sweep.id
    sweep.close()
    sweep.paths.store.write_bytes(b"half a store")
    with sweep.paths.lock.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SweepStateError):
            SweepManager(tmp_path).delete(id_)
    assert sweep.paths.folder.exists()


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
