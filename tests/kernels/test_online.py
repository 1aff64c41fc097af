"""The same cells with W&B: real kernels, real wandb, a server of the tests; not W&B's own."""

import ast
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import wandb_magic
from fake_wandb_server.leaks import leaks
from fake_wandb_server.server import FakeWandbServer
from fake_wandb_server.state import Run
from wandb_magic.api import Sweep

KERNELS = (  # the one where `wandb.agent` fails, and one where it does not
    "7.0.1",
    pytest.param("newest", marks=pytest.mark.full("ipykernel 7.0.1")),
)
PATIENCE_S = 120
Notebook = Any  # the one of conftest.py, which cannot be imported
Open = Callable[[], Notebook]

DEFINITIONS = """
%load_ext wandb_magic
import wandb

config = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.25, 0.5, 0.75]}},
}

def train():
    with wandb.init() as run:
        for step in range(5):
            run.log({"loss": run.config.lr + step})
        run.log({"page": wandb.Html("<p>seen</p>")})
        with open(f"{run.dir}/weights.txt", "w") as file:
            file.write(f"weights of {run.config.lr}")
        run.save(f"{run.dir}/weights.txt", base_path=run.dir)
        model = wandb.Artifact("model", "model", metadata={"lr": run.config.lr})
        with model.new_file("weights.txt") as file:
            file.write(f"weights of {run.config.lr}")
        run.log_artifact(model)
        print("trained with", run.config.lr)
"""
SWEEP = """
%%wandb_sweep config --count 3 --agents 2 --name trial --project digits --out sweep
train()
"""
PARENTS = """
import asyncio, json

async def parent():
    return get_ipython().get_parent()["header"]["msg_id"]

print(json.dumps([await parent(), await asyncio.create_task(parent())]))
"""
PROGRAM = """
import argparse, wandb
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
lr = parser.parse_args().lr
with wandb.init() as run:
    run.log({"loss": lr})
"""


@pytest.fixture
def notebook(
    open_notebook: Open,
    fake_wandb_server: FakeWandbServer,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Notebook:
    """A kernel of somebody who is logged in."""
    for name, value in {**fake_wandb_server.environment, "TMPDIR": str(temporary)}.items():
        monkeypatch.setenv(name, value)
    opened = open_notebook()
    opened.run(DEFINITIONS)
    return opened


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A temporary folder for the kernel alone, with a name that is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="t") as folder:
        yield Path(folder)


def in_order(server: FakeWandbServer, sweep: Sweep) -> list[Run]:
    """Return the sweep's runs as the server has them, in the order of the runs here."""
    assert sorted(server.sweeps[sweep.id].runs) == sorted(run.id for run in sweep.records())
    return [server.runs[run.id] for run in sweep.records()]


def whole(server: FakeWandbServer, sweep: Sweep, expected: tuple[float, ...]) -> None:
    assert sweep.state == "finished", sweep.status()
    assert sorted(run.params["lr"] for run in sweep.records()) == list(expected)
    for run in in_order(server, sweep):
        lr = run.config["lr"]
        assert run.state == "finished"
        assert run.sweep == sweep.id
        assert [row["loss"] for row in run.history if "loss" in row] == [
            lr + step for step in range(5)
        ]
        assert any(line.endswith(f"trained with {lr}") for line in run.console), run.console
        assert run.files["weights.txt"].content == f"weights of {lr}".encode()
        assert any(name.startswith("media/html/page") for name in run.files)
        assert "requirements.txt" in run.files
        (version,) = [name for name in run.logged if name.startswith("model:")]
        assert json.loads(server.artifacts[version].metadata) == {"lr": lr}


def keeps_its_parent(notebook: Notebook) -> None:
    probed = notebook.run(PARENTS)
    assert set(json.loads(probed.text)) == {probed.id}


@pytest.mark.slow
@pytest.mark.parametrize("ipykernel", KERNELS, indirect=True)
def test_the_cell_with_a_login_makes_a_real_sweep(
    notebook: Notebook, fake_wandb_server: FakeWandbServer, temporary: Path, tmp_path: Path
) -> None:
    keeps_its_parent(notebook)
    shown = notebook.run(SWEEP)
    (sweep,) = wandb_magic.sweeps()
    keeps_its_parent(notebook)
    sweep.wait(PATIENCE_S)
    keeps_its_parent(notebook)

    whole(fake_wandb_server, sweep, (0.25, 0.5, 0.75))
    assert fake_wandb_server.sweeps[sweep.id].display_name == "trial"
    assert fake_wandb_server.sweeps[sweep.id].project == "digits"
    assert sweep.url == f"{fake_wandb_server.url}/team/digits/sweeps/{sweep.id}"
    assert sweep.url in json.dumps([message["content"] for message in shown.published])
    assert fake_wandb_server.refused == []
    notebook.close()
    assert leaks(fake_wandb_server.key, tmp_path, temporary) == []


@pytest.mark.slow
@pytest.mark.parametrize("ipykernel", ["7.0.1"], indirect=True)
def test_sweeps_that_were_made_elsewhere(
    notebook: Notebook, fake_wandb_server: FakeWandbServer, tmp_path: Path
) -> None:
    # As the notebooks of people who have only wandb: `wandb.sweep`, then one line is another.
    notebook.run('sweep_id = wandb.sweep(config, project="digits")')
    notebook.run(
        "from wandb_magic import agent\nhandle = agent(sweep_id, function=train, count=3)"
    )
    (dropped_in,) = wandb_magic.sweeps()
    keeps_its_parent(notebook)
    dropped_in.wait(PATIENCE_S)
    whole(fake_wandb_server, dropped_in, (0.25, 0.5, 0.75))
    assert ast.literal_eval(notebook.run("print([handle.id, handle.state])").text) == [
        dropped_in.id,
        "finished",
    ]

    # A cell for a sweep of another machine, which goes on there.
    made = notebook.run('print("id", wandb.sweep(config, project="digits"))').text.split()[-1]
    notebook.run(f"%%wandb_sweep team/digits/{made} --count 2\ntrain()")
    cell = wandb_magic.attach(made).wait(PATIENCE_S)
    whole(fake_wandb_server, cell, (0.25, 0.5))
    assert fake_wandb_server.sweeps[made].state == "RUNNING"

    # One with a program of its own.
    (tmp_path / "train.py").write_text(PROGRAM)
    notebook.run('config["program"] = "train.py"')
    made = notebook.run('print("id", wandb.sweep(config, project="digits"))').text.split()[-1]
    notebook.run(f'handle = agent("team/digits/{made}", count=2)')
    program = wandb_magic.attach(made).wait(PATIENCE_S)
    assert program.state == "finished", program.status()
    runs = in_order(fake_wandb_server, program)
    assert [run.history[0]["loss"] for run in runs] == [0.25, 0.5]
    assert [run.state for run in runs] == ["finished"] * 2
    assert fake_wandb_server.refused == []
