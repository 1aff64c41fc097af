"""How sweeps start, continue and end, and the requests to them meanwhile."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wandb
import yaml

from tests.sweeps import start as start_cell
from wandb_magic.api import Sweep, attach, sweeps
from wandb_magic.api import start as start_function
from wandb_magic.errors import SpecError, SweepNotFoundError, SweepStateError
from wandb_magic.paths import SweepPaths
from wandb_magic.processes import is_alive
from wandb_magic.records import RunState

LOG = """
import wandb
with wandb.init() as run:
    for step in range(3):
        run.log({"loss": run.config.lr + 1 / (1 + step)})
"""
HOLD = """
import time, pathlib, wandb
with wandb.init() as run:
    run.log({"loss": run.config.lr})
    while not pathlib.Path(GO).exists():
        time.sleep(0.02)
"""
GRID = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"values": [0.1, 0.2, 0.3, 0.4]}},
}
TWO = {**GRID, "parameters": {"lr": {"values": [0.1, 0.2]}}}  # where each run is a fresh Python

Start = Callable[..., Sweep]
Until = Callable[..., Any]


def numbers(sweep: Sweep, *states: RunState) -> list[int]:
    return [run.number for run in sweep.records() if run.state in states]


@pytest.fixture(scope="module")
def five(shared_folder: Path) -> Sweep:
    """A sweep of five runs that has ended."""
    assert shared_folder.exists()
    return start_cell(LOG, count=5, agents=2).wait(120)


def test_the_budget_is_kept_and_the_results_are_there(five: Sweep) -> None:
    sweep = five
    assert sweep.state == "finished"
    frame = sweep.runs()
    assert list(frame["number"]) == [0, 1, 2, 3, 4]
    assert set(frame["state"]) == {"finished"}
    assert set(frame["agent"]) <= {0, 1}
    assert (frame["duration"] > 0).all()
    best = frame["summary.loss"].idxmin()
    assert sweep.best().id == best
    assert sweep.best_config == {"lr": frame["config.lr"][best]}
    curve = sweep.history("loss")["loss"].unstack("run")
    assert curve.shape == (3, 5)
    assert curve[best].iloc[-1] == pytest.approx(sweep.best_config["lr"] + 1 / 3)
    assert list(sweep.history(runs=best).columns) == ["loss"]


def test_the_same_seed_gives_the_same_sweep(start: Start, five: Sweep) -> None:
    same = start(LOG, count=3, agents=2, seed=five.status().sweep.options.seed).wait(120)
    assert [run.params for run in same.records()] == [run.params for run in five.records()[:3]]


def test_each_run_draws_its_own_random_numbers(start: Start) -> None:
    cell = (
        "import wandb, random\nwith wandb.init() as run:\n    run.log({'loss': random.random()})"
    )
    sweep = start(cell, count=4).wait(120)
    assert len(set(sweep.runs()["summary.loss"])) == 4


def test_a_grid_ends_by_itself(start: Start) -> None:
    sweep = start(LOG, GRID, count=None, agents=2).wait(120)
    assert sweep.state == "finished"
    assert [run.params["lr"] for run in sweep.records()] == [0.1, 0.2, 0.3, 0.4]


def test_random_without_a_budget_is_refused_with_the_remedy(start: Start, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="--count 30"):
        start(LOG, count=None)
    assert not list(tmp_path.glob("wandb/*"))


def test_the_target_ends_the_sweep(start: Start) -> None:
    parameters = {"lr": {"values": [0.4, 0.3, 0.2, 0.1]}}
    config = {**GRID, "parameters": parameters, "metric": {"name": "loss", "target": 0.3}}
    cell = "import wandb\nwith wandb.init() as run:\n    run.log({'loss': run.config.lr})"
    sweep = start(cell, config, count=None).wait(120)
    assert sweep.state == "finished"
    assert "target" in sweep.status().sweep.cause
    assert numbers(sweep, RunState.FINISHED, RunState.STOPPED) == [0, 1]


def test_three_failures_at_the_start_pause_the_sweep(start: Start) -> None:
    sweep = start("raise ValueError('no data')", count=50).wait(120)
    assert sweep.state == "paused"
    assert "ValueError: no data" in sweep.status().sweep.cause
    assert len(sweep.records()) == 3
    sweep.stop().wait(60)
    assert sweep.state == "stopped"


def test_pause_and_resume(start: Start, until: Until, go: Callable[[], None]) -> None:
    sweep = start(HOLD, GRID, count=None)
    until(lambda: numbers(sweep, RunState.RUNNING))
    sweep.pause()
    go()
    until(lambda: numbers(sweep, RunState.FINISHED) == [0])
    assert sweep.state == "paused"
    sweep.resume()
    until(lambda: sweep.state == "finished")
    assert numbers(sweep, RunState.FINISHED) == [0, 1, 2, 3]


def test_stop_ends_the_runs_and_resume_goes_on(
    start: Start, until: Until, go: Callable[[], None]
) -> None:
    sweep = start(HOLD, GRID, count=None, agents=2)
    until(lambda: len([run for run in sweep.records() if run.value is not None]) == 2)
    sweep.stop().wait(60)
    assert sweep.state == "stopped"
    assert numbers(sweep, RunState.STOPPED) == [0, 1]
    assert sweep.best().value == 0.1
    go()
    sweep.resume()
    until(lambda: sweep.state == "finished")
    assert numbers(sweep, RunState.FINISHED) == [2, 3]


def test_stop_with_drain_lets_runs_end(start: Start, until: Until, go: Callable[[], None]) -> None:
    sweep = start(HOLD, GRID, count=None)
    until(lambda: numbers(sweep, RunState.RUNNING))
    sweep.stop(drain=True)
    go()
    sweep.wait(60)
    assert (sweep.state, numbers(sweep, RunState.FINISHED)) == ("stopped", [0])


def test_agents_and_count_can_be_changed(
    start: Start, until: Until, go: Callable[[], None]
) -> None:
    sweep = start(HOLD, count=1)
    until(lambda: numbers(sweep, RunState.RUNNING) == [0])
    sweep.set_count(3)
    sweep.set_agents(3)
    until(lambda: numbers(sweep, RunState.RUNNING) == [0, 1, 2])
    go()
    sweep.wait(60)
    sweep.set_count(4).wait(60)
    assert (sweep.state, numbers(sweep, RunState.FINISHED)) == ("finished", [0, 1, 2, 3])


def test_gpus_are_shared_out_anew_when_the_agents_change(
    start: Start, until: Until, go: Callable[[], None]
) -> None:
    sweep = start(HOLD, count=1, env={"CUDA_VISIBLE_DEVICES": "4,5"})
    until(lambda: numbers(sweep, RunState.RUNNING) == [0])
    sweep.set_agents(2)
    sweep.set_count(2)
    until(lambda: numbers(sweep, RunState.RUNNING) == [0, 1])
    go()
    sweep.wait(60)
    paths = SweepPaths(sweep.path)
    devices = [paths.run(run.id).devices.read_text("utf-8") for run in sweep.records()]
    assert devices == ["4,5", "5"]


@pytest.mark.full("reruns in test_resuming_runs.py")
def test_rerun_starts_the_same_parameters_again(start: Start) -> None:
    sweep = start(LOG, GRID, count=None).wait(120)
    sweep.rerun(2).wait(60)
    runs = [run for run in sweep.records() if run.number == 2]
    assert [run.attempt for run in runs] == [0, 1]
    assert runs[0].params == runs[1].params
    assert {run.state for run in runs} == {RunState.FINISHED}


@pytest.mark.full("pruned runs in test_resuming_runs.py, and the guide early-termination.md")
def test_hyperband_prunes_poor_runs(start: Start) -> None:
    cell = """
    import time, wandb
    with wandb.init() as run:
        for step in range(20):
            run.log({"loss": run.config.lr})
        while run.config.lr > 0.25:  # only being pruned ends a poor run
            time.sleep(0.02)
    """
    config = {**GRID, "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 2}}
    sweep = start(cell, config, count=None).wait(120)
    assert sweep.state == "finished"
    pruned = [run for run in sweep.records() if run.state is RunState.PRUNED]
    assert [run.params["lr"] for run in pruned] == [0.3, 0.4]
    assert "hyperband" in pruned[0].cause


def test_bayes_learns_from_another_sweep(five: Sweep) -> None:

    def train() -> None:
        with wandb.init() as run:
            run.log({"loss": run.config.lr})

    config = {**five.config, "method": "bayes"}
    second = start_function(config, train, count=2, prior=five, sampler="tpe", seed=3).wait(120)
    assert second.state == "finished"
    assert len(second.status().sweep.options.priors) == 5


def test_a_program_runs_with_its_arguments_and_wandbs_variables(
    start: Start, tmp_path: Path
) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "import argparse, json, sys, wandb\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--lr', type=float)\n"
        "lr = parser.parse_args().lr\n"
        "with wandb.init() as run:\n"
        "    assert run.config.lr == lr\n"
        "    run.log({'loss': lr})\n"
    )
    config = {
        **TWO,
        "program": str(script),
        "command": ["${env}", sys.executable, "${program}", "${args}"],
    }
    sweep = start("", config, count=None, agents=2).wait(120)
    assert sweep.state == "finished"
    assert sorted(sweep.runs()["summary.loss"]) == [0.1, 0.2]


def test_a_program_that_does_not_exist_is_named(start: Start) -> None:
    config = {**GRID, "program": "x.py", "command": ["/nowhere/python", "${program}"]}
    sweep = start("", config, count=None).wait(120)
    assert sweep.state == "paused"
    assert "/nowhere/python: No such file" in sweep.records()[0].cause


def test_a_bundle_that_cannot_be_read_fails_the_sweep_with_the_users_error(
    start: Start, until: Until
) -> None:
    class Fussy:
        def __reduce__(self) -> tuple[object, ...]:
            return eval, ("1 / 0",)

    sweep = start("print(fussy)", namespace={"fussy": Fussy()})
    until(lambda: sweep.state == "failed")
    assert "ZeroDivisionError" in sweep.status().sweep.cause
    assert sweep.records() == []


def test_where_a_fork_is_unsafe_runs_start_cold_and_the_sweep_says_so_once(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "noisy.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(600,), name='noise', daemon=True).start()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    sweep = start("import noisy\n" + LOG, TWO, count=None, agents=2).wait(120)
    assert sweep.state == "finished"
    assert numbers(sweep, RunState.FINISHED) == [0, 1]
    told = sweep.status().sweep.notices
    (notice,) = (each for each in told if "fresh Python" in each)
    assert "noise" in notice


def test_a_sampler_that_cannot_be_had_is_refused_before_the_start(
    start: Start, tmp_path: Path
) -> None:
    with pytest.raises(SpecError, match="goes with method bayes"):
        start(LOG, GRID, count=None, sampler="tpe")
    assert not list(tmp_path.glob("wandb/*"))


def test_a_dead_supervisor_is_noticed_and_resumed_without_losing_or_doubling_a_run(
    start: Start, until: Until, go: Callable[[], None], tmp_path: Path
) -> None:
    cell = HOLD.replace("run.log", "open(ROOT + '/marks', 'a').write(run.id + '\\n')\n    run.log")
    sweep = start(cell, GRID, count=None, agents=2)
    until(lambda: len([run for run in sweep.records() if run.value is not None]) == 2)
    supervisor = sweep.status().sweep.supervisor
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    until(lambda: sweep.state == "died")
    assert "resume()" in str(sweep.status())
    with pytest.raises(SweepStateError, match="resume"):
        sweep.pause()
    assert all(is_alive(run.process) for run in sweep.records())
    sweep.resume()
    go()
    until(lambda: sweep.state == "finished")
    runs = sweep.records()
    assert [run.number for run in runs] == [0, 1, 2, 3]
    assert {run.state for run in runs} == {RunState.FINISHED}
    marks = (tmp_path / "marks").read_text().split()
    assert sorted(marks) == sorted(run.id for run in runs)
    assert sorted(sweep.runs()["summary.loss"]) == [0.1, 0.2, 0.3, 0.4]


def test_sweeps_are_found_again_and_deleted(start: Start) -> None:
    sweep = start(LOG).wait(60)
    assert [found.id for found in sweeps()] == [sweep.id]
    for key in (sweep.id, sweep.id[:4], str(sweep.path), f"me/project/{sweep.id}"):
        assert attach(key).id == sweep.id
    sweep.delete()
    assert not sweep.path.exists()
    assert sweeps() == []
    with pytest.raises(SweepNotFoundError):
        attach(sweep.id)


def test_nothing_that_is_written_holds_a_secret(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = "0123456789abcdef0123456789abcdef01234567"
    monkeypatch.setenv("WANDB_API_KEY", secret)
    monkeypatch.setenv("HF_TOKEN", secret)
    cell = LOG + "import os\nassert os.environ['HF_TOKEN']\n"
    assert start(cell).wait(60).state == "finished"
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path


def test_the_spec_is_written_for_people(start: Start) -> None:
    sweep = start(LOG, GRID, count=None)
    assert yaml.safe_load((sweep.path / "spec.yaml").read_text())["method"] == "grid"
    assert json.loads(json.dumps(sweep.config)) == sweep.config
    assert sweep.path.stat().st_mode & 0o777 == 0o700
