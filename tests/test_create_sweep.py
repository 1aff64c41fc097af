"""A sweep is made first and run later, as with W&B: from Python, by a script, in a terminal."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import wandb_magic
from fake_wandb_server.clients import Client, ended
from fake_wandb_server.server import FakeWandbServer
from wandb_magic import Sweep, agent, attach
from wandb_magic.errors import SpecError, SweepStateError

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PATIENCE_S = 120
RANDOM = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.1, "max": 1.0}},
}


def train() -> None:
    import wandb  # noqa: PLC0415 - in the run

    with wandb.init() as run:
        run.log({"loss": run.config["lr"]})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the script and its config."""
    for name in ("train.py", "sweep.yaml"):
        shutil.copy(NOTEBOOKS / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOKS.parent))
    return tmp_path


@pytest.fixture
def online(
    here: Path, fake_wandb_server: FakeWandbServer, monkeypatch: pytest.MonkeyPatch
) -> Client:
    """The same for somebody who is logged in."""
    for name, value in fake_wandb_server.environment.items():
        monkeypatch.setenv(name, value)
    return Client(Path(sys.executable), here, fake_wandb_server)


def terminal(*command: str) -> str:
    """Run a command of Python's to its end; return what it printed."""
    return ended(
        subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )


def command_line(*arguments: str) -> str:
    return terminal("-m", "wandb_magic.cli", *arguments)


def trained(sweep: Sweep) -> list[float]:
    """Return the accuracies of a sweep whose runs all came to their end."""
    assert sweep.state == "finished", sweep.status()
    assert {run.state.value for run in sweep.records()} == {"finished"}
    found = sweep.history("accuracy")
    assert (found.groupby(level="run").size() == 12).all()
    assert {run.params["hidden"] for run in sweep.records()} <= {8, 16, 32, 64}
    assert all("accuracy 0." in sweep.logs(run.id) for run in sweep.records())
    return [run.value for run in sweep.records() if run.value is not None]


@pytest.mark.slow
def test_a_sweep_is_made_and_then_run() -> None:
    made = wandb_magic.sweep(RANDOM, project="later", mode="offline", seed=3)
    sweep = attach(made)
    assert (sweep.id, sweep.state, sweep.records()) == (made, "paused", [])
    assert "not started yet" in str(sweep.status())
    assert sweep.wait() is sweep  # there is nothing to wait for

    first = agent(made, train, count=2).wait(PATIENCE_S)
    assert first.path == sweep.path
    assert (first.state, len(first.records())) == ("finished", 2)
    assert first.status().sweep.project == "later"
    again = agent(made, train, count=3, agents=2).wait(PATIENCE_S)
    assert (again.state, len(again.records()), again.status().sweep.agents) == ("finished", 5, 2)

    same = wandb_magic.sweep(RANDOM, mode="offline", seed=3)
    agent(same, train, count=5).wait(PATIENCE_S)
    params = [[run.params for run in each.records()] for each in (again, attach(same))]
    assert params[0] == params[1]


@pytest.mark.full("grids of agents in test_wandb_compat.py, and caps in test_editing.py")
@pytest.mark.slow
def test_a_cap_and_a_grid_end_it() -> None:
    capped = wandb_magic.sweep({**RANDOM, "run_cap": 2}, mode="offline")
    assert len(agent(capped, train, count=9).wait(PATIENCE_S).records()) == 2
    grid = {"method": "grid", "parameters": {"lr": {"values": [0.1, 0.2, 0.3]}}}
    whole = agent(wandb_magic.sweep(grid, mode="offline"), train).wait(PATIENCE_S)
    assert [run.params["lr"] for run in whole.records()] == [0.1, 0.2, 0.3]


def test_what_cannot_be_run_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="parameters: must name"):
        wandb_magic.sweep({"parameters": {}}, mode="offline")
    assert not list(tmp_path.glob("wandb/sweep-*"))

    made = wandb_magic.sweep(RANDOM, mode="offline")
    with pytest.raises(SweepStateError, match=f"{made} has no code to run yet: give it"):
        attach(made).resume()
    with pytest.raises(SweepStateError, match="no code to run yet"):
        agent(made, count=2)
    with pytest.raises(SpecError, match="runs forever"):
        agent(made, train)
    assert attach(made).state == "paused"


@pytest.mark.full("the notebook create_sweep, which does the same")
@pytest.mark.slow
def test_a_script_and_the_command_line_run_it(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = wandb_magic.sweep("sweep.yaml")
    assert "finished 2/2" in terminal("train.py", made, "2")
    assert len(trained(attach(made))) == 2
    command_line("run", made, "--count", "1", "--wait")  # its program
    assert len(trained(attach(made))) == 3

    terminal(
        "-m", "wandb_magic.cli", "run", "sweep.yaml", "--count", "2", "--agents", "2", "--wait"
    )
    (other,) = [sweep for sweep in wandb_magic.sweeps() if sweep.id != made]
    assert len(trained(other)) == 2
    assert {run.agent for run in other.records()} == {0, 1}

    # Without a sweep, the script is one run.
    monkeypatch.setenv("WANDB_MODE", "offline")
    before = {*here.glob("wandb/offline-run-*")}
    terminal("train.py", "--epochs", "2", "--lr", "0.01")
    assert len({*here.glob("wandb/offline-run-*")} - before) == 1


@pytest.mark.slow
def test_online_it_is_a_sweep_of_the_server(
    online: Client, fake_wandb_server: FakeWandbServer
) -> None:
    made = wandb_magic.sweep("sweep.yaml")
    there = fake_wandb_server.sweeps[made]
    assert (there.project, there.display_name, there.runs) == ("digits", "digits", [])
    assert attach(made).url == f"{fake_wandb_server.url}/team/digits/sweeps/{made}"

    online.wandb("agent", "--count", "1", f"team/digits/{made}")  # W&B's own, unmodified
    assert "finished 1/1" in terminal("train.py", made, "1")
    command_line("run", made, "--count", "1", "--wait")
    runs = [fake_wandb_server.runs[run] for run in fake_wandb_server.sweeps[made].runs]
    assert [run.state for run in runs] == ["finished"] * 3
    for run in runs:
        assert run.config.keys() >= {"lr", "hidden", "alpha", "epochs"}
        assert len([row for row in run.history if "accuracy" in row]) == 12
    assert len(attach(made).records()) == 2
    assert json.loads(json.dumps(there.config))["program"] == "train.py"
    assert os.environ["WANDB_API_KEY"] not in (attach(made).path / "spec.yaml").read_text("utf-8")
