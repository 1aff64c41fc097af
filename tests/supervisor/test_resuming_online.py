"""A run that is resumed online is the same run for W&B's server."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wandb_magic
from fake_wandb_server.server import FakeWandbServer
from wandb_magic.api import Sweep
from wandb_magic.records import RunState

Until = Callable[..., Any]
CONFIG = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"values": [0.25, 0.5]}},
}


def train_until(root: Path) -> Callable[[], None]:
    go, hold = str(root / "go"), str(root / "hold")

    def train() -> None:
        import os  # noqa: PLC0415 - it runs elsewhere
        import time  # noqa: PLC0415

        import wandb  # noqa: PLC0415

        with wandb.init() as run:
            print("resumed", run.resumed, run.step, run.summary.get("loss"))  # noqa: T201 - its output
            for _ in range(3):
                run.log({"loss": run.config.lr})
            while os.path.exists(hold):  # noqa: PTH110
                time.sleep(0.05)
            if not os.path.exists(go):  # noqa: PTH110
                raise RuntimeError("not yet")

    return train


@pytest.fixture
def online(fake_wandb_server: FakeWandbServer, monkeypatch: pytest.MonkeyPatch) -> FakeWandbServer:
    for name, value in fake_wandb_server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL", "1")
    return fake_wandb_server


def begin(root: Path) -> Sweep:
    return wandb_magic.start(
        CONFIG, train_until(root), project="tests", mode="online", failure_limit=0
    )


@pytest.mark.slow
def test_failed_runs_go_on_under_their_ids_at_the_server(
    online: FakeWandbServer, tmp_path: Path
) -> None:
    sweep = begin(tmp_path).wait(120)
    before = sweep.records()
    assert [run.state for run in before] == [RunState.FAILED] * 2, sweep.status()
    assert {online.runs[run.id].state for run in before} == {"failed"}
    (tmp_path / "go").touch()
    sweep.rerun_failed(resume=True).wait(120)
    after = sweep.records()
    assert [run.id for run in after] == [run.id for run in before]
    assert [run.state for run in after] == [RunState.FINISHED] * 2
    assert set(online.runs) == {run.id for run in before}
    for run in after:
        found = online.runs[run.id]
        assert (found.state, found.exit_code, found.overwritten) == ("finished", 0, 0)
        assert [row["_step"] for row in found.history] == [0, 1, 2, 3, 4, 5]
        steps = sweep.history("loss", run.id).index.get_level_values("step")
        assert list(steps) == [0, 1, 2, 3, 4, 5]
        output = sweep.logs(run.id)
        assert f"resumed True 3 {run.params['lr']}" in output


@pytest.mark.slow
def test_a_killed_run_goes_on_at_the_server(
    online: FakeWandbServer, tmp_path: Path, until: Until
) -> None:
    (tmp_path / "hold").touch()
    sweep = begin(tmp_path)
    until(lambda: [run.id for run in sweep.records() if run.value is not None])
    first = sweep.records()[0]
    until(lambda: len(online.runs[first.id].history) == 3)
    assert first.process is not None
    os.kill(first.process.pid, signal.SIGKILL)
    until(lambda: sweep.records()[0].state is RunState.KILLED)
    (tmp_path / "go").touch()
    (tmp_path / "hold").unlink()
    sweep.resume_run(first.id)
    until(lambda: sweep.records()[0].state is RunState.FINISHED)
    sweep.wait(60)
    found = online.runs[first.id]
    assert (found.state, found.overwritten) == ("finished", 0)
    assert [row["_step"] for row in found.history] == [0, 1, 2, 3, 4, 5]
