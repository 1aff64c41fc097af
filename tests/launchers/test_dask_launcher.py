"""Sweeps on a Dask cluster: workers in folders of their own, which share nothing with them."""

import json
import os
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
import pytest
from distributed import Client

from fake_wandb_server.server import FakeWandbServer
from tests import sweeps
from tests.launchers.conftest import Cluster, wait_until
from wandb_magic.api import Sweep
from wandb_magic.errors import SpecError
from wandb_magic.paths import SweepPaths
from wandb_magic.records import Options, RunRecord, RunState
from wandb_magic.resources import Host
from wandb_magic.slots.devices import DEVICES_ENV

CELL = """
import pathlib, os
import numpy as np
import wandb
with wandb.init() as run:
    for step in range(3):
        run.log({"loss": (run.config.lr - 0.3) ** 2 + 1 / (1 + step)})
    run.log({"picture": wandb.Image(np.zeros((4, 4, 3), dtype=np.uint8))})
    pathlib.Path(os.environ["WANDB_MAGIC_RUN_FOLDER"], "weights.bin").write_bytes(bytes(3_000_000))
    print("weights of", run.id, "with", SHARED.sum())
"""

WAITING = """
import os, pathlib, subprocess, sys, time
import wandb
with wandb.init() as run:
    run.log({"loss": run.config.lr})
    print("begun", flush=True)
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(900)", MARK])
    while not os.path.exists(GO):
        time.sleep(0.05)
    run.log({"loss": run.config.lr + 1})
"""


def start(tmp_path: Path, cluster: Cluster, cell: str, **settings: object) -> Sweep:
    namespace = {
        "GO": str(tmp_path / "go"),
        "MARK": f"child of {tmp_path}",
        "SHARED": np.ones(100_000),
    }
    return sweeps.start(cell, namespace=namespace, launcher=cluster.address, **settings)


