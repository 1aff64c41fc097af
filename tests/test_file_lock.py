"""Locks on files: exclusive, released whatever a process left behind, not disturbed by a look."""

import fcntl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from wandb_magic import file_lock
from wandb_magic.file_lock import FileLock, is_locked, one_at_a_time
from wandb_magic.paths import SweepPaths
from wandb_magic.records import SweepId

# Release a lock while a fork of this process is still running, then take it in another process.
FORK = """
import os, subprocess, sys
from pathlib import Path
from wandb_magic.file_lock import FileLock, one_at_a_time

path = Path(sys.argv[1])
pipe = os.pipe()
def fork():
    if not os.fork():
        os.close(pipe[1])
        os.read(pipe[0], 1)  # until the parent has ended
        os._exit(0)

with FileLock(path) as lock:
    assert lock.acquire()
    fork()
with one_at_a_time(path):
    fork()
take = "import sys, wandb_magic.file_lock as f; sys.exit(not f.FileLock(sys.argv[1]).acquire())"
sys.exit(subprocess.run([sys.executable, "-c", take, str(path)]).returncode)
"""


def test_one_holds_a_lock_and_others_see_that(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("a note")
    with FileLock(path) as lock, FileLock(path) as other:
        assert not is_locked(path)
        assert lock.acquire()
        assert is_locked(path)
        assert not other.acquire()
    assert not is_locked(path)
    assert path.read_text() == "a note"
    assert not is_locked(tmp_path / "missing")
    with FileLock(tmp_path / "new") as lock:
        assert lock.acquire()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600


def test_a_fork_that_is_still_running_does_not_keep_a_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORK, str(tmp_path / "lock")]
    assert subprocess.run(command, check=False, timeout=120).returncode == 0


def test_a_look_at_a_lock_does_not_keep_anybody_from_taking_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    path.touch()
    with path.open("rb") as looking, FileLock(path) as lock:
        fcntl.flock(looking, fcntl.LOCK_SH)  # as `is_locked` does for a moment
        waits: list[float] = []

        def stop_looking(seconds: float) -> None:
            waits.append(seconds)
            fcntl.flock(looking, fcntl.LOCK_UN)

        monkeypatch.setattr(file_lock.time, "sleep", stop_looking)
        assert lock.acquire()
        assert len(waits) == 1
        assert is_locked(path)


def test_calls_take_turns_even_where_nothing_can_be_locked(tmp_path: Path) -> None:
    path, counts = tmp_path / "lock", [0]

    def add() -> None:
        for _ in range(200):
            with one_at_a_time(path):
                count = counts[0]
                path.stat()  # lets another thread run
                counts[0] = count + 1

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [800]
    with one_at_a_time(tmp_path / "no" / "folder"):
        counts[0] = 0
    assert counts == [0]


@pytest.mark.parametrize("module", ["supervisor", "sync"])
def test_a_link_in_place_of_a_lock_is_not_followed(tmp_path: Path, module: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    paths = SweepPaths.of(tmp_path, SweepId("sweep000"))
    paths.sync.folder.mkdir(parents=True)
    (paths.lock if module == "supervisor" else paths.sync.lock).symlink_to(victim)
    done = subprocess.run(
        [sys.executable, "-m", f"wandb_magic.{module}", str(paths.folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert victim.read_text() == "precious"
    assert done.returncode != 0
    assert str(paths.folder) in done.stderr.splitlines()[-1]
