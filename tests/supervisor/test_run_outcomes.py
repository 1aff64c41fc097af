"""Every outcome is recorded with its cause, in the store and in the run's own W&B record."""

import os
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests import sweeps
from wandb_magic.api import Sweep
from wandb_magic.log_records import ExitRecord, SummaryRecord
from wandb_magic.processes import process_identity
from wandb_magic.records import Options, RunRecord, RunState
from wandb_magic.store import StoreReader
from wandb_magic.wandb_log import LogFollower

HOLD = """
import time, pathlib, wandb
with wandb.init() as run:
    run.log({"loss": 1.0})
    while not pathlib.Path(GO).exists():
        time.sleep(0.02)
"""
GRID: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.5]}},
}
LOG = """
import wandb
with wandb.init() as run:
    run.log({"loss": run.config.lr})
"""

Start = Callable[..., Sweep]


def only(sweep: Sweep) -> RunRecord:
    sweep.wait(120)
    (run,) = sweep.records()
    return run


def recorded(run: RunRecord) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the summary in W&B's own record of a run."""
    entries = LogFollower(Path(run.directory)).poll(100_000)
    summary: dict[str, Any] = {}
    for entry in entries:
        if isinstance(entry, SummaryRecord):
            summary |= entry.update
    (code,) = (entry.code for entry in entries if isinstance(entry, ExitRecord))
    return code, summary


# How runs end, all in one sweep: each of the tests after it looks at one or two runs.
ENDINGS = """
import ctypes, os, pathlib, subprocess, sys, wandb
run = wandb.init()
run.log({"loss": run.config.lr})
how = run.config.how
if how in ("pass", "1 / 0"):
    with run:
        if how != "pass":
            1 / 0  # here
elif how == "crash":
    ctypes.string_at(0)
elif how == "leave":
    child = subprocess.Popen(["sleep", "600"])
    pathlib.Path(ROOT, "child").write_text(str(child.pid))
    run.finish()
    os._exit(0)
else:
    exec(how)
"""
HOWS = ("pass", "1 / 0", "crash", "leave", "sys.exit(3)", "os._exit(4)", "sys.exit()")


@pytest.fixture(scope="module")
def ended(shared_folder: Path) -> Sweep:
    config = {**GRID, "parameters": {"lr": {"value": 0.5}, "how": {"values": list(HOWS)}}}
    return sweeps.start(
        ENDINGS,
        config,
        namespace={"ROOT": str(shared_folder)},
        options=Options(seed=1, grace=1.0, failure_limit=0),
        count=None,
    ).wait(240)


def ending(sweep: Sweep, how: str) -> RunRecord:
    return next(run for run in sweep.records() if run.params["how"] == how)


def test_a_run_that_ends_well_is_finished(ended: Sweep) -> None:
    run = ending(ended, "pass")
    assert (run.state, run.cause, run.exit_code) == (RunState.FINISHED, "", 0)
    assert run.value == run.params["lr"]
    assert recorded(run)[0] == 0
    assert ended.state == "finished"


def test_an_exception_fails_the_run_and_shows_the_cells_own_lines(ended: Sweep) -> None:
    run = ending(ended, "1 / 0")
    assert (run.state, run.cause) == (RunState.FAILED, "ZeroDivisionError: division by zero")
    assert "line 9" in run.error
    assert "1 / 0  # here" in run.error
    assert "wandb_magic/" not in run.error
    assert "ZeroDivisionError" in str(ended.logs(run.id))
    code, summary = recorded(run)
    assert (code, summary["wandb_magic/cause"]) == (1, run.cause)


@pytest.mark.parametrize(("how", "code"), [("sys.exit(3)", 3), ("os._exit(4)", 4)])
def test_an_exit_code_is_no_success(ended: Sweep, how: str, code: int) -> None:
    run = ending(ended, how)
    assert (run.state, run.exit_code) == (RunState.FAILED, code)
    assert str(code) in run.cause
    assert recorded(run)[0] == code


def test_sys_exit_0_is_a_success(ended: Sweep) -> None:
    assert ending(ended, "sys.exit()").state is RunState.FINISHED


def test_a_segmentation_fault_ends_one_run_only(ended: Sweep) -> None:
    first, later = (ending(ended, how) for how in ("crash", "leave"))
    assert (first.state, first.cause) == (RunState.KILLED, "killed by signal 11 (SIGSEGV)")
    assert later.number > first.number
    assert later.state is RunState.FINISHED


def test_what_a_run_leaves_behind_goes_with_it(
    ended: Sweep, shared_folder: Path, until: Callable[..., Any]
) -> None:
    assert ending(ended, "leave").state is RunState.FINISHED
    pid = int((shared_folder / "child").read_text())
    until(lambda: process_identity(pid) is None)


def test_each_failure_has_its_cause_on_one_line(start: Start, tmp_path: Path) -> None:
    (tmp_path / "broken_module.py").write_text("a = 1\nb = = 2\n")
    cell = """
    import sys, wandb
    sys.path.insert(0, ROOT)
    class Unspeakable(Exception):
        def __str__(self):
            raise ValueError("no text")
    with wandb.init() as run:
        how = run.config.how
        if how == "lines":
            raise RuntimeError("CUDA error: assert triggered\\nFor debugging pass X=1")
        elif how == "note":
            error = ValueError("the real cause")
            error.__notes__ = ["see the manual"]
            raise error
        elif how == "syntax":
            import broken_module
        elif how == "mute":
            raise Unspeakable
        elif how == "exit":
            sys.exit("no data\\ntry another folder")
        elif how == "long":
            raise KeyError("k" * 1000)
    """
    causes = {
        "lines": "RuntimeError: CUDA error: assert triggered",
        "note": "ValueError: the real cause (see the manual)",
        "syntax": "SyntaxError: invalid syntax (broken_module.py, line 2)",
        "mute": "Unspeakable",
        "exit": "no data",
        "long": f"KeyError: '{'k' * 288}…",
    }
    config = {"method": "grid", "parameters": {"how": {"values": list(causes)}}}
    sweep = start(cell, config, None, agents=2, failure_limit=0)
    sweep.wait(120)
    runs = sweep.records()
    assert {run.params["how"]: run.cause for run in runs} == causes
    noted = next(run for run in runs if run.params["how"] == "note")
    assert recorded(noted)[1]["wandb_magic/cause"] == causes["note"]