def children(tmp_path: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if f"child of {tmp_path}" in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


def active(sweep: Sweep) -> list[RunRecord]:
    return [run for run in sweep.records() if run.state is RunState.RUNNING]


def hosts(sweep: Sweep) -> Sequence[Host]:
    resources = sweep._reader.resources()
    return resources.hosts if resources is not None else ()


def has_begun(sweep: Sweep, count: int) -> bool:
    runs = active(sweep)
    return len(runs) == count and all(run.value is not None for run in runs)


def test_a_sweep_leaves_here_what_its_runs_wrote_elsewhere(
    tmp_path: Path, shared_cluster: Cluster
) -> None:
    sweep = start(tmp_path, shared_cluster, CELL, count=6, agents=2)
    sweep.wait(timeout=180)
    assert sweep.state == "finished"
    assert Counter(run.state for run in sweep.records()) == {RunState.FINISHED: 6}
    assert len(sweep.history("loss")) == 18
    assert sweep.best().value == min(run.value for run in sweep.records() if run.value)
    for run in sweep.records():
        folder = sweep.path / "runs" / run.id
        assert f"weights of {run.id} with 100000.0" in (folder / "output.log").read_text("utf-8")
        assert (folder / "kept" / "weights.bin").stat().st_size == 3_000_000
        directory = Path(run.directory)
        assert directory.parent == tmp_path / "wandb"
        assert next(directory.glob("files/media/images/*.png")).stat().st_size
        assert (directory / "files" / "requirements.txt").stat().st_size
    wait_until(lambda: not list(shared_cluster.folder.glob("worker-*/**/wandb-magic-*")), 30)


def test_a_stop_ends_runs_and_what_they_started(tmp_path: Path, shared_cluster: Cluster) -> None:
    sweep = start(tmp_path, shared_cluster, WAITING, count=3, agents=2)
    wait_until(lambda: has_begun(sweep, 2) and len(children(tmp_path)) == 2)
    assert "begun" in sweep.logs(active(sweep)[0].id)
    wait_until(lambda: all(host.runs for host in hosts(sweep)))
    assert len(hosts(sweep)) == 2
    for host in hosts(sweep):
        assert host.address.startswith("tcp://")
        assert (host.slots, host.problem, host.out_until) == (1, "", None)
    assert sorted(run for host in hosts(sweep) for run in host.runs) == sorted(
        run.id for run in active(sweep)
    )
    sweep.stop()
    sweep.wait(timeout=60)
    assert Counter(run.state for run in sweep.records()) == {RunState.STOPPED: 2}
    assert sweep.state == "stopped"
    wait_until(lambda: not children(tmp_path), 30)


def test_the_runs_of_a_killed_worker_go_again(tmp_path: Path, shared_cluster: Cluster) -> None:
    sweep = start(tmp_path, shared_cluster, WAITING, count=3, agents=2)
    wait_until(lambda: has_begun(sweep, 2) and len(children(tmp_path)) == 2)
    next(each for each in shared_cluster.workers if each.poll() is None).kill()
    wait_until(lambda: len(children(tmp_path)) == 1)
    wait_until(lambda: RunState.LOST in {run.state for run in sweep.records()})
    shared_cluster.add_worker()
    wait_until(lambda: has_begun(sweep, 2))
    (tmp_path / "go").touch()
    sweep.wait(timeout=120)
    runs = sweep.records()
    assert Counter(run.state for run in runs) == {RunState.FINISHED: 3, RunState.LOST: 1}
    ended = [run for run in runs if run.state is RunState.FINISHED]
    assert sorted(run.number for run in ended) == [0, 1, 2]
    lost = next(run for run in runs if run.state is RunState.LOST)
    assert lost.value == lost.params["lr"]  # what it had logged is here


FAILING = """
import os, time, wandb
with wandb.init() as run:
    if os.environ.get("GPU") == "broken":
        raise RuntimeError("CUDA error: uncorrectable ECC error encountered")
    run.log({"loss": run.config.lr})
    time.sleep(0.3)
"""


def test_a_worker_whose_device_fails_gets_no_more_runs(
    tmp_path: Path, empty_cluster: Cluster
) -> None:
    empty_cluster.add_worker(GPU="broken")
    empty_cluster.add_worker()
    sweep = start(tmp_path, empty_cluster, FAILING, count=8, agents=2)
    sweep.wait(timeout=120)
    runs = sweep.records()
    failed = [run for run in runs if run.state is RunState.FAILED]
    assert len(failed) == 2
    assert failed[0].cause.startswith("device error on tcp://127.0.0.1:")
    assert "uncorrectable ECC error" in failed[0].cause
    assert {run.number for run in runs if run.state is RunState.FINISHED} == set(range(8))
    assert any("2 runs in a row failed" in notice for notice in sweep.status().sweep.notices)


def test_a_supervisor_that_is_killed_and_started_again(
    tmp_path: Path, shared_cluster: Cluster
) -> None:
    sweep = start(tmp_path, shared_cluster, WAITING, count=3, agents=2)
    wait_until(lambda: has_begun(sweep, 2))
    before = {run.id for run in active(sweep)}
    supervisor = sweep.status().sweep.supervisor
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: sweep.state == "died")
    sweep.resume()
    wait_until(lambda: has_begun(sweep, 2))
    assert {run.id for run in active(sweep)} == before
    (tmp_path / "go").touch()
    sweep.wait(timeout=120)
    runs = sweep.records()
    assert Counter(run.state for run in runs) == {RunState.FINISHED: 3}
    assert len(sweep.history("loss")) == 6


@pytest.mark.slow
def test_a_scheduler_that_is_killed_and_started_again(tmp_path: Path, cluster: Cluster) -> None:
    sweep = start(tmp_path, cluster, WAITING, count=2, agents=2)
    wait_until(lambda: has_begun(sweep, 2))
    assert cluster.scheduler is not None
    cluster.scheduler.kill()
    cluster.scheduler.wait()
    wait_until(lambda: any("does not answer" in text for text in sweep.status().sweep.notices))
    assert sweep.state == "running"
    (tmp_path / "go").touch()
    cluster.start_scheduler()
    cluster.add_worker()
    sweep.wait(timeout=120)
    runs = sweep.records()
    assert sorted(run.number for run in runs if run.state is RunState.FINISHED) == [0, 1]
    # Workers end with their scheduler; whether they still report their runs is chance.
    assert {run.state for run in runs} <= {RunState.FINISHED, RunState.LOST, RunState.KILLED}


