"""Clusters that grow and shrink while a sweep runs, and a worker in another network."""

import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import sweeps
from tests.launchers.conftest import Cluster
from waiting import wait_until
from wandb_magic.api import Sweep
from wandb_magic.records import RunRecord, RunState

STEPS = """
import os, pathlib, time
import wandb
with wandb.init() as run:
    for step in range(100_000):
        run.log({"loss": step})
        print("step", step)
        pathlib.Path(f"{FOLDER}/{run.id}").write_text(str(step))
        time.sleep(0.02)
        if os.path.exists(f"{FOLDER}/go"):
            break
"""


def running(sweep: Sweep) -> list[RunRecord]:
    return [run for run in sweep.records() if run.state is RunState.RUNNING]


def logging(sweep: Sweep, count: int) -> bool:
    """Return whether `count` runs are running, and have logged something that is here."""
    runs = running(sweep)
    return len(runs) == count and all(run.value is not None for run in runs)


@pytest.mark.slow
def test_agents_come_and_go_with_the_workers(tmp_path: Path, empty_cluster: Cluster) -> None:
    (tmp_path / "steps").mkdir()
    first = empty_cluster.add_worker()
    names = {"FOLDER": str(tmp_path / "steps")}
    sweep = sweeps.start(STEPS, namespace=names, launcher=empty_cluster.address, count=6, agents=4)
    wait_until(lambda: logging(sweep, 1))
    others = [empty_cluster.add_worker() for _ in range(3)]
    wait_until(lambda: logging(sweep, 4))
    for worker in others:
        worker.terminate()
    for worker in others:
        worker.wait(60)
    wait_until(lambda: len(running(sweep)) == 1)
    assert first.poll() is None
    (tmp_path / "steps" / "go").touch()
    sweep.wait(timeout=120)
    runs = sweep.records()
    ended = [run.number for run in runs if run.state is RunState.FINISHED]
    assert sorted(ended) == list(range(6))
    assert Counter(run.cause for run in runs if run.state is not RunState.FINISHED) == {
        "its worker was shut down": 3
    }
    for run in runs:
        assert len(sweep.history("loss", runs=run.id)) >= 1


class Network:
    """A network namespace, and the link to it.

    Parameters
    ----------
    name
        Its name, and the suffix of its link's.
    """

    def __init__(self, name: str) -> None:
        subnet = f"10.231.{os.getpid() % 250}"
        self.here, self.there = f"{subnet}.1", f"{subnet}.2"
        self.name = name
        self.link = f"v{name}"
        self.within = ["ip", "netns", "exec", name]

    def create(self) -> bool:
        peer = f"p{self.name}"
        return (
            shutil.which("ip") is not None
            and self._ip("netns", "add", self.name)
            and self._ip("link", "add", self.link, "type", "veth", "peer", "name", peer)
            and self._ip("link", "set", peer, "netns", self.name)
            and self._ip("addr", "add", f"{self.here}/24", "dev", self.link)
            and self._ip("-n", self.name, "addr", "add", f"{self.there}/24", "dev", peer)
            and self._ip("-n", self.name, "link", "set", peer, "up")
            and self._ip("-n", self.name, "link", "set", "lo", "up")
            and self.set_link("up")
        )

    def set_link(self, state: str) -> bool:
        return self._ip("link", "set", self.link, state)

    def remove(self) -> None:
        self._ip("link", "del", self.link)
        self._ip("netns", "del", self.name)

    @staticmethod
    def _ip(*words: str) -> bool:
        return subprocess.run(["ip", *words], check=False, capture_output=True).returncode == 0


@pytest.fixture
def network() -> Iterator[Network]:
    found = Network(f"n{os.getpid()}")
    if not found.create():
        found.remove()
        pytest.skip("network namespaces are root's, and some containers have none")
    yield found
    found.remove()


@pytest.fixture
def far_cluster(tmp_path: Path, network: Network) -> Iterator[Cluster]:
    """A scheduler here, and a worker in the other network."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    found = Cluster(folder, host=network.here)
    found.start_scheduler()
    found.add_worker(within=network.within)
    yield found
    found.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seconds", "losses"),
    [
        (10, 0),
        # After 30 seconds, Dask gives a worker up, and the worker ends.
        pytest.param(120, 1, marks=pytest.mark.full("the cut of 10 s")),
    ],
)
def test_a_cut_of_the_network_neither_loses_nor_doubles_a_run(
    seconds: int, losses: int, tmp_path: Path, network: Network, far_cluster: Cluster
) -> None:
    steps = tmp_path / "steps"
    steps.mkdir()
    names = {"FOLDER": str(steps)}
    sweep = sweeps.start(STEPS, namespace=names, launcher=far_cluster.address, count=2)
    wait_until(lambda: logging(sweep, 1))
    cut_run = running(sweep)[0].id
    assert network.set_link("down")
    time.sleep(seconds)  # the length of the cut, not a wait
    assert network.set_link("up")
    if losses:
        far_cluster.add_worker(within=network.within)
        wait_until(lambda: {run.id for run in running(sweep)} - {cut_run})
        wait_until(lambda: logging(sweep, 1))
    (steps / "go").touch()
    sweep.wait(timeout=300)
    runs = sweep.records()
    ended = [run for run in runs if run.state is RunState.FINISHED]
    assert sorted(run.number for run in ended) == [0, 1]
    lost = [run.id for run in runs if run.state is RunState.LOST]
    assert lost == [cut_run] * losses
    for run in ended:
        count = int((steps / run.id).read_text("utf-8")) + 1
        assert sweep.history("loss", runs=run.id)["loss"].tolist() == list(range(count))
        assert sweep.logs(run.id).count("step ") == count
