"""How the cores are divided."""

import subprocess
import sys
from pathlib import Path

import pytest

from wandb_magic.slots import threads
from wandb_magic.slots.threads import VARIABLES, thread_variables, usable_cores


def test_each_agent_has_its_share_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "usable_cores", lambda: 8)
    assert thread_variables(1, {}) == {}
    assert thread_variables(4, {}) == dict.fromkeys(VARIABLES, "2")
    assert thread_variables(100, {}) == dict.fromkeys(VARIABLES, "1")
    kept = thread_variables(2, {"OMP_NUM_THREADS": "3"})
    assert "OMP_NUM_THREADS" not in kept
    assert kept["MKL_NUM_THREADS"] == "4"


@pytest.mark.parametrize(
    ("limit", "cores"), [("max 100000", 64), ("150000 100000", 2), ("1000 100000", 1), ("x", 64)]
)
def test_the_limit_of_a_container_counts(
    limit: str, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpu.max").write_text(limit)
    monkeypatch.setattr(threads, "CPU_MAX", tmp_path / "cpu.max")
    monkeypatch.setattr(threads, "CPU_QUOTA", tmp_path / "missing")
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert usable_cores() == cores


def test_the_limit_of_an_older_container_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "CPU_MAX", tmp_path / "missing")
    for name, value in {"CPU_QUOTA": 250_000, "CPU_PERIOD": 100_000}.items():
        (tmp_path / name).write_text(str(value))
        monkeypatch.setattr(threads, name, tmp_path / name)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert usable_cores() == 3


CHANGES = """
import torch, sklearn, threadpoolctl
from wandb_magic.slots.threads import VARIABLES, limit_threads
import numpy as np
np.ones((8, 8)) @ np.ones((8, 8))
limit_threads({"OMP_NUM_THREADS": "1"})  # the user has set the others
before = torch.get_num_threads()
limit_threads(dict.fromkeys(VARIABLES, "3"))
print(before, torch.get_num_threads())
limit_threads(dict.fromkeys(VARIABLES, "1"))
print({pool["num_threads"] for pool in threadpoolctl.threadpool_info()}, torch.get_num_threads())
"""


def test_libraries_that_are_loaded_follow() -> None:
    lines = subprocess.run(
        [sys.executable, "-c", CHANGES],
        check=True,
        capture_output=True,
        text=True,
        env={"OMP_NUM_THREADS": "2", "PATH": ""},
    ).stdout.splitlines()
    assert lines == ["2 3", "{1} 1"]
