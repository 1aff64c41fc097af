"""Sweeps whose config is edited while they run."""

import os
import random
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from full import FULL
from tests import sweeps
from wandb_magic.api import Sweep, attach
from wandb_magic.cli.main import run as run_command
from wandb_magic.errors import SpecError, SweepStateError
from wandb_magic.processes import is_alive

Start = Callable[..., Sweep]
Until = Callable[..., Any]
KILLS = 200 if FULL else 2

CELL = """
import time, pathlib, wandb
while not pathlib.Path(GO).exists():
    time.sleep(0.02)
with wandb.init(config={"dropout": 0.25}) as run:
    for step in range(3):
        run.log({"loss": run.config.lr + step, "acc": 1 - run.config.lr})
"""
CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 0.5}},
}


def test_the_sweep_goes_on_with_the_new_version(
    start: Start, until: Until, go: Callable[[], None]
) -> None:
    sweep = start(CELL, CONFIG, count=2)
    until(lambda: sweep.status().running == 1)
    sweep.edit({"parameters": {"lr": {"min": 0.75, "max": 1.0}}, "run_cap": 3})
    assert sweep.status().sweep.budget == 3
    go()
    sweep.wait(120)
    runs = sweep.records()
    assert [(run.version, run.params["lr"] >= 0.75) for run in runs] == [
        (1, False),
        (2, True),
        (2, True),
    ]
    assert yaml.safe_load((sweep.path / "spec.yaml").read_text()) == sweep.config

    # A finished sweep is edited, too, and continues if there is more to run; any key changes.
    assert sweep.best().number == 0
    words = ["lr=0..1", "--metric", "acc", "--goal", "maximize", "--run-cap", "4"]
    assert run_command(["edit", sweep.id, *words]) == 0
    sweep.wait(120)
    assert [run.version for run in sweep.records()] == [1, 2, 2, 3]
    assert [run.value for run in sweep.records()] == [1 - run.params["lr"] for run in runs] + [
        1 - sweep.records()[3].params["lr"]
    ]
    assert [version.version for version in sweep.versions()] == [1, 2, 3]
    assert sweep.versions()[0].spec["parameters"]["lr"]["max"] == 0.5
    assert sweep.versions()[2].changes == (
        "lr is uniform from 0 to 1, and was uniform from 0.75 to 1.0",
        "metric is name acc, goal maximize, and was name loss, goal minimize",
        "run_cap is 4, and was 3",
    )

    # What earlier runs had of a new parameter is in their config, or the user tells it.
    sweep.edit(
        {
            "method": "bayes",
            "parameters": {"dropout": {"min": 0.0, "max": 0.5}, "depth": {"values": [1, 2]}},
        }
    )
    notices = sweep.status().sweep.notices
    assert "dropout added, uniform from 0.0 to 0.5" in notices[-1]
    assert "0 of 4 runs with a value still count" in notices[-1]
    assert "edit({}, earlier={'depth': …})" in notices[-1]
    sweep.edit({}, earlier={"depth": 2})
    assert sweep.status().sweep.notices[-1] == (
        "version 5 of the config: depth was 2 in earlier runs; "
        "4 of 4 runs with a value still count"
    )
    assert sweep.state == "finished"
    sweep.edit({"metric": {"target": 0.0}, "run_cap": 9}).wait(120)
    assert (sweep.state, len(sweep.records())) == ("finished", 4)
    assert "acc reached its target" in sweep.status().sweep.cause


def test_a_grid_goes_through_what_is_left(
    start: Start, until: Until, go: Callable[[], None]
) -> None:
    config = {**CONFIG, "method": "grid", "parameters": {"lr": {"values": [0.1, 0.2, 0.3]}}}
    sweep = start(CELL, config, count=None)
    until(lambda: sweep.status().running == 1)
    sweep.edit({"parameters": {"lr": {"values": [0.1, 0.3, 0.4]}}})
    assert "2 combinations of the grid left to run" in sweep.status().sweep.notices[-1]
    assert sweep.status().sweep.budget == 3
    go()
    sweep.wait(120)
    sweep.edit({"parameters": {"lr": {"values": [0.1, 0.5]}, "x": {"values": [1, 2]}}})
    sweep.wait(120)
    assert [run.params for run in sweep.records()] == [
        {"lr": 0.1},
        {"lr": 0.3},
        {"lr": 0.4},
        {"lr": 0.1, "x": 1},
        {"lr": 0.1, "x": 2},
        {"lr": 0.5, "x": 1},
        {"lr": 0.5, "x": 2},
    ]


def test_two_people_who_edit_at_once_are_not_both_obeyed(start: Start) -> None:
    sweep = start(CELL, CONFIG, count=2)
    other = attach(str(sweep.path))
    seen = sweep.status().sweep.version
    sweep.edit({"run_cap": 7}, version=seen)
    with pytest.raises(SweepStateError, match=r"^version: the config has been edited meanwhile"):
        other.edit({"run_cap": 5}, version=seen)
    other.edit({"run_cap": 5})
    assert (sweep.status().sweep.budget, sweep.status().sweep.version) == (5, 3)
    before = sweep.config
    for changes, problem in (
        ({"method": "bayesian"}, "^method: "),
        ({"run_cap": 5}, "^the edit changes nothing"),
        ({"run_cap": None, "program": "x.py"}, "^program: "),
    ):
        with pytest.raises((SpecError, SweepStateError), match=problem):
            sweep.edit(changes)
    assert (sweep.config, sweep.status().sweep.version) == (before, 3)
    sweep.stop()


def test_an_online_sweep_says_what_to_do_instead(tmp_path: Path) -> None:
    sweep = Sweep(sweeps.write_sweep(tmp_path, sweeps.sweep_record(mode="online")))
    with pytest.raises(SweepStateError, match=r"is online: W&B's server keeps a config .*prior="):
        sweep.edit({"run_cap": 5})


@pytest.mark.slow(15)
@pytest.mark.timeout(2400)
def test_each_edit_is_made_once_through_kills_of_the_supervisor(
    start: Start, until: Until
) -> None:
    sweep = start(CELL, CONFIG, count=1)
    until(lambda: sweep.status().running == 1)
    chance = random.Random(4)
    for edit in range(KILLS):
        supervisor = sweep.status().sweep.supervisor
        assert supervisor is not None
        attack = threading.Timer(chance.uniform(0, 0.2), os.kill, (supervisor.pid, signal.SIGKILL))
        attack.start()
        sweep.edit({"run_cap": edit + 2})
        attack.join()
        until(lambda killed=supervisor: not is_alive(killed))
        sweep.resume()
    assert [version.spec.get("run_cap") for version in sweep.versions()] == [
        None,
        *range(2, KILLS + 2),
    ]
    assert sweep.status().sweep.version == KILLS + 1
    assert sweep.status().sweep.budget == KILLS + 1
    assert [run.number for run in sweep.records()] == [0]
    sweep.stop()
