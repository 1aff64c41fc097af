"""A run does not notice that its wandb-core is shared: neither its paths nor its children do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from fake_wandb_server.server import FakeWandbServer
from wandb_magic.api import Sweep
from wandb_magic.records import RunRecord, RunState
from wandb_magic.supervisor.run_table import DISK_RETRIES

Start = Callable[..., Sweep]

PARAMS = """
import os, pathlib, yaml
params = yaml.safe_load(pathlib.Path(os.environ["WANDB_SWEEP_PARAM_PATH"]).read_text())
how = params["how"]["value"]
"""
PATHS = """
import numpy as np
import wandb
options = {}
if how in ("dir", "moved later"):
    options = {"dir": "rel"}
elif how == "settings":
    options = {"settings": wandb.Settings(root_dir="./rel")}
elif how == "dot":
    options = {"dir": pathlib.Path()}
elif how == "variable":
    os.environ["WANDB_DIR"] = "rel"
elif how == "moved before":
    os.chdir("other")
    pathlib.Path("deep").mkdir()
    options = {"dir": "deep"}
with wandb.init(**options) as run:
    if how == "moved later":
        os.chdir("other")
    run.log({"image": wandb.Image(np.zeros((2, 2, 3), "uint8"))})
    run.log({"loss": 1.0})
"""
CHILDREN = """
import subprocess, sys
import multiprocessing, wandb
def rank(results):
    try:
        with wandb.init(group="ranks") as run:
            results.put("begun")
            run.log({"loss": 1.0})
    except BaseException as error:
        results.put(repr(error))
context = multiprocessing.get_context("fork")
results = context.Queue()
processes = [context.Process(target=rank, args=(results,)) for _ in range(2)]
code = "import wandb\\nwith wandb.init() as run: run.log({'loss': 1.0})"
if how == "scripts":
    started = [subprocess.Popen([sys.executable, "-c", code]) for _ in processes]
    assert [process.wait() for process in started] == [0, 0]
else:
    for process in processes:
        process.start()
    assert [results.get(timeout=60) for _ in processes] == ["begun", "begun"]
    for process in processes:
        process.join()
"""


def grid(*values: str) -> dict[str, Any]:
    parameters = {"how": {"values": list(values)}}
    return {"method": "grid", "metric": {"name": "loss"}, "parameters": parameters}


def finished(sweep: Sweep) -> dict[Any, RunRecord]:
    """Wait for the runs, which must end well; return them by their parameter."""
    sweep.wait(120)
    runs = {run.params["how"]: run for run in sweep.records()}
    for how, run in runs.items():
        assert (run.state, run.value) == (RunState.FINISHED, 1.0), (how, sweep.logs(run.id))
    return runs


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "notebook"
    for each in ("rel", "other"):
        (folder / each).mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("WANDB_DIR")
    return folder


def test_relative_paths_are_those_of_the_run(start: Start, notebook: Path) -> None:
    places = {
        "dir": "rel",
        "settings": "rel",
        "dot": "",
        "variable": "rel",
        "moved before": "other/deep",
        "moved later": "rel",
    }
    sweep = start(PARAMS + PATHS, grid(*places), None, agents=2)
    for how, run in finished(sweep).items():
        folder = Path(run.directory)
        assert folder.parent == notebook / places[how] / "wandb", how
        assert list(folder.glob("run-*.wandb")), how
        assert list(folder.glob("files/media/images/image_0_*.png")), how


def test_each_child_of_a_run_may_call_init(start: Start) -> None:
    finished(start(PARAMS + CHILDREN, grid("forks", "scripts"), None, agents=2))


def test_a_lost_log_is_a_failure_and_a_run_without_init_is_not(start: Start) -> None:
    cell = (
        PARAMS
        + """
if how != "no init":
    import wandb
    with wandb.init() as run:
        if how == "lost":  # a second `init` makes its folder, and no log comes to be there
            folder = pathlib.Path(run.dir).parents[1]
            (folder / f"offline-run-29991231_235959-{run.id}").mkdir()
