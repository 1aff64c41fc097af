"""Repeats in real sweeps: a seed each, one set to the search, and no run too many."""

import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

import wandb_magic
from full import FULL
from tests import sweeps
from wandb_magic.api import Sweep
from wandb_magic.api._status import Status
from wandb_magic.cli.main import run as run_command
from wandb_magic.errors import SweepError
from wandb_magic.records import RunState
from wandb_magic.server.serializers import run_rows, sweep_summary
from wandb_magic.supervisor.job_factory import run_seed

Start = Callable[..., Sweep]
Until = Callable[..., Any]
KILLS = 9 if FULL else 2

GRID: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [1, 2]}},
}
CELL = """
import os, random, wandb
with wandb.init() as run:
    seed = int(os.environ["WANDB_MAGIC_SEED"])
    run.log({"loss": run.config.lr + random.random() / 10, "seed": seed})
"""


def groups(sweep: Sweep) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for run in sweep.records():
        found.setdefault(run.repeat_group, []).append(run.number)
    return found


@pytest.mark.slow
def test_each_set_runs_under_several_seeds(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = start(CELL, GRID, count=None, agents=2, repeat=3).wait(120)
    runs, status = sweep.records(), sweep.status()
    assert (status.state, status.sweep.budget, len(runs)) == ("finished", 6, 6)
    assert sorted(map(len, groups(sweep).values())) == [3, 3]
    for group, members in groups(sweep).items():
        assert group == members[0]
        assert len({json.dumps(runs[number].params) for number in members}) == 1
    seeds = {run.number: sweep._reader.summaries([run.id])[run.id]["seed"] for run in runs}
    assert seeds == {run.number: run_seed(1, run.number) for run in runs}
    assert len({run.value for run in runs}) == 6, "each has drawn numbers of its own"
    assert Counter(run.proposer.value for run in runs) == {"search": 2, "repeat": 4}

    # The best is the first run of the set with the best mean.
    values = [run.value or 0 for run in runs if run.params["lr"] == 1]
    best = sweep.best()
    assert (best.params["lr"], best.number) == (1, best.repeat_group)
    assert best.value == pytest.approx(sum(values) / 3)
    assert [run.params["lr"] for run in sweep.best(9)] == [1, 2]
    assert isinstance(status, Status)
    assert "and 2 repeats)" in str(status)
    assert sweep.runs()["repeat_group"].to_list() == [run.repeat_group for run in runs]
    rows = run_rows(sweep._reader, runs)
    assert [row["repeat_group"] for row in rows] == [run.repeat_group for run in runs]
    summary = sweep_summary(sweep._paths, sweep._reader)
    assert summary["best"] is not None
    assert (summary["best"]["runs"], summary["best"]["value"]) == (3, best.value)
    assert len(summary["spark"]) == 2
    assert run_command(["status", sweep.id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["best"]["runs"] == 3

    # A rerun keeps its set and its seed; a set that a user adds is repeated.
    again = runs[-1]
    sweep.rerun(again.id).wait(60)
    rerun = next(run for run in sweep.records() if run.attempt == 1)
    assert (rerun.number, rerun.repeat_group) == (again.number, again.repeat_group)
    assert rerun.value == again.value
    sweep.add({"lr": 2}).wait(60)
    assert sorted(map(len, groups(sweep).values())) == [3, 3, 4]
    assert sweep.status().sweep.budget == 9


@pytest.mark.slow
def test_kills_repeat_nothing_too_often(start: Start, until: Until) -> None:
    config = {**sweeps.RANDOM, "parameters": {"lr": {"min": 0.0, "max": 0.1}}}
    cell = (
        "import random, wandb\nwith wandb.init() as run:\n    run.log({'loss': random.random()})"
    )
    sweep = start(cell, config, count=12, agents=2, repeat=3)
    for _ in range(KILLS):
        ended = sweep.status().ended
        until(lambda ended=ended: sweep.status().ended > ended or sweep.state == "finished")
        supervisor = sweep.status().sweep.supervisor
        if sweep.state == "finished" or supervisor is None:
            break
        os.kill(supervisor.pid, signal.SIGKILL)
        until(lambda: sweep.state == "died")
        sweep.resume()
    sweep.wait(120)
    runs = sweep.records()
    assert sorted({run.number for run in runs}) == list(range(12))
    newest = {run.number: run for run in runs}
    sizes = Counter(run.repeat_group for run in newest.values())
    assert max(sizes.values()) <= 3
    assert sum(sizes.values()) == 12
    assert all(newest[run.repeat_group].params == run.params for run in newest.values())


def test_who_asks_is_given_repeats_too() -> None:
    config = {**sweeps.RANDOM, "metric": {"name": "loss", "target": 0.0}}
    sweep = wandb_magic.start(config, count=9, repeat=3, seed=1)
    first, second = sweep.ask(2)
    assert first.seed == run_seed(1, 0)
    sweep.tell(first, 1.0)
    repeats = sweep.ask(2)
    assert [each.params for each in repeats] == [first.params] * 2
    assert len({each.seed for each in (first, *repeats)}) == 3
    for each in repeats:
        sweep.tell(each, 1.25)
    sweep.tell(second, 9.0)
    assert sweep.best().value == pytest.approx(3.5 / 3)
    third, *_ = sweep.ask(1)
    assert third.params not in (first.params, second.params), "the second one is plainly worse"
    sweep.tell(third, error="the pump broke")

    # What a user tells of the same parameters are repeats of one another.
    for value in (0.5, 0.25):
        sweep.tell({"lr": 0.5}, value)
    told = sweep.records()[-2:]
    assert {run.repeat_group for run in told} == {told[0].number}
    assert sweep.best().value == pytest.approx(3.5 / 3), "that set is not complete"

    # Repeats that no longer fit the space are not run.
    sweep.edit({"parameters": {"lr": {"min": 0.6, "max": 1.0}}})
    (fourth,) = sweep.ask(1)
    assert fourth.params["lr"] >= 0.6
    sweep.edit({"parameters": {"lr": {"min": 0.0, "max": 1.0}}})
    (last,) = sweep.ask(1)
    assert last.params == {"lr": 0.5}
    sweep.tell(fourth, -1.0)
    assert sweep.state == "running", "one run below the target is not a mean below it"
    sweep.tell(last, -9.0)
    sweep.wait(60)
    assert "the mean of 3 runs" in sweep.status().cause


def test_repeats_that_would_be_alike_are_refused() -> None:
    def train() -> None:
        """Do nothing."""

    with pytest.raises(SweepError, match="repeat: with random_state, all repeats would draw"):
        wandb_magic.start(GRID, train, repeat=2, random_state=True, mode="offline")
    with pytest.raises(SweepError, match="repeat: must be a whole number from 1"):
        wandb_magic.start(GRID, train, repeat=0, mode="offline")


def test_repeats_follow_a_run_that_failed_first(start: Start) -> None:
    cell = """
    import pathlib, wandb
    with wandb.init() as run:
        mark = pathlib.Path(ROOT, f"{run.config.lr}")
        if run.config.lr == 1 and not mark.exists():
            mark.touch()
            raise ValueError("the first time")
        run.log({"loss": run.config.lr})
    """
    sweep = start(cell, GRID, count=None, repeat=2, retries=1).wait(120)
    runs = sweep.records()
    failed = [run for run in runs if run.state is RunState.FAILED]
    assert [run.params["lr"] for run in failed] == [1]
    assert len(runs) == 5
    retried = next(run for run in runs if run.attempt == 1)
    assert retried.repeat_group == failed[0].repeat_group
    assert sorted(Counter(run.repeat_group for run in runs).values()) == [2, 3]
