"""Native threads that a fork would lose are detected, and runs start them themselves."""

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from full import FULL
from wandb_magic.api import Sweep
from wandb_magic.records import RunState

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
    print("WARM" if ".fork_server" in open("/proc/self/cmdline").read() else "COLD")
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
    assert "each run starts a fresh Python: importing openmp_early started" in notice


LATE = """
import sys, time
from pathlib import Path
import wandb

def missing():
    return sum(name not in sys.modules for name in late)

with wandb.init() as run:
    at_first, own = missing(), "own_late" in sys.modules
    if run.config.lr == 0 or "jobs" in run.config:
        for name in [*late, "own" + "_late"]:
            __import__(name)
    run.log({"loss": at_first, "own": own})
    while run.config.lr == 0 and not Path(GO).exists():
        time.sleep(0.02)
"""


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: str = "") -> str:
    """Make a package of 30 modules where packages are installed, and `code` in its last one."""
    package = folder / "site-packages" / name
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    for number in range(30):
        (package / f"part{number}.py").touch()
    (package / "part29.py").write_text(code)
    monkeypatch.syspath_prepend(str(package.parent))
    return name


def late_modules(package: str) -> list[str]:
    return [f"{package}.part{number}" for number in range(30)]


def grid(*values: int, **others: int) -> dict[str, object]:
    fixed = {name: {"value": value} for name, value in others.items()}
    return {
        "method": "grid",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"lr": {"values": list(values)}, **fixed},
    }


def test_what_a_run_imports_late_is_imported_before_the_next_one_and_the_next_sweep(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but the user's own modules, which stay with the runs."""
    (tmp_path / "own_late.py").touch()
    names = {"late": late_modules(installed(tmp_path, monkeypatch, "late_ends"))}
    sweep = start(LATE, grid(1, 2, 3, jobs=1), count=None, namespace=names).wait(90)
    assert [run.value for run in sweep.records()] == [30.0, 0.0, 0.0]
    assert not sweep.history()["own"].any()
    assert not sweep.status().sweep.notices
    # A module may be gone by then.
    (tmp_path / "site-packages" / "late_ends" / "part7.py").unlink()
    names["late"].remove("late_ends.part7")
    again = start(LATE, grid(1, jobs=1), count=None, namespace=names).wait(90)
    assert [(run.state, run.value) for run in again.records()] == [(RunState.FINISHED, 0.0)]


def test_what_a_run_imports_late_is_imported_while_it_goes_on(
    start: Start,
    until: Until,
    go: Callable[[], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "own_late.py").touch()
    names = {"late": late_modules(installed(tmp_path, monkeypatch, "late_goes_on"))}
    sweep = start(LATE, grid(*range(200)), count=None, agents=2, namespace=names)
    until(lambda: any(run.value == 0 for run in sweep.records()))
    until(lambda: sweep.records()[0].value == 30.0)
    assert sweep.records()[0].state is RunState.RUNNING
    go()
    sweep.stop()
    sweep.wait(90)


@pytest.mark.parametrize(
    ("code", "name", "values"),
    [
        # It alone is left to the runs.
        ("import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
         "late_thread", [[30.0, 1.0, 1.0], [1.0]]),
        # Nobody can tell which it was.
        ("import os\nif 'WANDB_RUN_ID' not in os.environ: os._exit(3)",
         "late_exit", [[30.0, 30.0, 30.0], *([[30.0]] if FULL else [])]),
    ],
)  # fmt: skip
def test_what_must_not_be_imported_before_the_fork_is_left_to_the_runs(
    start: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    name: str,
    values: list[list[float]],
) -> None:
    (tmp_path / "own_late.py").touch()
    names = {"late": late_modules(installed(tmp_path, monkeypatch, name, code))}
    cell = f"{LATE}print('.fork_server' in open('/proc/self/cmdline').read() and 'WARM')"
    for each in values:  # in this sweep and in the next one
        config = grid(*range(1, len(each) + 1), jobs=1)
        sweep = start(cell, config, count=None, namespace=names).wait(120)
        runs = sweep.records()
        assert [(run.state, run.value) for run in runs] == [
            (RunState.FINISHED, value) for value in each
        ]
        assert all("WARM" in sweep.logs(run.number) for run in runs)


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
