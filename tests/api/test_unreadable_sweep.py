"""Sweeps that are missing, damaged or forbidden hide no others, and can be stopped and deleted."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

import wandb_magic
from waiting import wait_until
from wandb_magic import registry, start
from wandb_magic.api import Sweep
from wandb_magic.api._options import LaunchOptions, RunCode
from wandb_magic.api._start import start_sweep
from wandb_magic.commands.parser import line_parser
from wandb_magic.errors import StoreError, SweepNotFoundError
from wandb_magic.records import Options
from wandb_magic.runner.process_cleanup import _find, _is_run
from wandb_magic.server.subscriptions import SweepsSubscription
from wandb_magic.server.sweep_manager import SweepManager
from wandb_magic.sync.state import Phase, read

CONFIG = {"method": "grid", "parameters": {"lr": {"values": [0.25, 0.5]}}}


def idle(name: str) -> Sweep:
    """Return a sweep that nobody has run yet."""
    settings = LaunchOptions(1, 1, name, None, None, "offline", Options(), None, idle=True)
    return start_sweep(CONFIG, RunCode(cell="1", namespace={}), settings)


def listed() -> tuple[list[str], list[str], list[str], str]:
    """Return who is in the lists: in Python, in the panel, there unreadable, in the terminal."""
    from wandb_magic.commands.handlers import dispatch  # noqa: PLC0415 - imports displays

    manager = SweepManager(Path("/"))
    found, unreadable = manager.summaries()
    assert SweepsSubscription(manager).poll() is not None
    manager.close()
    answer = dispatch(line_parser().parse_args(["list"]), None)  # type: ignore[arg-type] # unused
    return (
        [each.name for each in wandb_magic.sweeps()],
        [each["name"] for each in found],
        [each["name"] for each in unreadable],
        answer.text,
    )


def damage(sweep: Sweep, how: str) -> None:
    """Damage a sweep's folder."""
    folder, store = sweep.path, sweep._paths.store
    sweep._reader.close()
    if how == "garbage":
        store.write_bytes(os.urandom(50_000))
    elif how == "pipe":
        store.unlink()
        os.mkfifo(store)
    elif how == "pointer":
        (folder / "sweep.db.at").mkdir()
        store.unlink()
    elif how == "a pipe for a pointer":
        os.mkfifo(folder / "sweep.db.at")
        store.unlink()
    elif how == "a loop of links":
        shutil.rmtree(folder)
        folder.symlink_to(folder)
    elif how == "a file for a folder":
        shutil.rmtree(folder)
        folder.write_text("")
    else:
        column, value = {
            "a newer state": ("state", "dreaming"),
            "a bad byte": ("name", b"\xff\xfe"),
            "a bad spec": ("spec", "{"),
            "an odd option": ("options", "[1]"),
        }[how]
        with closing(sqlite3.connect(store)) as connection:
            sql = f"UPDATE sweep SET {column} = CAST(? AS TEXT)"
            connection.execute(sql, (value,))
            connection.commit()


@pytest.mark.parametrize(
    "how",
    [
        "garbage",
        "pipe",
        "pointer",
        "a pipe for a pointer",
        "a loop of links",
        "a file for a folder",
        "a newer state",
        "a bad byte",
        "a bad spec",
        "an odd option",
    ],
)
def test_one_that_is_damaged_hides_no_other_and_can_be_deleted(how: str) -> None:
    idle("well")
    broken = idle("broken")
    damage(broken, how)
    python, panel, unreadable, terminal = listed()
    assert (python, panel, unreadable) == (["well"], ["well"], ["broken"])
    assert "well" in terminal
    assert f"sweep broken ({broken.id}) cannot be read: " in terminal
    found = wandb_magic.attach("broken")
    assert broken.id in repr(found)
    with pytest.raises(StoreError):
        found.status()
    found.stop()
    found.delete()
    assert not os.path.lexists(broken.path)
    assert listed()[:3] == (["well"], ["well"], [])


def test_what_a_newer_version_adds_hides_nothing() -> None:
    made = idle("newer")
    store = made._paths.store
    with closing(sqlite3.connect(store)) as connection:
        (text,) = connection.execute("SELECT options FROM sweep").fetchone()
        told = json.dumps({**json.loads(text), "colour": "blue"})
        connection.execute("UPDATE sweep SET options = ?", (told,))
        connection.commit()
    assert listed()[0] == ["newer"]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b'{"target": 1}', None])
