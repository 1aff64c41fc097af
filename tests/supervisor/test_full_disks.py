"""Disks that are full, of octets or of inodes, or away: they only hold a sweep up, and it says so.

The file systems are real and small; only root may mount them. ``scripts/test --full`` tries
ten random moments instead of two.
"""

import asyncio
import contextlib
import errno
import itertools
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from full import FULL
from wandb_magic import disk
from wandb_magic.api import Sweep
from wandb_magic.disk import WaitNote, read_note, shortage, wait_for_disk, wait_reason
from wandb_magic.errors import SweepError
from wandb_magic.paths import SweepPaths, append_line
from wandb_magic.processes import is_alive
from wandb_magic.records import RunRecord, RunState
from wandb_magic.server.serializers import sweep_summary
from wandb_magic.store import StoreReader
from wandb_magic.supervisor.disk_retry import DiskRetry

MOMENTS = 10 if FULL else 2
INODES = 4000
CELL = """
import os, time, wandb
with wandb.init() as run:
    with open(ROOT + "/begun", "a") as file:
        file.write(run.id + "\\n")
    for step in range(4):
        print("step", step, "of a run that prints", "." * 500)
        run.log({"loss": run.config.lr + step})
        time.sleep(0.05)
with open(ROOT + "/ended", "a") as file:
    file.write(run.id + "\\n")
"""