RESUMING = """
import os, pathlib
import wandb
kept = pathlib.Path(os.environ["WANDB_MAGIC_RUN_FOLDER"], "checkpoint")
with wandb.init() as run:
    print("in", os.getcwd(), "with", os.environ["GIVEN"], "without", os.environ.get("NOT_GIVEN"))
    first = not kept.exists()
    for step in range(2):
        run.log({"loss": run.config.lr + step})
    if first:
        kept.write_text("half way")
        raise ValueError("interrupted")
    print("resumed from", kept.read_text())
"""


def test_a_run_is_resumed_on_another_worker(
    tmp_path: Path, empty_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = tmp_path / "notebook"
    notebook.mkdir()
    monkeypatch.chdir(notebook)
    monkeypatch.setenv("NOT_GIVEN", "x")
    sweep = start(tmp_path, empty_cluster, RESUMING, env={"GIVEN": "this"})
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NOT_GIVEN")
    notebook.rmdir()  # no worker has it either
    empty_cluster.add_worker()
    sweep.wait(timeout=120)
    run = sweep.records()[0]
    assert run.cause == "ValueError: interrupted"
    notebook.mkdir()
    empty_cluster.workers[0].kill()
    empty_cluster.add_worker()
    sweep.resume_run(run.id)
    sweep.wait(timeout=120)
    assert sweep.records()[0].state is RunState.FINISHED
    output = sweep.logs(run.id)
    assert f"in {empty_cluster.local_directory(0)}" in output
    assert output.count("with this without None") == 2
    assert "resumed from half way" in output
    assert sweep.history("loss").index.get_level_values("step").tolist() == [0, 1, 2, 3]


PREEMPTED = """
import os, pathlib, signal, sys, time
import wandb
kept = pathlib.Path(os.environ["WANDB_MAGIC_RUN_FOLDER"], "step.txt")
begin = int(kept.read_text()) if kept.exists() else 0
with wandb.init() as run:
    if run.config.lr > 0.2:  # this one saves its state when it is told to end
        def save(*_):
            kept.write_text("2")
            sys.exit(0)
        signal.signal(signal.SIGTERM, save)
    print("begun at", begin, flush=True)
    for step in range(begin, 4):
        while step == 2 and not os.path.exists(GO):
            time.sleep(0.05)
        run.log({"loss": run.config.lr + step})
"""


def test_the_runs_of_a_worker_that_is_shut_down_continue_or_start_over(
    tmp_path: Path, empty_cluster: Cluster
) -> None:
    empty_cluster.add_worker(nanny=True)
    empty_cluster.add_worker()
    empty_cluster.add_worker()
    rates = [0.1, 0.3, 0.4]
    config = {**sweeps.RANDOM, "method": "grid", "parameters": {"lr": {"values": rates}}}
    sweep = start(tmp_path, empty_cluster, PREEMPTED, config=config, count=3, agents=3)
    wait_until(lambda: len(sweep.history("loss")) == 6)
    for worker in empty_cluster.workers[:2]:
        worker.terminate()
    with Client(empty_cluster.address.replace("dask", "tcp"), set_as_default=False) as client:
        client.retire_workers(names=["worker-2"], close_workers=True)
    wait_until(lambda: not active(sweep))
    for worker in empty_cluster.workers:
        assert worker.wait(60) is not None
    empty_cluster.add_worker()
    (tmp_path / "go").touch()
    sweep.wait(timeout=120)
    runs = sweep.records()
    assert [(run.number, run.attempt, run.state, run.cause) for run in runs] == [
        (0, 0, RunState.KILLED, "its worker was shut down"),
        (0, 1, RunState.FINISHED, ""),
        (1, 0, RunState.FINISHED, ""),
        (2, 0, RunState.FINISHED, ""),
    ]
    assert [sweep.logs(run.id).count("begun at 2") for run in runs] == [0, 0, 1, 1]
    assert [len(sweep.history("loss", runs=run.id)) for run in runs] == [2, 4, 4, 4]
    assert any("a worker was shut down" in notice for notice in sweep.status().sweep.notices)


def test_a_worker_that_does_not_fit_is_named_and_gets_no_runs(
    tmp_path: Path, empty_cluster: Cluster
) -> None:
    package = tmp_path / "other" / "wandb_magic"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "version.py").write_text("__version__ = '0.0.1'", "utf-8")
    empty_cluster.add_worker(PYTHONPATH=str(package.parent))
    sweep = start(tmp_path, empty_cluster, CELL)
    sweep.wait(timeout=60)
    assert sweep.state == "failed"
    assert (
        "no Dask worker can execute runs: it has wandb-magic 0.0.1" in sweep.status().sweep.cause
    )
    assert not sweep.records()
    empty_cluster.add_worker()
    sweep = start(tmp_path, empty_cluster, CELL, count=3, agents=2)
    sweep.wait(timeout=120)
    assert sweep.state == "finished"
    notice = next(text for text in sweep.status().sweep.notices if "gets no runs" in text)
    assert "install the same version on both" in notice


