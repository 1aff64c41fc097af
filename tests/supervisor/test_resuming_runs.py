"""Runs that continue under their own id, and failed runs that run again, whatever is killed."""

import collections
import contextlib
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from full import FULL
from wandb_magic.api import Sweep
from wandb_magic.errors import SweepStateError
from wandb_magic.records import NO_AGENT, RunState
from wandb_magic.store import StoreReader

# It logs one step more than it finds in its folder, and fails until the file GO is there.
CELL = """
import os, pathlib, time, wandb

kept = pathlib.Path(os.environ["WANDB_MAGIC_RUN_FOLDER"]) / "checkpoint"
with wandb.init() as run:
    done = int(kept.read_text()) if run.resumed else 0
    with open(ROOT + "/executed", "a") as file:
        file.write(f"{run.id} {run.resumed} {done} {os.getpid()}\\n")
    print("from", done)
    for step in range(done, done + 3):
        run.log({"loss": run.config.lr + step})
    new = kept.with_suffix(".new")
    new.write_text(str(done + 3))
    new.replace(kept)  # a kill leaves the old content or the new
    if not pathlib.Path(GO).exists():
        raise RuntimeError("not yet")
"""
HOLD = """
import os, pathlib, time, wandb
with wandb.init() as run:
    run.log({"loss": run.config.lr})
    with open(ROOT + "/executed", "a") as file:
        file.write(f"{run.id} {run.resumed} {os.getpid()}\\n")
    while not pathlib.Path(GO).exists():
        time.sleep(0.02)
"""
GRID = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"values": [0.1, 0.2, 0.3]}},
}

Start = Callable[..., Sweep]
Until = Callable[..., Any]
Go = Callable[[], None]


def kill_supervisor(sweep: Sweep, until: Until) -> None:
    process = sweep.status().sweep.supervisor
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: sweep.state == "died")


def executions(folder: Path) -> list[list[str]]:
    return [line.split() for line in (folder / "executed").read_text().splitlines()]


def test_a_failed_run_goes_on_as_the_same_run(start: Start, tmp_path: Path, go: Go) -> None:
    sweep = start(CELL, failure_limit=0).wait(60)
    (before,) = sweep.records()
    assert before.state is RunState.FAILED
    first = before.directory
    go()
    sweep.resume_run(0).wait(60)

    (run,) = sweep.records()
    assert (run.id, run.number, run.attempt, run.params) == (
        before.id,
        before.number,
        before.attempt,
        before.params,
    )
    assert (run.state, run.cause, run.error, run.exit_code) == (RunState.FINISHED, "", "", 0)
    assert run.value == before.params["lr"]
    assert run.started > before.ended
    assert run.directory != first
    assert executions(tmp_path)[1][1:3] == ["True", "3"]
    history = sweep.history("loss", 0)["loss"].droplevel("run")
    assert list(history.index) == [0, 1, 2, 3, 4, 5]
    assert list(history) == pytest.approx([run.params["lr"] + step for step in range(6)])
    output = sweep.logs(0)
    assert isinstance(output, str)
    assert output.index("from 0") < output.index("--- resumed ") < output.index("from 3")


def test_a_run_that_was_stopped_goes_on_beside_the_others(
    start: Start, until: Until, go: Go
) -> None:
    sweep = start(HOLD, GRID, count=None, agents=2)
    until(lambda: len([run for run in sweep.records() if run.value is not None]) == 2)
    sweep.stop_run(0)
    until(lambda: sweep.records()[0].state is RunState.STOPPED)
    sweep.resume_run(0)
    # Both agents are busy with others: it waits.
    assert (sweep.records()[0].state, sweep.records()[0].agent) == (RunState.PENDING, NO_AGENT)
    sweep.set_agents(3)
    until(lambda: sweep.records()[0].state is RunState.RUNNING)
    go()
    sweep.wait(60)
    assert [run.state for run in sweep.records()] == [RunState.FINISHED] * 3
    assert [run.attempt for run in sweep.records()] == [0, 0, 0]