Start = Callable[..., Sweep]
Until = Callable[..., Any]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    options = f"size=24m,nr_inodes={INODES}"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if (
        os.getuid() != 0
        or shutil.which("mount") is None
        or subprocess.run(mount, check=False).returncode
    ):
        pytest.skip("a small disk can only be mounted by root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    # Where the sweeps were, nothing is left by which `isolated` would know that there were any.
    (tmp_path / "supervisor.log").touch()


def fill_octets(place: Path) -> Callable[[], None]:
    """Leave no octet free; return what makes room again."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        while not shortage(place).endswith(": 0 B free"):  # others may delete something
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"0" * 4096)
    return filler.unlink


def fill_inodes(place: Path) -> Callable[[], None]:
    """Leave no inode free; return what makes room again."""
    filler = place / "files"
    filler.mkdir()
    with contextlib.suppress(OSError):
        for number in itertools.count():
            (filler / str(number)).touch()
    assert shortage(place).endswith(": 0 inodes free")
    return lambda: shutil.rmtree(filler)


def numbers(runs: list[RunRecord]) -> list[int]:
    return [run.number for run in runs]


def template_of(sweep: Sweep) -> psutil.Process | None:
    """Return the template: runs are its forks, with the same command line, but lead sessions."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            words = process.cmdline()
            ours = (
                "wandb_magic.runner.fork_server" in words and str(sweep.path / "bundle") in words
            )
            if ours and os.getsid(process.pid) != process.pid:
                return process
    return None


def told_by_rest(sweep: Sweep) -> str:
    paths = SweepPaths(sweep.path)
    with contextlib.closing(StoreReader(paths.store)) as reader:
        return sweep_summary(paths, reader)["cause"]


def finished(sweep: Sweep) -> int:
    return sum(run.state is RunState.FINISHED for run in sweep.records())


@pytest.mark.slow
@pytest.mark.timeout(0 if MOMENTS > 2 else 180)
def test_a_disk_without_octets_or_inodes_only_holds_a_sweep_up(
    small_disk: Path, start: Start, until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_DIR", str(small_disk))
    (tmp_path / "ended").touch()
    budget = 8 * MOMENTS
    sweep = start(CELL, count=budget, agents=2, failure_limit=0)
    chance, full = random.Random(), f"waiting for space on {sweep.path}: "
    for moment in range(MOMENTS):
        until(lambda moment=moment: finished(sweep) > 6 * moment)
        time.sleep(chance.uniform(0.0, 0.5))  # the moment of the attack, not a wait
        make_room = (fill_octets, fill_inodes)[moment % 2](small_disk)
        try:
            until(lambda: full in str(sweep.status()))
            assert told_by_rest(sweep).startswith(full)
            template = template_of(sweep)
            if template is not None and moment % 4 < 2:
                template.kill()
                template.wait(60)
        finally:
            make_room()
        until(lambda: "waiting" not in str(sweep.status()))
    sweep.wait(120)

    runs = sweep.records()
    assert sweep.state == "finished", sweep.status()
    # wandb may find no room to begin a log, between two looks at the disk: the run goes again.
    broken = [run for run in runs if run.state is not RunState.FINISHED]
    assert all("wandb could not write the log" in run.cause for run in broken), broken
    good = [run for run in runs if run.state is RunState.FINISHED]
    assert sorted(run.number for run in good) == list(range(budget))
    assert sorted((tmp_path / "ended").read_text().split()) == sorted(run.id for run in good)
    assert len(broken) <= 2 * MOMENTS
    assert sweep.status().cause == "" == read_note(sweep.path / "lock")
    # What is in the hands of wandb when the disk fills up is lost: then it is said.
    told = " ".join(sweep.status().sweep.notices)
    steps = sweep.history().groupby("run").size()
    short = {run.id for run in runs if steps.get(run.id) != 4}
    known = {run.id for run in runs if f"run {run.id} ended well, but" in told}
    assert short <= known | {run.id for run in broken}
    assert steps.sum() > 3 * budget
    assert "the fork server died (killed by signal 9)" in told


def test_runs_that_end_while_the_disk_is_full_count_as_they_ended(
    small_disk: Path, start: Start, until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_DIR", str(small_disk))
    wait = f"""
with open(ROOT + "/logged", "a") as file:
    file.write(run.id + "\\n")
while not os.path.exists({str(tmp_path / "go")!r}):
    time.sleep(0.05)
"""
    cell = CELL.replace('with open(ROOT + "/ended"', wait + 'with open(ROOT + "/ended"')
    sweep = start(cell, count=4, agents=2)
    for name in ("begun", "logged", "ended"):
        (tmp_path / name).touch()
    until(lambda: len((tmp_path / "logged").read_text().split()) == 2)
    make_room = fill_octets(small_disk)
    (tmp_path / "go").touch()
    until(lambda: len((tmp_path / "ended").read_text().split()) >= 2)
    until(lambda: "waiting for space on" in str(sweep.status()))
    make_room()

    runs = sweep.wait(60).records()
    assert [(run.number, run.state) for run in runs] == [(n, RunState.FINISHED) for n in range(4)]
    assert sorted((tmp_path / "begun").read_text().split()) == sorted(run.id for run in runs)


def test_a_full_disk_holds_up_a_supervisor_that_starts(
    small_disk: Path, start: Start, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_DIR", str(small_disk))
    sweep = start(CELL, count=6)
    until(lambda: finished(sweep) >= 1)
    supervisor = sweep.status().sweep.supervisor
    assert supervisor is not None
    process = psutil.Process(supervisor.pid)
    process.kill()
    with contextlib.suppress(psutil.Error):
        process.wait(60)
    until(lambda: not any(each.process and is_alive(each.process) for each in sweep.records()))
    make_room = fill_octets(small_disk)
    until(lambda: sweep.state == "died")
    with pytest.raises(SweepError, match="full"):
        sweep.resume()
    make_room()
    sweep.resume().wait(60)
    assert [run.number for run in sweep.records() if run.state is RunState.FINISHED] == [*range(6)]


def test_a_full_disk_refuses_a_sweep_in_one_sentence(
    small_disk: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_DIR", str(small_disk))
    with pytest.raises(SweepError, match="full"):
        start("print(len(data))", namespace={"data": b"0" * (64 << 20)})
    assert list(small_disk.glob("wandb/*")) == []


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "waiting for space on {}: "),
        (errno.EDQUOT, "waiting for space on {}: the disk quota is used up"),
        (errno.EROFS, "waiting for {}: it is mounted read-only"),
        (errno.EIO, "waiting for {}: the disk reports an error"),
        (errno.ESTALE, "waiting for {}: the file server no longer has it"),
    ],
)
def test_each_disk_that_cannot_be_written_is_waited_for_and_named(
    number: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "RETRY_S", 0.0)
    monkeypatch.setattr("wandb_magic.supervisor.disk_retry.RETRY_S", 0.0)
    lock, told = tmp_path / "lock", list[str]()
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT)

    def write() -> str:
        told.append(read_note(lock))
        if len(told) % 3:
            raise OSError(number, os.strerror(number))
        return "written"

    assert wait_for_disk(write) == "written"
    told.clear()
    waits = DiskRetry(SweepPaths(tmp_path), WaitNote(descriptor))
    assert asyncio.run(waits.retry(write)) == "written"
    os.close(descriptor)
    assert told[0] == "" == read_note(lock)
    # How much is free may change meanwhile: other processes use the same disk.
    assert all(text.startswith(said.format(tmp_path)) for text in told[1:]), told


def test_what_no_room_helps_is_not_waited_for(tmp_path: Path) -> None:
    def refuse() -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with pytest.raises(PermissionError):
        wait_for_disk(refuse)
    descriptor = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    waits = DiskRetry(SweepPaths(tmp_path), WaitNote(descriptor))
    with pytest.raises(PermissionError):
        asyncio.run(waits.retry(refuse))
    os.close(descriptor)
    assert "Permission denied" in wait_reason(PermissionError(13, "Permission denied"), tmp_path)


def test_a_note_is_kept_for_each_that_waits_and_damage_to_it_is_none(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert read_note(lock) == ""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT)
    note, size = WaitNote(descriptor), lock.stat().st_size
    assert note.set("a", "first")
    assert not note.set("a", "first")
    assert note.set("b", "second " * 1000)
    assert read_note(lock) == "first"
    note.clear("a")
    assert read_note(lock).startswith("second second")
    assert lock.stat().st_size == size
    note.clear("b")
    assert read_note(lock) == ""
    os.close(descriptor)
    lock.write_bytes(b"\xff\x00\xfe")
    read_note(lock)
    lock.unlink()
    lock.mkdir()
    assert read_note(lock) == ""


def test_half_a_line_is_taken_back(
    small_disk: Path,
) -> None:
    file = small_disk / "lines"
    append_line(file, "first")
    make_room = fill_octets(small_disk)
    with pytest.raises(OSError, match="No space"):
        append_line(file, "x" * 5000)
    assert file.read_text() == "first\n"
    make_room()
    append_line(file, "second")
    assert file.read_text() == "first\nsecond\n"