"""
    )
    sweep = start(cell, grid("no init", "nothing logged", "lost"), None, failure_limit=0)
    sweep.wait(120)
    without, nothing, *lost = sweep.records()
    assert [without.state, nothing.state] == [RunState.FINISHED, RunState.FINISHED]
    assert [run.state for run in lost] == [RunState.FAILED] * (1 + DISK_RETRIES)
    for run in lost:
        assert "wandb.init was called, but what the run logged is lost" in run.cause


def test_online_too(online: Start, fake_wandb_server: FakeWandbServer, notebook: Path) -> None:
    cell = (
        PARAMS
        + """
import multiprocessing, wandb
def rank():
    with wandb.init(dir="rel") as run:
        run.log({"loss": 1.0})
if how == "rank":
    process = multiprocessing.get_context("fork").Process(target=rank)
    process.start()
    process.join()
    assert process.exitcode == 0
else:
    with wandb.init(dir="rel") as run:
        artifact = wandb.Artifact("data", "dataset")
        artifact.add_file("rel/data.txt")
        run.log_artifact(artifact).wait()
        os.chdir("other")
        run.use_artifact("data:latest").download(root="here")
        run.log({"loss": 1.0})
"""
    )
    (notebook / "rel" / "data.txt").write_text("data")
    sweep = online(fake_wandb_server, cell, config=grid("rank", "artifact"), count=None)
    for run in finished(sweep).values():
        assert Path(run.directory).parent == notebook / "rel" / "wandb"
        there = fake_wandb_server.look().runs[run.id]
        assert [row["loss"] for row in there.history] == [1.0]
    assert (notebook / "other" / "here" / "data.txt").read_text() == "data"


SEES_CORE = """
import os, pathlib, psutil, wandb
sweep = str(pathlib.Path(os.environ["WANDB_SWEEP_PARAM_PATH"]).parents[2])
with wandb.init() as run:
    attributes = ["name", "environ", "ppid", "cwd", "pid"]
    processes = [process.info for process in psutil.process_iter(attributes)]
    cores = [each for each in processes if each["name"] == "wandb-core"]
    cores = [each for each in cores if (each["environ"] or {}).get("WANDB_MAGIC_CORE_OF") == sweep]
    # A program that a core starts has its name until it executes.
    cores = [each for each in cores if each["ppid"] not in {other["pid"] for other in cores}]
    run.log({"loss": len(cores)})
    print("in", *(core["cwd"] for core in cores))
    names = {*os.environ, *(name for core in cores for name in core["environ"])}
    print("how to start:", *(name for name in names if "START_CORE" in name))
"""


class ThreadOnRead:
    def __reduce__(self) -> tuple[object, ...]:
        return eval, ("__import__('_thread').start_new_thread(__import__('time').sleep, (60,))",)


@pytest.mark.parametrize("variable", [None, ThreadOnRead()], ids=["plain", "deferred"])
def test_the_fork_server_starts_one_in_the_directory_of_the_runs(
    start: Start, notebook: Path, variable: object
) -> None:
    sweep = start(f"variable\n{SEES_CORE}", count=2, namespace={"variable": variable})
    sweep.wait(120)
    for run in sweep.records():
        assert (run.state, run.value) == (RunState.FINISHED, 1.0), sweep.logs(run.id)
        output = sweep.logs(run.id)
        assert f"in {notebook}\n" in output
        assert "how to start:\n" in output
    # Then the fork server has executed itself again.
    is_deferred = "each run reads it itself" in " ".join(sweep.status().sweep.notices)
    assert is_deferred == (variable is not None)


def test_a_fork_server_that_dies_with_it_costs_nothing(
    start: Start, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (notebook / "dies_once.py").write_text("""
import os, pathlib, signal
if not pathlib.Path("died").exists():
    pathlib.Path("died").touch()
    os.kill(os.getpid(), signal.SIGKILL)
""")
    monkeypatch.syspath_prepend(str(notebook))
    sweep = start(f"import dies_once\n{SEES_CORE}").wait(120)
    (run,) = sweep.records()
    assert run.state is RunState.FINISHED, sweep.logs(run.id)
    assert run.value in {1.0, 2.0}  # the second one, if the first has no one left to report it
    assert (notebook / "died").exists()
    processes = [process.info for process in psutil.process_iter(["name", "environ"])]
    cores = [each["environ"] or {} for each in processes if each["name"] == "wandb-core"]
    assert str(sweep.path) not in [core.get("WANDB_MAGIC_CORE_OF") for core in cores]
