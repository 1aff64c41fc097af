"""A loss of power at random moments: every sweep continues, and its budget is exact.

A sweep lives on a file system in an image file. A copy of the image, taken while the sweep runs,
is what a disk holds after the power was cut: nothing that was not synced is in it. Only root may
mount it. ``scripts/test --full`` tries twenty moments instead of two.
"""

import contextlib
import gc
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from full import FULL
from wandb_magic.api import Sweep
from wandb_magic.bundle.signing_key import key_path

MOMENTS = 20 if FULL else 2
BUDGET = 6
CELL = """
import time, wandb
with wandb.init() as run:
    for step in range(4):
        run.log({"loss": run.config.lr + step})
        time.sleep(0.05)
    wandb.finish()
"""
# The file system itself hurries nothing to the disk: what is there, somebody has synced.
OPTIONS = "loop,commit=300,noauto_da_alloc"

GOING_ON = """
import sys
from wandb_magic.records import RunState
from wandb_magic import attach

sweep = attach(sys.argv[1])
sweep.resume().wait(120)
runs, budget = sweep.records(), sweep.status().sweep.budget
told = [f"{run.number}/{run.attempt} {run.id} {run.state.value} {run.cause}" for run in runs]
told += [str(sweep.status()), *sweep.status().sweep.notices]
told += [(sweep.path / "supervisor.log").read_text(errors="replace")[-2000:]]
told = "\\n".join(told)
assert sweep.state == "finished", told
last = {run.number: run for run in runs}
assert sorted(last) == list(range(budget)), told
assert all(run.state is RunState.FINISHED for run in last.values()), told
assert all(run.state is RunState.LOST for run in runs if last[run.number] is not run), told
steps = sweep.history(runs=[run.number for run in last.values()]).groupby("run").size()
# wandb syncs nothing: what it had not written yet is lost, and that is said.
short = [run.id for run in last.values() if steps.get(run.id) != 4]
assert all(f"run {run} ended well, but wandb could not write all" in told for run in short), told
"""

Start = Callable[..., Sweep]


class Machine:
    """A place whose power can be cut."""

    def __init__(self, folder: Path) -> None:
        self.place = folder / "place"
        self.place.mkdir()
        self._image = folder / "image"
        self._copies = 0
        with self._image.open("wb") as file:
            file.truncate(96 << 20)
        subprocess.run(["mkfs.ext4", "-q", str(self._image)], check=True)

    def mount(self, image: Path | None = None) -> bool:
        command = ["mount", "-o", OPTIONS, str(image or self._image), str(self.place)]
        return not subprocess.run(command, check=False, capture_output=True).returncode

    def unmount(self) -> None:
        # Not lazily: who still had a store open would remove the files of the next one's.
        deadline = time.monotonic() + 30
        while subprocess.run(["umount", str(self.place)], check=False).returncode:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def snapshot(self) -> Path:
        """Return what a loss of power at this moment would leave."""
        self._copies += 1
        copy = self._image.with_name(f"image-{self._copies}")
        before = None
        while before is None or before != self._written():  # else it is of two moments
            before = self._written()
            subprocess.run(["cp", "--sparse=always", self._image, copy], check=True)
        return copy

    def _written(self) -> tuple[str, str]:
        """Return how much was written to the image, and how much is on its way."""
        device = next(
            each.device for each in psutil.disk_partitions() if each.mountpoint == str(self.place)
        )
        fields = Path("/sys/block", Path(device).name, "stat").read_text().split()
        return fields[6], fields[8]

    def come_up(self, image: Path) -> None:
        """Go on with what a loss of power has left, once every process has ended."""
        self.unmount()
        subprocess.run(["e2fsck", "-fy", str(image)], check=False, capture_output=True)
        assert self.mount(image)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    if os.getuid() != 0 or not all(map(shutil.which, ("mount", "mkfs.ext4", "e2fsck"))):
        pytest.skip("only root may mount an image, and mkfs.ext4 must be there")
    machine = Machine(tmp_path)
    if not machine.mount():
        pytest.skip("no image can be mounted here")
    monkeypatch.setenv("WANDB_DIR", str(machine.place))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(machine.place / "jupyter"))
    yield machine
    cut(machine.place)
    machine.unmount()


def cut(place: Path) -> None:
    """End every process that works in a place, as a loss of power does."""
    while True:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.pid != os.getpid() and process.environ().get("WANDB_DIR") == str(place):
                    process.kill()
                    found.append(process)
        if not found:
            return
        psutil.wait_procs(found, timeout=10)


@pytest.mark.slow(40)
@pytest.mark.timeout(0 if MOMENTS > 2 else 240)
def test_every_sweep_goes_on_after_a_loss_of_power(machine: Machine, start: Start) -> None:
    chance = random.Random()
    sweep = start(CELL, count=BUDGET, agents=2, failure_limit=0)
    id_, images = sweep.id, [machine.snapshot()]  # at the very moment when the cell returns
    while len(images) < MOMENTS:
        ended = sum(run.state.has_ended for run in sweep.records())
        if ended >= BUDGET - 2:
            sweep.set_count(ended + BUDGET)
        time.sleep(chance.uniform(0.1, 2.0))  # the moment of the attack, not a wait
        images.append(machine.snapshot())
    key = key_path().read_bytes()
    del sweep
    gc.collect()
    cut(machine.place)
    for image in images:
        machine.come_up(image)
        assert key_path().read_bytes() == key
        # In a process of its own: SQLite knows a file by its inode, and this is another one.
        done = subprocess.run(
            [sys.executable, "-c", GOING_ON, id_], check=False, capture_output=True, text=True
        )
        assert not done.returncode, f"{image.name}: {done.stderr[-4000:]}"
        cut(machine.place)