def read_anywhere_good() -> int:
    import os  # noqa: PLC0415 - it is captured by value

    return len(os.environ["GOOD"])


class Picky:
    def __reduce__(self) -> tuple[object, ...]:
        return (read_anywhere_good, ())


@pytest.mark.slow
def test_a_worker_that_cannot_read_the_code_gets_no_runs(empty_cluster: Cluster) -> None:
    cell = """
    import time, wandb
    with wandb.init() as run:
        run.log({"loss": PICKY})
        time.sleep(0.5)
    """
    empty_cluster.add_worker()
    namespace = {"PICKY": Picky()}
    settings = {"namespace": namespace, "launcher": empty_cluster.address}
    sweep = sweeps.start(cell, count=2, agents=2, **settings)
    sweep.wait(timeout=60)
    assert sweep.state == "failed"
    assert "'PICKY' was handed over, but cannot be read" in sweep.status().sweep.cause
    empty_cluster.add_worker(GOOD="12")
    sweep = sweeps.start(cell, count=3, agents=2, **settings)
    sweep.wait(timeout=90)
    assert sweep.state == "finished"
    assert [(run.state, run.value) for run in sweep.records()] == [(RunState.FINISHED, 2.0)] * 3
    # Where Dask has used the first worker at all, a notice says why that has no runs.
    assert all("gets no runs: variable 'PICKY'" in text for text in sweep.status().sweep.notices)


def test_a_sweep_that_waits_for_workers_can_be_stopped(
    tmp_path: Path, empty_cluster: Cluster
) -> None:
    sweep = start(tmp_path, empty_cluster, CELL)
    wait_until(lambda: sweep.state == "running")
    sweep.stop()
    sweep.wait(timeout=30)
    assert sweep.state == "stopped"
    assert not sweep.records()


def test_a_run_that_waits_for_a_gpu_of_its_worker_can_be_stopped(
    tmp_path: Path, empty_cluster: Cluster
) -> None:
    gpu = [{"id": "GPU-0", "index": 0, "name": "A100", "memory": 16 * 2**30}]
    for _ in range(2):  # on one machine
        empty_cluster.add_worker(**{DEVICES_ENV: json.dumps(gpu)})
    options = Options(seed=1, grace=1.0, gpus_per_run=1.0)
    sweep = start(tmp_path, empty_cluster, WAITING, count=2, agents=2, options=options)
    wait_until(lambda: has_begun(sweep, 1))
    pending = [run for run in sweep.records() if run.state is RunState.PENDING]
    wait_until(SweepPaths(sweep.path).run(pending[0].id).process.exists)  # on its way
    sweep.stop_run(pending[0].id)
    wait_until(lambda: sweep.records()[pending[0].number].state is RunState.STOPPED)
    assert has_begun(sweep, 1)
    (tmp_path / "go").touch()
    sweep.wait(timeout=60)
    assert Counter(run.state for run in sweep.records()) == {
        RunState.FINISHED: 1,
        RunState.STOPPED: 1,
    }


