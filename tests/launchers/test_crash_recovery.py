"""Processes of a cluster and a sweep killed at random moments: no run is lost for good or doubled.

The moments come from a fixed seed, but what they hit depends on the machine.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests import sweeps
from tests.launchers.conftest import Cluster, wait_until
from wandb_magic.api import Sweep
from wandb_magic.records import Options, RunState

KILLS = 100
RUNS = 5 * KILLS
STEPS = 6
CELL = """
import time, wandb
with open(ROOT + "/executed", "a") as file:
    file.write("one\\n")
with wandb.init() as run:
    with open(ROOT + "/executed-" + run.id, "a") as file:
        file.write("one\\n")
    for step in range(STEPS):
        run.log({"loss": run.config.lr + step})
        print("step", step)
        time.sleep(0.1)
"""


def hosts(root: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if "wandb_magic.launchers.host" in words and any(str(root) in word for word in words):
            yield process


def kill_worker(cluster: Cluster, chance: random.Random) -> None:
    worker = chance.choice([worker for worker in cluster.workers if worker.poll() is None])
    worker.kill()
    worker.wait()
    cluster.add_worker()


def shut_down_worker(cluster: Cluster, chance: random.Random) -> None:
    worker = chance.choice([worker for worker in cluster.workers if worker.poll() is None])
    worker.terminate()
    cluster.add_worker()


def kill_run(sweep: Sweep, chance: random.Random) -> None:
    running = [run.process for run in sweep.records() if run.state is RunState.RUNNING]
    if process := chance.choice(running or [None]):
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def kill_host(root: Path, chance: random.Random) -> None:
    if found := list(hosts(root)):
        chance.choice(found).kill()


def kill_supervisor(sweep: Sweep) -> None:
    supervisor = sweep.status().sweep.supervisor
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: sweep.state == "died")
    sweep.resume()


def cut_connection(cluster: Cluster, chance: random.Random) -> None:
    assert cluster.scheduler is not None
    cluster.scheduler.send_signal(signal.SIGSTOP)
    time.sleep(chance.uniform(0.2, 1.0))
    cluster.scheduler.send_signal(signal.SIGCONT)


@pytest.mark.full("the kills of `test_dask_launcher.py`, one of each kind")
@pytest.mark.timeout(3600)
def test_each_set_of_parameters_is_executed_to_its_end_once(
    tmp_path: Path, cluster: Cluster
) -> None:
    sweep = sweeps.start(
        CELL,
        namespace={"ROOT": str(tmp_path), "STEPS": STEPS},
        launcher=cluster.address,
        count=RUNS,
        agents=2,
        options=Options(seed=1, grace=1.0, failure_limit=0, retries=KILLS),
    )
    chance = random.Random(5)
    attacks: list[Callable[[], None]] = [
        lambda: kill_worker(cluster, chance),
        lambda: shut_down_worker(cluster, chance),
        lambda: kill_run(sweep, chance),
        lambda: kill_host(tmp_path, chance),
        lambda: kill_supervisor(sweep),
        lambda: cut_connection(cluster, chance),
    ]
    for number in range(KILLS):
        ended = sweep.status().ended
        wait_until(lambda ended=ended: sweep.status().ended > ended or sweep.state != "running")
        if sweep.state != "running":
            break
        time.sleep(chance.uniform(0.0, 0.5))
        attacks[number % len(attacks)]()
    sweep.wait(timeout=600)
    assert sweep.state == "finished"
    runs = sweep.records()
    assert {run.state for run in runs} <= {RunState.FINISHED, RunState.LOST, RunState.KILLED}
    finished = [run for run in runs if run.state is RunState.FINISHED]
    assert Counter(run.number for run in finished) == dict.fromkeys(range(RUNS), 1)
    history = sweep.history("loss")
    for run in runs:
        executions = tmp_path / f"executed-{run.id}"
        assert not executions.exists() or executions.read_text("utf-8") == "one\n"
    for run in finished:
        assert len(history.loc[run.id]) == STEPS
        assert sweep.logs(run.id).count("step ") == STEPS
