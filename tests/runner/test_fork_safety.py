"""Threads that libraries end before a fork are no reason against it; others are."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing forks")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import numpy, sklearn, pandas, torch", ""),
        ("import pyarrow; pyarrow.array([1])", ""),
        ("import torch; torch.set_num_threads(2); torch.ones(900, 900) @ torch.ones(900, 900)",
         "it started native threads, which a fork would lose"),
        ("import threading as t; t.Thread(target=t.Event().wait, name='ticker').start()",
         "it started a thread (ticker)"),
    ],
)  # fmt: skip
def test_what_a_fork_would_lose_is_told(code: str, told: str, tmp_path: Path) -> None:
    script = (
        "import os; from wandb_magic.runner.fork_safety import ForkSafetyCheck\n"
        f"check = ForkSafetyCheck()\n{code}\nprint(check.unsafe_reason('it'), flush=True)\n"
        "os._exit(0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == told
