"""A run does not notice that its wandb-core is shared: neither its paths nor its children do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fake_wandb_server.server import FakeWandbServer
from wandb_magic.api import Sweep
from wandb_magic.records import RunRecord, RunState

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
    without, nothing, lost = sweep.records()
    assert [without.state, nothing.state] == [RunState.FINISHED, RunState.FINISHED]
    assert lost.state is RunState.FAILED
    assert "wandb.init was called, but what the run logged is lost" in lost.cause


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
