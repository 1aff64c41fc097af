"""Native threads that a fork would lose are found, and what starts them is left to the runs."""

import encodings
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from wandb_magic.records import RunState
from wandb_magic.verbs import Sweep

Start = Callable[..., Sweep]
Until = Callable[..., object]
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


def test_what_runs_import_late_is_imported_before_the_later_ones(
    start: Start, until: Until, tmp_path: Path
) -> None:
    """All but the user's own modules, which stay with the runs."""
    (tmp_path / "own_late.py").write_text("")
    folder = Path(encodings.__file__).parent
    late = sorted(f"encodings.{path.stem}" for path in folder.glob("cp*.py"))[:38]
    late += sorted(f"encodings.{path.stem}" for path in folder.glob("iso*.py"))
    assert len(late) > 50
    cell = """
    import sys, wandb
    known = set(sys.modules)
    for name in late:
        __import__(name)
    __import__("own" + "_late")
    with wandb.init() as run:
        run.log({"loss": len(set(late) - known), "own": "own_late" in known})
    """
    sweep = start(cell, count=200, failure_limit=1, namespace={"late": late})

    def values() -> list[float]:
        return [run.value for run in sweep.records() if run.value is not None]

    until(lambda: values() and values()[-1] == 0)
    assert values()[0] > 50
    sweep.stop()
    assert sweep.wait(90).state == "stopped"
    assert not sweep.history()["own"].any()
    assert not [each for each in sweep.status().sweep.notices if "Python" in each]


WAITS_AFTER_A_FORK = """
import ctypes, os

HOME = os.getpid()

def compute():
    if os.getpid() != HOME:  # as a library does whose threads stayed in the parent
        ctypes.CDLL(None).sem_wait(ctypes.create_string_buffer(64))
    return 1.0
"""


def test_a_run_that_hangs_since_its_fork_goes_again_in_a_fresh_python(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MAGIC_HUNG_AFTER", "1")
    (tmp_path / "hangs_here.py").write_text(WAITS_AFTER_A_FORK)
    cell = "from hangs_here import compute" + CELL.replace("WORTH", "compute()")
    sweep = start(cell, count=2, run_timeout=60.0).wait(150)
    runs = sweep.records()
    assert [(run.state, run.value, run.attempt) for run in runs] == [(RunState.FINISHED, 1, 0)] * 2
    output = sweep.logs(0)
    assert "This run hung after its fork" in output
    assert "hangs_here.py" in output
    assert "COLD" in output
    (notice,) = (each for each in sweep.status().sweep.notices if "fresh Python" in each)
    assert "a run hung after its fork, in compute, hangs_here.py line" in notice


def test_a_run_that_waits_for_a_thread_a_child_or_a_clock_is_left_alone(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MAGIC_HUNG_AFTER", "0.3")
    cell = """
    import multiprocessing, subprocess, threading, time
    done, free = threading.Event(), multiprocessing.get_context("fork").Semaphore(0)
    threading.Timer(3, done.set).start()
    done.wait()
    child = multiprocessing.get_context("fork").Process(
        target=lambda: time.sleep(3) or free.release()
    )
    child.start()
    free.acquire()
    child.join()
    subprocess.run(["sleep", "2"], check=True)
    lock = threading.Lock()
    lock.acquire()
    threading.Timer(3, lock.release).start()
    lock.acquire()
    """
    sweep = start(textwrap.dedent(cell) + CELL.replace("WORTH", "2"), run_timeout=90.0).wait(150)
    assert [(run.state, run.value) for run in sweep.records()] == [(RunState.FINISHED, 2.0)]
    assert "WARM" in sweep.logs(0)
    assert not [each for each in sweep.status().sweep.notices if "Python" in each]
