"""Native threads that a fork would lose are found, and what starts them is left to the runs."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from wandb_magic.records import RunState
from wandb_magic.verbs import Sweep

Start = Callable[..., Sweep]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing forks")

# A product of this size uses OpenMP's pool of threads, which is not there in a fork.
OPENMP = """
import torch

def multiply():
    torch.set_num_threads(2)
    return float((torch.ones(700, 700) @ torch.ones(700, 700)).max())

class Fitted:
    def __init__(self, size=0): self.size = size
    def __reduce__(self): return refit, (self.size,)

def refit(size):
    multiply()
    return Fitted(size)
"""
CELL = """
import wandb
with wandb.init() as run:
    run.log({"loss": WORTH})
    print("WARM" if "wandb_magic.template" in open("/proc/self/cmdline").read() else "COLD")
"""


@pytest.fixture(autouse=True)
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "openmp_model.py").write_text(OPENMP)
    (tmp_path / "openmp_early.py").write_text(OPENMP + "\nmultiply()\n")
    monkeypatch.syspath_prepend(str(tmp_path))


def test_a_variable_that_starts_native_threads_is_read_in_each_run(start: Start) -> None:
    model = __import__("openmp_model").Fitted(3)
    cell = CELL.replace("WORTH", "before + model.size + behind[0] + multiply()")
    names = {"before": 1.0, "model": model, "multiply": sys.modules["openmp_model"].multiply}
    sweep = start(cell, count=2, namespace={**names, "behind": [5]}, run_timeout=60.0).wait(150)
    assert [(run.state, run.value) for run in sweep.records()] == [(RunState.FINISHED, 709.0)] * 2
    assert ["WARM" in sweep.logs(number) for number in (0, 1)] == [True, True]
    (notice,) = (each for each in sweep.status().sweep.notices if "threads" in each)
    assert notice.startswith("variable 'model' started native threads")
    assert "each run reads it itself" in notice


def test_a_module_that_starts_native_threads_lets_runs_start_cold(start: Start) -> None:
    cell = "from openmp_early import multiply" + CELL.replace("WORTH", "multiply()")
    sweep = start(cell, run_timeout=60.0).wait(150)
    assert [(run.state, run.value) for run in sweep.records()] == [(RunState.FINISHED, 700.0)]
    assert "COLD" in sweep.logs(0)
    (notice,) = (each for each in sweep.status().sweep.notices if "threads" in each)
    assert notice.startswith("each run starts a fresh Python: importing openmp_early started")