def test_what_cannot_be_resumed_is_said(start: Start, until: Until, go: Go) -> None:
    sweep = start(HOLD)
    until(lambda: sweep.status().running == 1)
    with pytest.raises(SweepStateError, match="is running: this needs one that is failed"):
        sweep.resume_run(0)
    go()
    sweep.wait(60)
    with pytest.raises(SweepStateError, match=r"is finished.*; rerun starts a new run"):
        sweep.resume_run(0)
    with pytest.raises(SweepStateError, match="no run has failed"):
        sweep.rerun_failed()


@pytest.mark.parametrize(
    "resume",
    [
        pytest.param(False, marks=pytest.mark.full("reruns and failed runs that are resumed")),
        True,
    ],
)
def test_all_that_failed_is_run_again(start: Start, until: Until, go: Go, *, resume: bool) -> None:
    sweep = start(CELL, GRID, count=None, failure_limit=0).wait(60)
    before = sweep.records()
    assert {run.state for run in before} == {RunState.FAILED}
    sweep.rerun(1)
    until(lambda: len(sweep.records()) == 4 and sweep.state == "finished")
    go()
    sweep.rerun_failed(resume=resume).wait(60)
    runs = sweep.records()
    newest = {run.number: run for run in runs}
    assert {run.state for run in newest.values()} == {RunState.FINISHED}
    if resume:
        assert [(run.number, run.attempt) for run in runs] == [(0, 0), (1, 0), (1, 1), (2, 0)]
        assert runs[1].state is RunState.FAILED, "only the newest of its parameters is resumed"
    else:
        assert [(run.number, run.attempt) for run in runs] == [
            *[(0, 0), (0, 1)],
            *[(1, 0), (1, 1), (1, 2)],
            *[(2, 0), (2, 1)],
        ]
    with pytest.raises(SweepStateError, match="no run has failed"):
        sweep.rerun_failed()


def test_what_waits_for_an_agent_survives_the_supervisor(
    start: Start, until: Until, tmp_path: Path, go: Go
) -> None:
    sweep = start(HOLD, GRID, count=None)
    until(lambda: sweep.records() and sweep.records()[0].value is not None)
    sweep.stop_run(0)
    until(lambda: len(sweep.records()) == 2 and sweep.records()[1].value is not None)
    sweep.resume_run(0)
    sweep.rerun(0)
    kill_supervisor(sweep, until)
    waiting = [(run.number, run.attempt) for run in sweep.records() if run.agent == NO_AGENT]
    assert waiting == [(0, 0), (0, 1)]
    go()
    sweep.resume().wait(90)
    runs = sweep.records()
    assert [(run.number, run.attempt) for run in runs] == [(0, 0), (0, 1), (1, 0), (2, 0)]
    assert {run.state for run in runs} == {RunState.FINISHED}
    counts = collections.Counter(line[0] for line in executions(tmp_path))
    assert [counts[run.id] for run in runs] == [2, 1, 1, 1]


def test_a_stop_ends_what_waits_and_a_resumption_is_adopted(
    start: Start, until: Until, tmp_path: Path, go: Go
) -> None:
    sweep = start(HOLD)
    until(lambda: sweep.records() and sweep.records()[0].value is not None)
    sweep.stop().wait(60)
    sweep.resume_run(0)
    until(lambda: len(executions(tmp_path)) == 2)
    kill_supervisor(sweep, until)
    sweep.rerun(0)  # it revives the supervisor, which adopts the resumed run
    running = sweep.records()[0]
    assert running.state is RunState.RUNNING
    assert running.process is not None
    assert executions(tmp_path)[1] == [running.id, "True", str(running.process.pid)]
    sweep.stop().wait(60)
    assert {run.state for run in sweep.records()} == {RunState.STOPPED}
    assert sweep.records()[1].cause == "the sweep was stopped"
    assert len(executions(tmp_path)) == 2
    go()
    sweep.resume_run(running.id).wait(60)
    assert sweep.records()[0].state is RunState.FINISHED


