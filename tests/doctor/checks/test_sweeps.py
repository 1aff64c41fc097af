import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import wandb_magic
from waiting import wait_until
from wandb_magic.doctor.checks import sweeps
from wandb_magic.doctor.diagnostics import Diagnostic
from wandb_magic.doctor.environment import Environment
from wandb_magic.paths import SweepPaths

Bad = Callable[[list[Diagnostic]], list[Diagnostic]]
PATIENCE_S = 60
CONFIG = {"method": "grid", "parameters": {"lr": {"values": [1, 2]}}}


def train() -> None:
    time.sleep(600)


def test_a_user_without_sweeps_is_well() -> None:
    (finding,) = sweeps.check(Environment())
    assert finding.text == "none yet"


def test_a_sweep_that_died_is_named_until_it_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: Bad
) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = wandb_magic.start(CONFIG, train, mode="offline", name="mine")
    wait_until(lambda: sweep.status().running)
    assert not bad(list(sweeps.check(Environment())))
    supervisor = sweep.status().sweep.supervisor
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: sweep.status().died)
    (finding,) = bad(list(sweeps.check(Environment())))
    assert finding.text == f"sweep mine ({sweep.id}) died: its supervisor is not running"
    assert finding.remedy == f"wandb-magic resume {sweep.id}"
    sweep.resume()
    wait_until(lambda: not sweep.status().died)
    assert not bad(list(sweeps.check(Environment())))
    sweep.stop()
    sweep.wait(PATIENCE_S)

    SweepPaths(sweep.path).store.write_bytes(b"no store")
    (finding,) = bad(list(sweeps.check(Environment())))
    assert "mine" in finding.text
    assert "cannot be read" in finding.text
