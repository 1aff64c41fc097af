"""Offline sweeps, and syncs of them to the fake W&B server."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fake_wandb_server.clients import PYTHONS
from fake_wandb_server.server import FakeWandbServer
from tests import sweeps
from wandb_magic.api import Sweep
from wandb_magic.bundle.manifest import inheritable_environment
from wandb_magic.daemon import start_sync
from wandb_magic.records import Options
from wandb_magic.sync import state
from wandb_magic.sync.state import SyncState

from .assertions import said

PATIENCE_S = 240.0
CONFIG: dict[str, Any] = {
    "method": "random",
    "name": "offline",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}, "net": {"parameters": {"width": {"value": 8}}}},
}
CELL = """
import os
import wandb

with wandb.init(tags=["tag"]) as run:
    lr = run.config["lr"]
    print("begins with", lr)
    for step in range(STEPS):
        run.log({"loss": lr / (step + 1), "deep": {"step": step}})
    run.log({"page": wandb.Html(f"<b>{lr}</b>"), "table": wandb.Table(["lr"], [[lr]])})
    path = os.path.join(run.dir, "kept.txt")
    with open(path, "w") as file:
        file.write(str(lr))
    run.save(path, base_path=run.dir)
    artifact = wandb.Artifact(f"model-{run.id}", "model", metadata={"lr": lr})
    artifact.add_file(path)
    run.log_artifact(artifact, aliases=["best"])
    run.summary["kept"] = lr
    print("ends")
    if lr > 0.9:
        raise ValueError("too fast")
"""


older = pytest.mark.full("the same with the newest wandb, and a whole sweep with the oldest")
IDS = ["newest", "oldest"][: len(PYTHONS)]
every_wandb = pytest.mark.parametrize("python", PYTHONS, ids=IDS, indirect=True)
"""For what shows that each supported wandb sends a sweep; the rest is shown with the newest."""


@pytest.fixture(
    params=[PYTHONS[0], *(pytest.param(each, marks=older) for each in PYTHONS[1:])], ids=IDS
)
def python(request: pytest.FixtureRequest) -> str:
    """The Python whose wandb sends."""
    return str(request.param)


@pytest.fixture
def swept(tmp_path: Path) -> Callable[..., Sweep]:
    """Run an offline sweep to its end."""

    def sweep(
        count: int = 4,
        cell: str = CELL,
        config: dict[str, Any] = CONFIG,
        agents: int = 2,
        *,
        wait: bool = True,
        **namespace: object,
    ) -> Sweep:
        started = sweeps.start(
            cell,
            config,
            namespace={"STEPS": 5, "GO": str(tmp_path / "go"), **namespace},
            options=Options(seed=3, grace=1.0, failure_limit=0),
            count=count,
            agents=agents,
            project="digits",
        )
        if wait:
            started.wait(PATIENCE_S)
            assert started.state == "finished", (started.path / "supervisor.log").read_text()
        return started

    return sweep


Begin = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def begin(fake_wandb_server: FakeWandbServer, python: str) -> Begin:
    """Start a sync, of whatever version of wandb."""

    def start(sweep: Sweep, *arguments: str, **variables: str) -> subprocess.Popen[bytes]:
        environment = {
            **inheritable_environment(os.environ),
            **fake_wandb_server.environment,
            "PYTHONWARNINGS": "ignore",
            "PYTHONDONTWRITEBYTECODE": "",  # else each command compiles all of wandb again
            "WANDB_SILENT": "false",
            **variables,
        }
        return start_sync(sweep._paths, arguments, environment, python)

    return start


@pytest.fixture
def end(begin: Begin) -> Callable[..., SyncState]:
    """Sync a sweep to the end."""

    def sync(sweep: Sweep, *arguments: str, **variables: str) -> SyncState:
        assert begin(sweep, *arguments, **variables).wait(PATIENCE_S) == 0, said(sweep)
        found = state.read(sweep._paths.sync)
        assert found is not None
        return found

    return sync