def test_a_pruned_run_that_somebody_resumes_is_left_alone(start: Start, go: Go) -> None:
    cell = """
    import pathlib, time, wandb
    with wandb.init() as run:
        for step in range(20):
            run.log({"loss": run.config.lr})
        while run.config.lr > 0.25 and not pathlib.Path(GO).exists():
            time.sleep(0.02)
    """
    config = {
        **GRID,
        "parameters": {"lr": {"values": [0.1, 0.2, 0.3, 0.4]}},
        "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 2},
    }
    sweep = start(cell, config, count=None).wait(120)
    pruned = [run.number for run in sweep.records() if run.state is RunState.PRUNED]
    assert pruned == [2, 3]
    go()
    sweep.resume_run(3).wait(60)
    assert sweep.records()[3].state is RunState.FINISHED
    assert len(sweep.history("loss", runs=3)) == 40


def test_a_program_is_told_and_finds_its_folder(start: Start, tmp_path: Path, go: Go) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "import os, pathlib, sys\n"
        f"go = pathlib.Path({str(tmp_path / 'go')!r})\n"
        "kept = pathlib.Path(os.environ['WANDB_MAGIC_RUN_FOLDER']) / 'seen'\n"
        "with kept.open('a') as file:\n"
        "    print(os.environ.get('WANDB_RESUME'), file=file)\n"
        "sys.exit(0 if go.exists() else 3)\n"
    )
    config = {**GRID, "program": str(script)}
    sweep = start("", config, count=1, failure_limit=0).wait(60)
    assert sweep.records()[0].exit_code == 3
    go()
    sweep.resume_run(0).wait(60)
    (run,) = sweep.records()
    assert run.state is RunState.FINISHED
    kept = sweep.path / "runs" / run.id / "kept" / "seen"
    assert kept.read_text().split() == ["None", "allow"]


KILLS = 24 if FULL else 6
GUARDED = """
import fcntl, os, time, wandb
guard = open(ROOT + "/guards/" + os.environ["WANDB_RUN_ID"], "w")
try:
    fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    open(ROOT + "/doubled", "a").close()
    raise
with wandb.init() as run:
    for _ in range(8):
        run.log({"loss": run.config.lr})
        time.sleep(0.15)
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_kills_at_any_moment_neither_lose_nor_double_what_is_resumed(
    start: Start, until: Until, tmp_path: Path
) -> None:
    (tmp_path / "guards").mkdir()
    chance = random.Random(7)
    sweep = start(GUARDED, count=6, agents=3, failure_limit=0)
    asked = turn = 0
    while turn < KILLS or asked <= KILLS / 12:
        turn += 1
        if turn % 2 == 0:
            process = sweep.status().sweep.supervisor
        else:
            until(lambda: sweep.status().running)
            running = [run for run in sweep.records() if run.state is RunState.RUNNING]
            process = chance.choice(running).process if running else None
        time.sleep(chance.uniform(0.0, 0.3))  # the moment of the attack, not a wait
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        crashed = [run for run in sweep.records() if run.state.is_failure]
        for run in crashed:
            sweep.resume_run(run.id)
            asked += 1
            assert not sweep.records()[run.number].state.is_failure, "accepted means stored"
        if not crashed:
            sweep.resume()
        sweep.set_count(len(sweep.records()) + 1)
    sweep.resume().wait(120)
    for run in sweep.records():
        if run.state is not RunState.FINISHED:
            sweep.resume_run(run.id)
    sweep.wait(120)

    runs = sweep.records()
    assert {run.state for run in runs} == {RunState.FINISHED}
    assert [run.number for run in runs] == list(range(len(runs)))
    assert not (tmp_path / "doubled").exists()
    with contextlib.closing(StoreReader(sweep.path / "sweep.db")) as reader:
        for run, curves in reader.history(["loss"], points=None).items():
            steps = list(curves["loss"].steps)
            assert steps == list(range(len(steps))), run
            assert len(steps) >= 8
