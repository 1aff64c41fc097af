"""Real runs that fail in many ways, and what remains of each."""

import linecache
import os
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import sweeps
from wandb_magic.api import Sweep
from wandb_magic.errors import SweepStateError, UntrustedError
from wandb_magic.postmortem.restored import Unrestored
from wandb_magic.records import Options

CASES = ["cell", "function", "module", "worker", "pool", "torch", "exit", "none"]
MODULE = """
def divide(by):
    doubled = 2 * by
    return doubled / (by - by)
"""
NAMESPACE = """
import multiprocessing

import numpy as np

class Broken:
    def __len__(self):
        return 4
    def __getitem__(self, index):
        fetched = {"index": index, "values": np.arange(3.0)}
        raise ValueError(f"item {index} is broken")

class Point:
    def __init__(self, x):
        self.x = x

def deeper(values):
    total, missing = values.sum(), Point(7)
    return values[10_000]

def task(number):
    squared = number * number
    raise KeyError("in the pool")
"""
CELL = """
import helper_module
import wandb

run = wandb.init()
case = run.config.case
values = np.arange(5.0)
api_key = "abcdefgh12345"
if case == "cell":
    nothing = None
    nothing.attribute
elif case == "function":
    deeper(values)
elif case == "module":
    helper_module.divide(3)
elif case == "worker":
    import torch
    from torch.utils.data import DataLoader
    for batch in DataLoader(Broken(), num_workers=1):
        pass
elif case == "pool":
    with multiprocessing.get_context("fork").Pool(1) as pool:
        pool.map(task, [11])
elif case == "torch":
    import torch
    weights = torch.arange(6.0, requires_grad=True)
    torch.nn.Linear(3, 2)(weights)
elif case == "exit":
    import sys
    reason = "too bad"
    sys.exit(3)
"""


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    (tmp_path / "helper_module.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    namespace: dict[str, Any] = {"__name__": "__main__"}
    linecache.cache["<ipython-input-1>"] = (0, None, NAMESPACE.splitlines(keepends=True), "")
    exec(compile(textwrap.dedent(NAMESPACE), "<ipython-input-1>", "exec"), namespace)
    return sweeps.start(
        CELL,
        {"method": "grid", "parameters": {"case": {"values": CASES}}},
        namespace=namespace,
        options=Options(seed=1, failure_limit=0),
        count=None,
        agents=2,
    ).wait(300)


@pytest.mark.slow(30)
def test_each_failed_run_leaves_its_frames(sweep: Sweep) -> None:
    runs = {run.params["case"]: run for run in sweep.records()}
    failures = {case: sweep.failure(runs[case].id) for case in CASES if case != "none"}
    assert {case: failure.type for case, failure in failures.items()} == {
        "cell": "AttributeError",
        "function": "IndexError",
        "module": "ZeroDivisionError",
        "worker": "ValueError",
        "pool": "KeyError",
        "torch": "RuntimeError",
        "exit": "SystemExit",
    }
    with pytest.raises(SweepStateError, match="has not failed"):
        sweep.failure(runs["none"].id)

    cell = failures["cell"].frames[-1]
    assert cell.text == "nothing.attribute"
    assert "deeper(values)" in cell.source
    assert cell.locals["nothing"] is None
    assert cell.locals["run"].config.case == "cell"
    assert "abcdefgh12345" not in (
        sweep.path / "runs" / runs["cell"].id / "failure.frames"
    ).read_text("latin-1")
    assert failures["cell"].config == {"case": "cell"}

    outer, inner = failures["function"].frames
    assert (inner.function, inner.text) == ("deeper", "return values[10_000]")
    assert inner.source.startswith("def deeper(values):")
    assert inner.locals["missing"].x == 7
    assert inner.locals["values"] is outer.locals["values"]
    np.testing.assert_array_equal(inner.locals["values"], np.arange(5.0))

    module = failures["module"].frames[-1]
    assert Path(module.filename).name == "helper_module.py"
    assert (module.line, module.locals["doubled"]) == (4, 6)

    worker = failures["worker"].frames[-1]
    assert worker.process not in (None, os.getpid())
    assert worker.function.endswith("__getitem__")
    np.testing.assert_array_equal(worker.locals["fetched"]["values"], np.arange(3.0))
    assert failures["pool"].frames[-1].locals["squared"] == 121

    weights = failures["torch"].frames[0].locals["weights"]
    assert (weights.tolist(), weights.requires_grad) == ([0, 1, 2, 3, 4, 5], True)
    assert failures["exit"].frames[0].locals["reason"] == "too bad"


CRASHES = """
import os, signal, threading, time
import wandb

with wandb.init() as run:
    def waits_here():
        print("the last line", flush=True)
        if run.config.case == "crash":
            import ctypes
            ctypes.string_at(0)
        os.kill(os.getpid(), getattr(signal, run.config.case))
        time.sleep(60)
    waits_here()
"""


def test_what_a_signal_kills_leaves_its_stack_and_output() -> None:
    sweep = sweeps.start(
        CRASHES,
        {"method": "grid", "parameters": {"case": {"values": ["crash", "SIGTERM", "SIGKILL"]}}},
        options=Options(seed=1, failure_limit=0),
        count=None,
    ).wait(300)
    failures = {run.params["case"]: sweep.failure(run.id) for run in sweep.records()}
    assert "Fatal Python error: Segmentation fault" in failures["crash"].stack
    for case in ("crash", "SIGTERM"):
        assert "in waits_here" in failures[case].stack
    assert failures["SIGKILL"].stack == ""
    for failure in failures.values():
        assert failure.frames == ()
        assert "the last line" in failure.log


def test_nothing_from_elsewhere_is_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = "value = [1]\nvalue[2]"
    config = {"method": "grid", "parameters": {"x": {"values": [1]}}}
    sweep = sweeps.start(cell, config, count=None, options=Options(seed=1)).wait(300)
    assert sweep.failure(0).frames[0].locals["value"] == [1]
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "another"))
    failure = sweep.failure(0)
    values = failure.frames[0].locals
    assert values.reprs["value"] == "[1]"
    with pytest.raises(UntrustedError, match="trust=True"):
        values["value"]
    assert sweep.failure(0, trust=True).frames[0].locals["value"] == [1]
    monkeypatch.undo()

    file = sweep.path / "runs" / sweep.records()[0].id / "failure.frames"
    assert file.stat().st_mode & 0o077 == 0
    changed = bytearray(file.read_bytes())
    changed[-3] ^= 1
    file.write_bytes(bytes(changed))
    assert not isinstance(values, Unrestored)
    with pytest.raises(UntrustedError):
        Sweep(sweep._paths).failure(0).frames[0].locals["value"]
    for content in (b"", b"wandb-magic failure 1 ", bytes(changed[:200])):
        file.write_bytes(content)
        assert Sweep(sweep._paths).failure(0).frames == ()


PROGRAM = """
import argparse
import wandb

def scale(values, by):
    factors = [1 / by for _ in values]
    return factors

parser = argparse.ArgumentParser()
parser.add_argument("--by", type=int)
options = parser.parse_args()
with wandb.init() as run:
    scale([1, 2], options.by)
"""


def test_the_program_of_a_sweep_leaves_its_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "train.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    sweep = sweeps.start(
        config={
            "program": "train.py",
            "method": "grid",
            "parameters": {"by": {"values": [0, 1]}},
        },
        options=Options(seed=1, failure_limit=0),
        count=None,
    ).wait(300)
    failure = sweep.failure(0)
    assert failure.type == "ZeroDivisionError"
    by_name = {frame.function: frame for frame in failure.frames}
    assert by_name["scale"].locals["values"] == [1, 2]
    assert by_name["<module>"].locals["options"].by == 0
    assert by_name["<module>"].text == "scale([1, 2], options.by)"
    with pytest.raises(SweepStateError, match="has not failed"):
        sweep.failure(1)