def test_the_traceback_of_a_program_is_its_cause(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("raise RuntimeError('no data\\ntry another folder')\n")
    run = only(start("", {**GRID, "program": "train.py"}, None))
    assert (run.state, run.cause) == (RunState.FAILED, "RuntimeError: no data")
    assert "try another folder" in run.error


def test_the_exit_code_in_wandbs_own_record_counts(start: Start) -> None:
    cell = """
    import sys, wandb
    run = wandb.init()
    how = run.config.how
    run.log({"loss": 1.0})
    if how == "run":
        run.finish(exit_code=3)
    elif how == "module":
        wandb.finish(exit_code=1)
    elif how == "caught":
        try:
            with run:
                raise ValueError("caught")
        except ValueError:
            pass
    elif how == "exit":
        with run:
            sys.exit(0)
    elif how == "again":
        run.finish(exit_code=1)
        with wandb.init() as run:
            run.log({"loss": 2.0})
    """
    causes = {
        "run": "run.finish(exit_code=3)",
        "module": "run.finish(exit_code=1)",
        "caught": "ValueError: caught",
        "exit": "",
        "again": "",
    }
    config = {**GRID, "parameters": {"how": {"values": list(causes)}}}
    sweep = start(cell, config, None, agents=2, failure_limit=0)
    sweep.wait(120)
    runs = sweep.records()
    assert {run.params["how"]: run.cause for run in runs} == causes
    assert all(run.state is (RunState.FAILED if run.cause else RunState.FINISHED) for run in runs)
    assert [run.exit_code for run in runs] == [3, 1, 1, 0, 0]


def test_a_later_init_overwrites_the_history_or_goes_on_with_it(start: Start) -> None:
    cell = """
    import wandb
    for fold in range(3):
        with wandb.init(reinit="finish_previous") as run:
            how = run.config.how
            begin = 3 * fold if how == "goes on" else 0
            run.summary["fold"] = fold
            for step in range(begin, begin + 2 + (fold == 0)):
                run.log({"loss": 10.0 - fold + step % 2, f"only_{fold}": step}, step=step)
    """
    config = {**GRID, "parameters": {"how": {"values": ["anew", "goes on"]}}}
    sweep = start(cell, config, None, agents=2)
    sweep.wait(120)
    anew, on = sweep.records()
    history = sweep.history(runs=[anew.id])
    assert list(history["loss"].dropna()) == [8.0, 9.0]
    assert list(history["only_2"].dropna()) == [0, 1]
    assert anew.value == 8.0
    summary = sweep.summary().loc[anew.id]
    assert (summary["fold"], summary["only_2"]) == (2, 1)
    assert "only_1" not in summary.dropna()
    assert on.value == 8.0
    with closing(StoreReader(sweep.path / "sweep.db")) as reader:
        assert list(reader.logs(anew.id)) == [anew.directory]  # what a sync sends
        assert len(list(reader.logs(on.id))) == 3
    assert any("called wandb.init again" in notice for notice in sweep.status().sweep.notices)


def test_a_run_that_is_killed_says_by_what(start: Start, until: Callable[..., Any]) -> None:
    sweep = start(HOLD)
    until(lambda: [run for run in sweep.records() if run.value is not None])
    process = sweep.records()[0].process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    run = only(sweep)
    assert (run.state, run.cause) == (RunState.KILLED, "killed by signal 9 (SIGKILL)")
    code, summary = recorded(run)
    assert code == 137
    assert summary["wandb_magic/cause"] == "killed by signal 9"


def test_a_stopped_run_keeps_what_it_logged(start: Start, until: Callable[..., Any]) -> None:
    sweep = start(HOLD)
    until(lambda: [run for run in sweep.records() if run.value is not None])
    sweep.stop_run(0)
    run = only(sweep)
    assert (run.state, run.cause, run.value) == (RunState.STOPPED, "stopped on request", 1.0)
    code, summary = recorded(run)
    assert code != 0
    assert summary["wandb_magic/cause"] == run.cause


def test_a_deaf_run_is_stopped_all_the_same(start: Start, until: Callable[..., Any]) -> None:
    deaf = "import signal\nfor number in (2, 15): signal.signal(number, signal.SIG_IGN)\n" + HOLD
    sweep = start(deaf, grace=0.3)
    until(lambda: [run for run in sweep.records() if run.value is not None])
    sweep.stop_run(0)
    assert only(sweep).state is RunState.STOPPED


def test_a_run_that_takes_too_long_is_stopped(start: Start) -> None:
    run = only(start(HOLD, run_timeout=0.5))
    assert run.state is RunState.STOPPED
    assert "run timeout of 0.5 s" in run.cause


def test_broken_runs_are_retried_with_the_same_parameters(start: Start) -> None:
    cell = LOG + "import os\nos._exit(1)\n"
    sweep = start(cell, retries=2)
    sweep.wait(120)
    runs = sweep.records()
    assert [(run.number, run.attempt) for run in runs] == [(0, 0), (0, 1), (0, 2)]
    assert len({run.id for run in runs}) == 3
    assert len({str(run.params) for run in runs}) == 1
