"""Whole sweeps with each supported Python, and with the oldest supported wandb."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fake_wandb_server.leaks import leaks
from fake_wandb_server.server import FakeWandbServer

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / ".venvs"
VERSIONS = (
    "3.10",
    *(
        pytest.param(version, marks=pytest.mark.full("the oldest and the newest Python"))
        for version in ("3.11", "3.12")
    ),
    "3.13",
)
SWEEP = """
import json
import wandb
import wandb_magic

def train():
    with wandb.init() as run:
        print("trained with", run.config.lr)
        for step in range(5):
            run.log({"loss": run.config.lr + step})

config = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.25, 0.5, 0.75]}},
}
sweep = wandb_magic.start(config, train, agents=2, mode=MODE, project="tests")
sweep.wait(150)
runs = sweep.runs()
history = sweep.history("loss")["loss"].unstack("run")
print(json.dumps({
    "wandb": wandb.__version__,
    "id": sweep.id,
    "state": sweep.state,
    "states": list(runs["state"]),
    "causes": list(runs["cause"]),
    "lr": list(runs["config.lr"]),
    "best": sweep.best_config,
    "history": {int(runs["number"][name]): list(history[name]) for name in history},
    "notices": list(sweep.status().sweep.notices),
}))
"""


def swept(environment: str, folder: Path, server: FakeWandbServer | None = None) -> dict[str, Any]:
    """Run a sweep of three runs from a script in an environment; return what came of it."""
    script = folder / "sweep.py"
    mode = "online" if server else "offline"
    script.write_text(f"MODE = {mode!r}\n{SWEEP}", encoding="utf-8")
    done = subprocess.run(
        [ENVIRONMENTS / environment / "bin" / "python", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(server.environment if server else {})},
    )
    logs = "\n".join(log.read_text() for log in folder.rglob("supervisor.log"))
    assert done.returncode == 0, f"{done.stderr}\n{logs}"
    return json.loads(done.stdout.splitlines()[-1])


def complete(result: dict[str, Any]) -> None:
    assert result["state"] == "finished", result
    assert result["states"] == ["finished"] * 3, result
    assert result["lr"] == [0.25, 0.5, 0.75]
    assert result["best"] == {"lr": 0.25}
    assert result["history"] == {
        str(number): [lr + step for step in range(5)]
        for number, lr in enumerate((0.25, 0.5, 0.75))
    }


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_every_python_sweeps_without_a_notice(version: str, tmp_path: Path) -> None:
    environment = f"python-{version}"
    if not (ENVIRONMENTS / environment).exists():
        pytest.skip(f"this machine has no Python {version} that scripts/kernels could find")

    result = swept(environment, tmp_path)

    complete(result)
    assert result["notices"] == []


@pytest.mark.slow
def test_the_oldest_wandb_sweeps_and_says_what_it_lacks(tmp_path: Path) -> None:
    result = swept("wandb-oldest", tmp_path)

    complete(result)
    assert result["wandb"] == "0.22.0"
    late, shared = sorted(result["notices"])
    assert "no shared core" in shared
    assert "curves lag behind" in late


@pytest.mark.slow
def test_the_oldest_wandb_sweeps_online(
    tmp_path: Path, fake_wandb_server: FakeWandbServer
) -> None:
    result = swept("wandb-oldest", tmp_path, fake_wandb_server)

    complete(result)
    sweep = fake_wandb_server.sweeps[result["id"]]
    runs = sorted(
        (fake_wandb_server.runs[run] for run in sweep.runs), key=lambda run: run.config["lr"]
    )
    assert [run.config for run in runs] == [{"lr": lr} for lr in (0.25, 0.5, 0.75)]
    assert [run.state for run in runs] == ["finished"] * 3
    for run in runs:
        assert [row["loss"] for row in run.history] == [
            run.config["lr"] + step for step in range(5)
        ]
        assert any(line.endswith(f"trained with {run.config['lr']}") for line in run.console), (
            run.console
        )
    assert fake_wandb_server.refused == []
    assert leaks(fake_wandb_server.key, tmp_path) == []
