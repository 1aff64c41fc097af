"""Stores that cannot be read are named as such, and other stores are not affected."""

import fcntl
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.server.conftest import Api, Make, Written, losses, until
from wandb_magic.errors import SweepStateError
from wandb_magic.paths import write_atomically
from wandb_magic.server import sweep_manager
from wandb_magic.server.sweep_manager import SweepManager

ROUTES = ("sweeps/broken00", "sweeps/broken00/runs", "sweeps/broken00/keys")


@pytest.fixture
def broken(make_sweep: Make) -> Written:
    """Return a sweep, closed, that is to be broken; another one is well."""
    make_sweep("good0000")
    written = make_sweep("broken00")
    for _ in range(50):
        written.end(written.run(*losses(*range(100))))
    written.close()
    return written


async def reason(api: Api) -> str:
    """Return why the one sweep cannot be read, as the list and all routes tell."""
    found = await api.get("sweeps")
    assert [each["id"] for each in found["sweeps"]] == ["good0000"]
    (unreadable,) = found["unreadable"]
    assert (unreadable["id"], unreadable["name"]) == ("broken00", "name of broken00")
    for route in ROUTES:
        code, message = await api.problem(route)
        assert (code, message) == (503, unreadable["reason"])
    assert len((await api.get("sweeps/good0000/runs"))["rows"]) == 0
    return str(unreadable["reason"])


async def test_one_that_is_gone(api: Api, broken: Written) -> None:
    broken.paths.store.unlink()
    assert "no store" in await reason(api)


async def test_one_that_goes_while_it_is_open(
    api: Api, broken: Written, manager: SweepManager
) -> None:
    assert len((await api.get("sweeps"))["sweeps"]) == 2
    broken.paths.store.unlink()
    await until(lambda: manager.summaries()[1])
    assert "no store" in await reason(api)


async def test_one_of_a_newer_version(api: Api, broken: Written) -> None:
    with closing(sqlite3.connect(broken.paths.store)) as connection:
        connection.execute("PRAGMA user_version = 99")
    assert "update wandb-magic" in await reason(api)


@pytest.mark.parametrize("kept", [0, 10, 100, 5000, 0.5, 0.9])
async def test_one_that_is_half_written(api: Api, broken: Written, kept: float) -> None:
    data = broken.paths.store.read_bytes()
    broken.paths.store.write_bytes(data[: int(kept * len(data)) if kept < 1 else int(kept)])
    found = await api.get("sweeps")
    assert "good0000" in [each["id"] for each in found["sweeps"]]
    answers = [await api.answer(route) for route in (*ROUTES, "sweeps/broken00/band?key=loss")]
    assert {answer.code for answer in answers} <= {200, 503}
    assert found["unreadable"] or any(answer.code == 503 for answer in answers)


async def test_one_that_is_something_else(api: Api, broken: Written) -> None:
    broken.paths.store.write_text("no store at all, whatever its name says")
    assert "damaged or not a store" in await reason(api)


async def test_one_that_is_locked_and_then_is_not(
    api: Api, broken: Written, manager: SweepManager
) -> None:
    with closing(sqlite3.connect(broken.paths.store, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE sweep SET name = 'renamed'")
        assert "locked by another process" in await reason(api)
        other.execute("COMMIT")
    await until(lambda: not manager.summaries()[1])
    found = await api.get("sweeps")
    assert found["unreadable"] == []
    assert {each["id"]: each["name"] for each in found["sweeps"]}["broken00"] == "renamed"


async def test_one_that_is_put_back(
    api: Api, broken: Written, manager: SweepManager, tmp_path: Path
) -> None:
    shutil.copy(broken.paths.store, tmp_path / "copy.db")
    broken.paths.store.write_bytes(b"")
    assert await reason(api)
    (tmp_path / "copy.db").replace(broken.paths.store)
    await until(lambda: not manager.summaries()[1])
    assert (await api.get("sweeps/broken00/runs"))["total"] == 50


async def test_one_that_is_replaced_while_it_is_open(
    api: Api, make_sweep: Make, manager: SweepManager
) -> None:
    old, new = make_sweep("old00000"), make_sweep("new00000")
    new.run()
    assert (await api.get("sweeps/old00000/runs"))["total"] == 0
    new.close()
    old.close()
    new.paths.store.replace(old.paths.store)
    await until(lambda: manager.open_sweep("old00000").reader.run_count() == 1)
    assert (await api.get("sweeps/old00000/runs"))["total"] == 1


async def test_what_is_no_entry_of_the_index_is_left_alone(
    api: Api, sweep: Written, jp_data_dir: Path
) -> None:
    folder = jp_data_dir / "wandb-magic" / "sweeps"
    for name, text in {"half.json": '{"id": "x', "list.json": "[]", "other.json": "{}"}.items():
        write_atomically(folder / name, text)
    assert [each["id"] for each in (await api.get("sweeps"))["sweeps"]] == ["sweep000"]
    assert (folder / "half.json").exists()


async def test_many_sweeps_keep_few_files_open(
    api: Api, make_sweep: Make, manager: SweepManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_manager, "MAX_OPEN_SWEEPS", 6)
    for number in range(10):
        make_sweep(f"s{number:07}").close()
    assert len((await api.get("sweeps"))["sweeps"]) == 10
    assert len(manager._open_sweeps) <= 6
    again = await api.get("sweeps")
    assert len(again["sweeps"]) == 10


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