def test_an_odd_state_of_a_sync_is_one_that_failed(data: bytes | None) -> None:
    made = idle("odd")
    state = made._paths.sync.state
    state.parent.mkdir()
    if data is None:
        os.mkfifo(state)
    else:
        state.write_bytes(data)
    (state.parent / "runs.log").write_bytes(b"\xff\nsent aaaaaaaa when\n")
    assert listed()[:3] == (["odd"], ["odd"], [])
    assert "sync again" in str(made.status())
    told = read(made._paths.sync)
    assert told is not None
    assert (told.phase, told.asked) == (Phase.FAILED, True)


def test_odd_files_in_the_index_hide_nothing(tmp_path: Path) -> None:
    made = idle("well")
    (folder,) = {file.parent for file in tmp_path.rglob(f"{made.id}.json")}
    good = json.loads((folder / f"{made.id}.json").read_text())
    for number, data in enumerate(
        [
            "",
            "[]",
            "{",
            json.dumps({**good, "created": "when"}),
            json.dumps({**good, "id": "../../x"}),
            json.dumps({**good, "folder": None}),
            json.dumps({**good, "folder": "\0"}),
            json.dumps({"id": "x"}),
        ]
    ):
        (folder / f"odd{number}.json").write_text(data)
    (folder / "bytes.json").write_bytes(b"\xff\xfe")
    (folder / "folder.json").mkdir()
    (folder / "link.json").symlink_to(folder / "link.json")
    os.mkfifo(folder / "pipe.json")
    assert listed()[:3] == (["well"], ["well"], [])


def test_one_on_a_disk_that_is_away_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    monkeypatch.setenv("WANDB_DIR", str(disk))
    made = idle("away")
    made._reader.close()
    disk.rename(tmp_path / "unmounted")
    for _ in range(2):
        assert listed()[:3] == ([], [], ["away"])
    away = wandb_magic.attach(made.id)
    assert "is missing: mount its disk again, or delete the sweep" in repr(away)
    (tmp_path / "unmounted").rename(disk)
    assert listed()[:3] == (["away"], ["away"], [])
    assert wandb_magic.attach("away").state == "paused"
    shutil.rmtree(made.path)
    SweepManager(Path("/")).delete(made.id)
    assert registry.list_sweeps() == []
    with pytest.raises(SweepNotFoundError):
        wandb_magic.attach("away")


def endless() -> None:

    while True:
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "how", [pytest.param("deleted", marks=pytest.mark.full("a damaged store")), "damaged"]
)
def test_a_supervisor_that_has_lost_its_store_ends_its_runs(how: str) -> None:
    sweep = start(CONFIG, endless, agents=2, mode="offline", grace=2.0)
    folder = sweep.path
    wait_until(lambda: sum(run.process is not None for run in sweep.records()) == 2)
    supervisor = sweep.status().sweep.supervisor
    assert supervisor is not None
    runs = [run.process.pid for run in sweep.records() if run.process is not None]
    with (folder / "supervisor.log").open() as log:
        if how == "deleted":
            shutil.rmtree(folder)
        else:
            (folder / "sweep.db").write_bytes(os.urandom(50_000))
            for suffix in ("-wal", "-shm"):
                (folder / f"sweep.db{suffix}").write_bytes(os.urandom(1000))
            # Whatever it has to write is refused.
            wait_until(lambda: not psutil.pid_exists(supervisor.pid) or _gone(supervisor.pid))
        wait_until(lambda: all(_gone(pid) for pid in (supervisor.pid, *runs)))
        assert "Its runs are ended." in log.read()
    wandb_magic.attach(sweep.id).delete()
    assert not folder.exists()


@pytest.mark.slow
def test_one_that_is_damaged_while_it_runs_can_be_stopped_and_deleted() -> None:
    sweep = start(CONFIG, endless, agents=2, mode="offline", grace=2.0)
    wait_until(lambda: sum(run.process is not None for run in sweep.records()) == 2)
    pids = [run.process.pid for run in sweep.records() if run.process is not None]
    (sweep.path / "sweep.db").write_bytes(os.urandom(50_000))
    found = wandb_magic.attach(sweep.id)
    found.stop()
    assert all(_gone(pid) for pid in pids)
    assert not _find(sweep.path, _is_run)
    found.delete()
    assert not sweep.path.exists()


def _gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_relative_data_folder_is_where_the_process_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", "data")
    script = (
        "import os, wandb_magic\n"
        "config = {'method': 'grid', 'parameters': {'x': {'values': [1]}}}\n"
        "sweep = wandb_magic.start(config, lambda: None, mode='offline').wait(90)\n"
        "os.chdir('/')\n"
        "print(sweep.state, len(wandb_magic.sweeps()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["finished", "1"]
    assert (tmp_path / "data" / "wandb-magic" / "key").exists()
    assert not Path("/data").exists()
