"""More agents than the machine supports are refused before anything starts."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from wandb_magic import start
from wandb_magic.errors import SpecError, SweepError
from wandb_magic.runner import capacity

CONFIG = {"method": "random", "parameters": {"lr": {"min": 0.0, "max": 1.0}}}


def train() -> None:
    """Do nothing."""


def test_too_few_open_files_are_told_before_anything_starts(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
    try:
        assert capacity.capacity_problem(192) == ""
        with pytest.raises(SpecError, match=r"agents: 193 .* limit of 256 .* at most 192"):
            start(CONFIG, train, count=193, agents=193)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert not list(tmp_path.glob("wandb/*"))


def test_a_sweep_gets_no_more_agents_than_can_go_on() -> None:
    sweep = start(CONFIG, train, count=1)
    with pytest.raises(SweepError, match="agents: must be at most 10000"):
        sweep.set_agents(10**9)
    assert sweep.wait(90).status().sweep.agents == 1


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
def test_a_containers_limit_of_processes_counts_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pids.max").write_text("100\n")
    (tmp_path / "pids.current").write_text("28\n")
    monkeypatch.setattr(capacity, "_control_groups", lambda: [tmp_path])
    assert capacity.capacity_problem(10) == ""
    assert "limit of 100 allows, of which 28" in capacity.capacity_problem(11)
    assert capacity.capacity_problem(14, present=4) == ""
    (tmp_path / "pids.max").write_text("max\n")
    assert capacity.capacity_problem(11) == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_a_users_limit_of_processes_counts(tmp_path: Path) -> None:
    code = (
        "import os, resource; from wandb_magic.runner.capacity import capacity_problem\n"
        "resource.setrlimit(resource.RLIMIT_NPROC, (60, 60)); os.setuid(54321)\n"
        "print(repr(capacity_problem(3)), repr(capacity_problem(50)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.startswith("'' '50 runs at a time need more processes than the limit of 60")