LOGGING = """
import os, time
import wandb
with wandb.init() as run:
    for step in range(100_000):
        run.log({"loss": step})
        print("step", step)
        with open(PROGRESS, "a") as file:
            file.write(".")
        time.sleep(0.02)
        if os.path.exists(GO):
            break
"""


def test_what_is_logged_while_the_connection_is_cut_arrives_later(
    tmp_path: Path, shared_cluster: Cluster
) -> None:
    progress = tmp_path / "progress"
    namespace = {"GO": str(tmp_path / "go"), "PROGRESS": str(progress)}
    sweep = sweeps.start(LOGGING, namespace=namespace, launcher=shared_cluster.address)
    wait_until(lambda: has_begun(sweep, 1))
    assert shared_cluster.scheduler is not None
    shared_cluster.scheduler.send_signal(signal.SIGSTOP)
    try:
        before = progress.stat().st_size
        wait_until(lambda: progress.stat().st_size > before + 100)
        (tmp_path / "go").touch()
    finally:
        shared_cluster.scheduler.send_signal(signal.SIGCONT)
    sweep.wait(timeout=60)
    count = progress.stat().st_size
    run = sweep.records()[0]
    assert run.state is RunState.FINISHED
    assert sweep.history("loss")["loss"].tolist() == list(range(count))
    assert sweep.logs(run.id).count("step ") == count


def test_a_bundle_that_was_changed_is_not_executed(tmp_path: Path, empty_cluster: Cluster) -> None:
    sweep = start(tmp_path, empty_cluster, CELL)
    wait_until(lambda: sweep.state == "running")  # it has verified the bundle
    with (sweep.path / "bundle" / "cell.py").open("a", encoding="utf-8") as file:
        file.write("open(GO, 'w')\n")
    empty_cluster.add_worker()
    sweep.wait(timeout=60)
    assert sweep.state == "failed"
    assert "cell.py was changed after it was signed" in sweep.status().sweep.cause
    assert not (tmp_path / "go").exists()


def test_an_online_sweep(
    tmp_path: Path,
    shared_cluster: Cluster,
    fake_wandb_server: FakeWandbServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in fake_wandb_server.environment.items():
        monkeypatch.setenv(name, value)  # after the workers were started
    sweep = start(tmp_path, shared_cluster, CELL, count=2, agents=2, mode="auto")
    sweep.wait(timeout=120)
    assert sweep.state == "finished"
    assert sweep.url is not None
    assert Counter(run.state for run in sweep.records()) == {RunState.FINISHED: 2}
    assert len(sweep.history("loss")) == 6
    key = fake_wandb_server.environment["WANDB_API_KEY"].encode()
    files = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
    assert not [path for path in files if key in path.read_bytes()]


SCRIPT = """
import sys, wandb
with wandb.init() as run:
    run.log({"loss": float(sys.argv[1].partition("=")[2])})
    print("script", sys.executable)
"""


def test_a_program(
    tmp_path: Path, shared_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(SCRIPT, "utf-8")
    config = {**sweeps.RANDOM, "program": "train.py"}
    sweep = sweeps.start(config=config, count=2, agents=2, launcher=shared_cluster.address)
    sweep.wait(timeout=60)
    assert sweep.state == "finished"
    for run in sweep.records():
        assert run.value == pytest.approx(run.params["lr"])
        assert "script" in sweep.logs(run.id)
        assert Path(run.directory).parent == tmp_path / "wandb"


def test_an_address_without_a_scheduler(tmp_path: Path) -> None:
    del tmp_path
    for address, message in {
        "dask://127.0.0.1:1": "no Dask scheduler answers at dask://127.0.0.1:1",
        "dask://": "is not the address of a Dask scheduler",
        "dask://host:port": "is not the address of a Dask scheduler",
        "ray://127.0.0.1:1": "there is no launcher for ray://; there are dask://",
        "here": "is not an address",
    }.items():
        with pytest.raises(SpecError, match="launcher: ") as caught:
            sweeps.start("pass", launcher=address)
        assert message in str(caught.value)
        assert len(caught.value.problems) == 1
