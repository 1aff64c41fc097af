"""A sweep's folder that was copied from elsewhere, with processes and paths of another machine."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from unprivileged import without_rights
from waiting import wait_until
from wandb_magic import attach, start
from wandb_magic.api import Sweep
from wandb_magic.errors import StoreError, SweepStateError

CONFIG = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.25, 0.5, 0.75]}},
}


def train() -> None:
    from pathlib import Path  # noqa: PLC0415 - as above

    import wandb  # noqa: PLC0415 - as above

    with wandb.init() as run:
        print("said by", run.config.lr, flush=True)  # noqa: T201 - the run's output
        for step in range(5):
            run.log({"loss": run.config.lr + step})
        while run.config.lr > 0.3 and not Path("go").exists():
            time.sleep(0.05)


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """A sweep of three runs, of which the second waits for a file."""
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "there"))
    made = start(CONFIG, train, mode="offline", seed=1)
    wait_until(lambda: len(made._reader.objective("loss")) == 2)
    wait_until(lambda: all(len(each) == 5 for each in made._reader.objective("loss").values()))
    return made


def copied(sweep: Sweep, place: Path, *, checkpointed: bool = False) -> Path:
    """Copy a folder as `rsync` does, file by file, in any order."""
    shutil.copytree(sweep.path, place, ignore=shutil.ignore_patterns("core*", "*.sock"))
    if checkpointed:
        with sqlite3.connect(place / "sweep.db") as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    return place


@pytest.mark.slow
def test_one_that_ran_when_it_was_copied_has_died_here(sweep: Sweep, tmp_path: Path) -> None:
    copy = attach(str(copied(sweep, tmp_path / "copy")))
    assert (sweep.state, copy.state) == ("running", "died")
    assert copy.status().died
    assert [run.state.value for run in copy.records()] == ["finished", "running"]
    assert copy.best_config == {"lr": 0.25}
    assert copy.best().value == 0.25
    assert copy.logs(0) == sweep.logs(0)
    assert copy.wait(60) is copy
    assert sweep.state == "running"
    for steer in (copy.pause, copy.stop, lambda: copy.rerun(0)):
        with pytest.raises(SweepStateError):
            steer()
    with pytest.raises(
        SweepStateError, match=r"is a copy of sweep .*, which is running in a folder"
    ):
        copy.resume()
    assert len(sweep.records()) == len(copy.records()) == 2

    Path("go").touch()
    sweep.wait(90)
    assert copy.state == "died"
    assert "".join(f"{line}\n" for line in copy.logs(1, follow=True)) == copy.logs(1)
    ended = attach(str(copied(sweep, tmp_path / "ended", checkpointed=True)))
    assert ended.state == "finished"
    assert [run.state.value for run in ended.records()] == ["finished"] * 3
    assert ended._reader.objective("loss") == sweep._reader.objective("loss")

    # What the sweep's own machine had is gone, and another has the same number for a process.
    shutil.rmtree(sweep.path)
    there = Path.cwd()
    os.chdir(tmp_path)
    shutil.rmtree(there)
    with pytest.raises(SweepStateError, match=r"ran in .*, which does not exist here"):
        copy.resume()
    assert copy.state == "died"
    assert len(copy.records()) == 2
    assert copy.export(0, tmp_path / "exported").is_dir()


def seen(place: Path) -> tuple[str, list[str], dict[str, object], str]:
    """Return what a sweep's folder has to tell."""
    found = attach(str(place))
    logs = found.logs(0)
    assert isinstance(logs, str)
    return found.state, [run.state.value for run in found.records()], dict(found.best_config), logs


@pytest.fixture
def mount() -> Iterator[Path]:
    """A folder that everybody can enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for each in [folder, *folder.rglob("*")]:
        each.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_read_with_its_last_changes(
    sweep: Sweep, mount: Path
) -> None:
    place = copied(sweep, mount / "sweep")
    (place / "sweep.db-shm").unlink(missing_ok=True)
    assert (place / "sweep.db-wal").stat().st_size
    before = {each: each.stat().st_mtime for each in place.rglob("*")}
    for each in before:
        each.chmod(0o555 if each.is_dir() else 0o444)
    place.chmod(0o555)
    expected = (["finished", "running"], {"lr": 0.25}, sweep.logs(0))
    assert seen(sweep.path) == ("running", *expected)  # and all is imported
    with without_rights():
        assert seen(place) == ("died", *expected)
        with pytest.raises((StoreError, SweepStateError)):
            attach(str(place)).resume()
    assert {each: each.stat().st_mtime for each in place.rglob("*")} == before
    Path("go").touch()
    sweep.wait(90)


@pytest.mark.slow
def test_a_store_that_stayed_on_the_other_machine_is_asked_for(
    sweep: Sweep, tmp_path: Path
) -> None:
    Path("go").touch()
    sweep.wait(90)
    place = copied(sweep, tmp_path / "copy")
    there = f"/nowhere-{socket.gethostname()}/sweep.db"
    (place / "sweep.db.at").write_text(there)
    assert attach(str(place)).state == "finished"
    (place / "sweep.db").rename(tmp_path / "kept.db")
    with pytest.raises(StoreError, match=f"keeps its store at {there}: copy that file to"):
        attach(str(place))
