"""Which GPUs there are: a program stands for nvidia-smi, for there is no GPU here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from wandb_magic.api import Sweep
from wandb_magic.supervisor import gpu_assignment
from wandb_magic.supervisor.gpu_assignment import agent_gpu_env


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """Ask anew in each test."""
    gpu_assignment._devices.cache_clear()
    yield
    gpu_assignment._devices.cache_clear()


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program in the place of nvidia-smi."""
    command = tmp_path / "nvidia-smi"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


def test_agents_share_out_what_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "printf '0\\n1\\n2\\n'")
    shown = [agent_gpu_env(agent, 2, {}) for agent in range(2)]
    assert shown == [{"CUDA_VISIBLE_DEVICES": "0,2"}, {"CUDA_VISIBLE_DEVICES": "1"}]


@pytest.mark.parametrize(
    "script",
    ["sleep 600", "trap '' TERM INT; sleep 600 & wait", "exit 1", "echo NVIDIA-SMI has failed"],
)
def test_one_that_hangs_or_fails_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(gpu_assignment, "TIMEOUT_S", 0.5)
    stand_in(tmp_path, monkeypatch, script)
    begin = time.monotonic()
    assert agent_gpu_env(0, 2, {}) == {}
    assert agent_gpu_env(1, 2, {}) == {}
    assert time.monotonic() - begin < 60  # and not the ten minutes that it sleeps


def test_one_that_cannot_be_executed_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, "")
    (tmp_path / "nvidia-smi").write_text("#!/nowhere\n")
    assert agent_gpu_env(0, 2, {}) == {}


def test_requests_are_carried_out_while_it_hangs(
    start: Callable[..., Sweep],
    until: Callable[..., object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = tmp_path / "asked"
    stand_in(
        tmp_path, monkeypatch, f"echo $$ > {asked}.new; mv {asked}.new {asked}; exec sleep 600"
    )
    sweep = start("print('run')", agents=2, count=2)
    until(asked.exists)
    sweep.pause()
    assert psutil.pid_exists(int(asked.read_text()))
    sweep.resume()
    sweep.wait(90)
    assert [run.state.value for run in sweep.records()] == ["finished"] * 2
