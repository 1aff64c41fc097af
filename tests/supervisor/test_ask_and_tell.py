"""Sweeps whose runs users execute themselves."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wandb_magic
from full import FULL
from tests import sweeps
from wandb_magic.api import Sweep
from wandb_magic.cli.main import run as run_command
from wandb_magic.errors import SweepError
from wandb_magic.records import Options, RunState

Start = Callable[..., Sweep]
Until = Callable[..., Any]

CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}, "layers": {"values": [1, 2]}},
}
ASKS, KILLS = (1000, 40) if FULL else (15, 2)
WORKER = """
import sys, wandb_magic
sweep = wandb_magic.attach(sys.argv[1])
for _ in range(int(sys.argv[2])):
    (proposal,) = sweep.ask()
    print(proposal.id, flush=True)
    sweep.tell(proposal, proposal.params["lr"])
"""


def test_runs_are_asked_for_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    sweep = wandb_magic.start(CONFIG, count=6, first=[{"lr": 0.5, "layers": 2}], retries=1)
    assert sweep.status().sweep.options.external
    first, second, third = sweep.ask(3)
    assert (first.number, first.params) == (0, {"lr": 0.5, "layers": 2})
    assert [run.state for run in sweep.records()] == [RunState.RUNNING] * 3
    sweep.tell(first.id, 0.75)
    sweep.tell(second, {"loss": 0.25, "acc": 0.5, "note": "warm", "part": {"a": 1}})
    with pytest.raises(SweepError, match=r"is finished: .* a result is told once"):
        sweep.tell(first, 0.1)
    with pytest.raises(SweepError, match="lack the sweep's metric 'loss'"):
        sweep.tell(third, {"acc": 1})
    sweep.tell(2, error="the pump broke")

    # The failed one comes again after what a user adds, and before the search's next.
    sweep.add({"lr": 0.125, "layers": 1})
    assert run_command(["ask", sweep.id, "--n", "2", "--json"]) == 0
    asked = json.loads(capsys.readouterr().out)
    assert [(run["number"], run["params"]["lr"] == 0.125) for run in asked] == [
        (3, True),
        (2, False),
    ]
    assert run_command(["tell", sweep.id, asked[0]["id"], "0.5"]) == 0
    assert run_command(["tell", sweep.id, asked[1]["id"], "loss=0.625", "acc=1"]) == 0
    sweep.tell({"lr": 0.0625, "layers": 1}, 0.0)
    with pytest.raises(SweepError, match="layers: is missing"):
        sweep.tell({"lr": 0.5}, 0.5)

    assert len(sweep.ask(9)) == 3
    assert sweep.ask() == []
    for run in sweep.records():
        if run.state is RunState.RUNNING:
            sweep.tell(run.id, float("nan"))
    sweep.wait(60)
    assert (sweep.state, sweep.ask()) == ("finished", [])
    runs = sweep.records()
    assert [(run.number, run.attempt, run.state.value, run.value) for run in runs[:6]] == [
        (0, 0, "finished", 0.75),
        (1, 0, "finished", 0.25),
        (2, 0, "failed", None),
        (2, 1, "finished", 0.625),
        (3, 0, "finished", 0.5),
        (4, 0, "finished", 0.0),
    ]
    assert [run.proposer.value for run in runs[:6]] == [
        *("user", "search", "search", "retry", "user", "user")
    ]
    assert {run.value for run in runs[6:]} == {None}
    assert (runs[2].cause, runs[2].exit_code, runs[2].process) == ("the pump broke", None, None)
    assert sweep.best().number == 4
    frame = sweep.runs()
    assert frame.loc[second.id, "summary.note"] == "warm"
    assert frame.loc[second.id, "summary.part.a"] == 1
    assert sorted(sweep.history("acc")["acc"].dropna()) == [0.5, 1.0]


def test_a_run_that_is_stopped_is_not_told(until: Until) -> None:
    sweep = wandb_magic.start(CONFIG, count=5)
    one, other = sweep.ask(2)
    sweep.stop_run(one.id)
    until(lambda: sweep.records()[0].state is RunState.STOPPED)
    with pytest.raises(SweepError, match="is stopped: this needs one that is running"):
        sweep.tell(one, 1)
    sweep.pause()
    with pytest.raises(SweepError, match="the sweep is paused"):
        sweep.ask()
    sweep.tell(other, 1)
    sweep.resume()
    (third,) = sweep.ask()
    sweep.stop().wait(60)
    assert [run.state.value for run in sweep.records()] == ["stopped", "finished", "stopped"]
    with pytest.raises(SweepError, match="is stopped"):
        sweep.tell(third, 1)
    with pytest.raises(SweepError, match="the sweep is stopped"):
        sweep.ask()


def test_only_a_sweep_without_code_is_asked(tmp_path: Path, start: Start) -> None:
    with pytest.raises(SweepError, match="offline"):
        wandb_magic.start(CONFIG, count=3, mode="online")
    with pytest.raises(SweepError, match="nothing to run"):
        sweeps.start("", CONFIG)
    record = sweeps.sweep_record(options=Options(external=True))
    told = Sweep(sweeps.write_sweep(tmp_path, record))
    for send in (told.sync, lambda: told.resume(online=True)):
        with pytest.raises(SweepError, match="has no W&B logs"):
            send()
    sweep = start("pass", CONFIG, count=1)
    for request in (sweep.ask, lambda: sweep.tell({"lr": 0.5, "layers": 1}, 1.0)):
        with pytest.raises(SweepError, match="the sweep executes its runs itself"):
            request()
    sweep.wait(60)


@pytest.mark.slow(20)
@pytest.mark.timeout(3600)
def test_none_is_asked_twice_and_all_are_told_through_kills() -> None:
    sweep = wandb_magic.start(CONFIG, count=2 * ASKS, seed=1)
    command = [sys.executable, "-c", WORKER, str(sweep.path), str(ASKS)]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    chance, kills = random.Random(5), 0
    while kills < KILLS and any(worker.poll() is None for worker in workers):
        time.sleep(chance.uniform(0.2, 1.0))  # the moment of the attack, not a wait
        supervisor = sweep.status().sweep.supervisor
        if supervisor is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(supervisor.pid, signal.SIGKILL)
                kills += 1
    asked = [worker.communicate(timeout=3000)[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    counts = Counter(asked[0] + asked[1])
    assert (len(counts), set(counts.values())) == (2 * ASKS, {1})
    with contextlib.suppress(SweepError):  # it may have been killed after its last answer
        sweep.resume()
    sweep.wait(120)
    runs = sweep.records()
    assert {run.id for run in runs} == set(counts)
    assert all(run.state is RunState.FINISHED for run in runs)
    assert all(run.value == run.params["lr"] for run in runs)
