"""A program stands in for nvidia-smi, and prints what the real one prints."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from wandb_magic.doctor.checks import gpus
from wandb_magic.doctor.diagnostics import Diagnostic, Level
from wandb_magic.doctor.environment import Environment

Bad = Callable[[list[Diagnostic]], list[Diagnostic]]
ROWS = "0, NVIDIA H200, 143771 MiB, 512 MiB, 3 %\\n1, NVIDIA H200, 143771 MiB, 0 MiB, 0 %\\n"


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Environment]:
    monkeypatch.delitem(sys.modules, "torch", raising=False)  # what it was built for is told, too

    def made(script: str, **environment: str) -> Environment:
        command = tmp_path / "nvidia-smi"
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)
        return Environment(variables={"PATH": f"{tmp_path}:/usr/bin:/bin", **environment})

    return made


def test_a_machine_without_the_driver_has_none(tmp_path: Path) -> None:
    (finding,) = gpus.check(Environment(variables={"PATH": str(tmp_path)}))
    assert finding.text.startswith("none")


def test_each_gpu_is_named(make: Callable[..., Environment]) -> None:
    first, second, shared = gpus.check(make(f"printf '{ROWS}'".replace("%", "%%")))
    assert first.text == "GPU 0: NVIDIA H200, 512 MiB of 143771 MiB used, 3 % busy"
    assert second.text.startswith("GPU 1")
    assert shared.level is Level.OK


def test_hidden_gpus_are_noticed(make: Callable[..., Environment], bad: Bad) -> None:
    env = make(f"printf '{ROWS}'".replace("%", "%%"), CUDA_VISIBLE_DEVICES="")
    (finding,) = bad(list(gpus.check(env)))
    assert finding.remedy == "unset CUDA_VISIBLE_DEVICES"


def test_a_broken_driver_is_a_problem(make: Callable[..., Environment], bad: Bad) -> None:
    (finding,) = bad(list(gpus.check(make("echo 'Failed to initialize NVML' >&2; exit 9"))))
    assert (finding.level, "NVML" in finding.text) == (Level.PROBLEM, True)


def test_a_driver_that_hangs_is_a_problem(
    make: Callable[..., Environment], monkeypatch: pytest.MonkeyPatch, bad: Bad
) -> None:
    monkeypatch.setattr(gpus, "TIMEOUT_S", 0.2)
    (finding,) = bad(list(gpus.check(make("exec sleep 60"))))
    assert "does not answer" in finding.text
