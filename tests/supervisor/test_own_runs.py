"""Runs with parameters of the user's own: checked, first in the queue, kept whatever is killed."""

import os
import random
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from full import FULL
from tests import sweeps
from wandb_magic.api import Sweep
from wandb_magic.cli.main import run as run_command
from wandb_magic.errors import SweepError
from wandb_magic.processes import is_alive
from wandb_magic.records import Proposer, RunRecord

Start = Callable[..., Sweep]
Until = Callable[..., Any]
KILLS = 9 if FULL else 2

CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "lr": {"min": 0.0, "max": 1.0},
        "net": {"parameters": {"layers": {"values": [1, 2, 3]}}},
    },
}
CELL = """
import time, pathlib, wandb
while not pathlib.Path(GO).exists():
    time.sleep(0.02)
with wandb.init() as run:
    run.log({"loss": run.config.lr})
"""
AT_ONCE = """
import wandb
with wandb.init() as run:
    run.log({"loss": run.config.lr})
"""


def proposers(runs: list[RunRecord]) -> list[str]:
    return [run.proposer.value for run in runs]


def test_they_come_first_and_extend_the_sweep(
    start: Start, until: Until, go: Callable[[], None]
) -> None:
    sweep = start(CELL, CONFIG, count=3)
    until(lambda: sweep.status().running == 1)
    sweep.add({"lr": 0.25, "net": {"layers": 2}})
    assert run_command(["add", sweep.id, "lr=1", "net.layers=3", "--n", "2"]) == 0
    assert sweep.status().sweep.budget == 6
    go()
    runs = sweep.wait(120).records()
    assert (sweep.state, [run.number for run in runs]) == ("finished", list(range(6)))
    assert proposers(runs) == ["search", "user", "user", "user", "search", "search"]
    assert [run.params for run in runs[1:4]] == [
        {"lr": 0.25, "net": {"layers": 2}},
        {"lr": 1.0, "net": {"layers": 3}},
        {"lr": 1.0, "net": {"layers": 3}},
    ]
    assert [run.value for run in runs[1:4]] == [0.25, 1.0, 1.0]
    assert {run.version for run in runs} == {1}

    # A sweep that has ended continues with them; a rerun says so, too.
    sweep.add({"lr": 2.0, "extra": "x"}, force=True)
    sweep.rerun(0).wait(120)
    runs = sweep.records()
    assert sweep.state == "finished"
    assert proposers(runs) == ["search", "rerun", "user", "user", "user", *["search"] * 2, "user"]
    assert runs[-1].params == {"lr": 2.0, "extra": "x", "net": runs[-1].params["net"]}
    assert runs[-1].params["net"]["layers"] in (1, 2, 3)


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"lr": 2}, r"^lr: 2 is outside its space, uniform from 0.0 to 1.0: give a value inside"),
        ({"net": {"layers": 4}}, r"^net.layers: 4 is outside its space, one of \[1, 2, 3\]"),
        (
            {"net.layer": 1},
            r"^net.layer: the sweep has no such parameter: did you mean 'net.layer",
        ),
        ({"lr": float("nan")}, r"^lr: nan is outside its space"),
        ({"lr": object()}, r"^lr: .*JSON cannot represent"),
        ({"net": 3}, r"^net: the sweep has no such parameter"),
        ("lr=1", r"^params: must be a mapping"),
    ],
)
def test_what_is_outside_the_space_is_refused(
    tmp_path: Path, params: dict[str, Any], problem: str
) -> None:
    record = sweeps.sweep_record(spec=CONFIG)
    sweep = Sweep(sweeps.write_sweep(tmp_path, record))
    with pytest.raises(SweepError, match=problem) as refused:
        sweep.add(params)
    assert "\n" not in str(refused.value)
    with pytest.raises(SweepError, match="n: must be a whole number from 1"):
        sweep.add({"lr": 0.5}, n=0)


def test_the_first_runs_are_among_the_count() -> None:
    first = [{"lr": 0.5}, {"lr": 0.125, "net.layers": 1}]
    sweep = sweeps.start(AT_ONCE, CONFIG, count=3, agents=2, first=first).wait(120)
    runs = sweep.records()
    assert proposers(runs) == ["user", "user", "search"]
    assert [run.params["lr"] for run in runs[:2]] == [0.5, 0.125]
    with pytest.raises(SweepError, match=r"^first\[1\]: lr: 7 is outside"):
        sweeps.start(AT_ONCE, CONFIG, count=3, first=[{}, {"lr": 7}])
    with pytest.raises(SweepError, match="first: has 2 entries, more than count"):
        sweeps.start(AT_ONCE, CONFIG, count=1, first=first)
    with pytest.raises(SweepError, match="first: must be a list of mappings"):
        sweeps.start(AT_ONCE, CONFIG, count=1, first={"lr": 0.5})


def test_a_grid_repeats_no_combination_of_theirs() -> None:
    grid = {
        "method": "grid",
        "metric": {"name": "loss"},
        "parameters": {"lr": {"values": [1, 2, 3, 4]}},
    }
    sweep = sweeps.start(AT_ONCE, grid, count=None, first=[{"lr": 3}, {"lr": 3.0}])
    sweep.add({"lr": 9}, force=True)
    runs = sweep.wait(120).records()
    assert sweep.state == "finished"
    assert sorted(run.params["lr"] for run in runs) == [1, 2, 3, 3, 4, 9]
    assert sorted(proposers(runs)) == ["search"] * 3 + ["user"] * 3


def test_each_is_added_once_through_kills_of_the_supervisor(start: Start, until: Until) -> None:
    sweep = start(CELL, CONFIG, count=1)
    until(lambda: sweep.status().running == 1)
    chance = random.Random(3)
    for added in range(KILLS):
        supervisor = sweep.status().sweep.supervisor
        assert supervisor is not None
        attack = threading.Timer(chance.uniform(0, 0.2), os.kill, (supervisor.pid, signal.SIGKILL))
        attack.start()
        sweep.add({"lr": added / 10, "net.layers": 1})
        attack.join()
        until(lambda killed=supervisor: not is_alive(killed))
        sweep.resume()
    own = [run for run in sweep.records() if run.proposer is Proposer.USER]
    assert [run.params["lr"] for run in own] == [added / 10 for added in range(KILLS)]
    assert [run.number for run in own] == list(range(1, KILLS + 1))
    assert sweep.status().sweep.budget == KILLS + 1
    sweep.stop()
