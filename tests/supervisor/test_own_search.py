"""Sweeps whose parameters functions of the user's own choose, as W&B's `scheduler` names them."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wandb_magic.api import Sweep
from wandb_magic.errors import SpecError, UntrustedError

Start = Callable[..., Sweep]
Until = Callable[..., Any]

SOURCE = """
import os
from pathlib import Path

import optuna

print("what it prints goes to the log")
with Path("processes.txt").open("a") as file:
    file.write(f"{os.getpid()} {os.getppid()}\\n")

def make_study(sweep):
    sampler = optuna.samplers.RandomSampler(seed=int(sweep.name))
    goal = sweep.config["metric"]["goal"]
    study = optuna.create_study(directions=[goal], sampler=sampler)
    return study, lambda study: sum(trial.state.name == "COMPLETE" for trial in study.trials) >= 6

def suggest(trial):
    params = {"optimizer": trial.suggest_categorical("optimizer", ["sgd", "adam"])}
    params["lr"] = trial.suggest_float("lr", 1e-4, 1.0, log=True)
    if params["optimizer"] == "sgd":
        params["momentum"] = trial.suggest_float("momentum", 0.0, 0.9)
    return params

def fails(trial):
    return {"lr": trial.suggest_float("lr", 1.0, 0.0)}

def exits(trial):
    if trial.number or trial.study.directions:
        os._exit(3)
"""
CELL = """
import time, pathlib, wandb
with wandb.init() as run:
    while pathlib.Path(ROOT, "hold").exists() and not pathlib.Path(GO).exists():
        time.sleep(0.02)
    run.log({"loss": run.config.lr})
"""
FAILS = next(number for number, line in enumerate(SOURCE.splitlines(), 1) if "1.0, 0.0" in line)
METRIC = {"name": "loss", "goal": "minimize"}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(SOURCE)

    def make(**functions: str) -> dict[str, Any]:
        scheduler = {"engine": "optuna", "source": "own.py", **functions}
        return {"method": "custom", "name": "7", "metric": METRIC, "scheduler": scheduler}

    return make


def test_functions_in_a_file_choose_until_they_end_the_sweep(
    start: Start,
    until: Until,
    go: Callable[[], None],
    config: Callable[..., dict[str, Any]],
    tmp_path: Path,
) -> None:
    (tmp_path / "hold").touch()
    functions = {"optimizer": "make_study", "search_space": "suggest"}
    sweep = start(CELL, config(**functions), count=20)
    until(lambda: sweep.status().running == 1)

    # What is executed is what was there when the sweep started, by the next supervisor as well.
    (tmp_path / "own.py").write_text("raise RuntimeError('another version')")
    supervisor = sweep.status().sweep.supervisor
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    until(lambda: sweep.state == "died")
    go()
    sweep.resume().wait(120)
    status = sweep.status()
    assert (status.sweep.state.value, len(sweep.records())) == ("finished", 6)
    params = [run.params for run in sweep.records()]
    assert all(("momentum" in each) == (each["optimizer"] == "sgd") for each in params)
    assert len({each["lr"] for each in params}) == 6

    # They were executed by processes of their own, children of the supervisors.
    lines = [line.split() for line in (tmp_path / "processes.txt").read_text().splitlines()]
    assert len(lines) == 2
    assert lines[0][1] == str(supervisor.pid)
    assert str(os.getpid()) not in {pid for line in lines for pid in line}
    assert "what it prints goes to the log" in (sweep.path / "supervisor.log").read_text()
    with pytest.raises(SpecError, match=r"^scheduler: the code of a sweep cannot be edited"):
        sweep.edit({"scheduler": {"search_space": "fails"}})

    # Nobody but this user changes what is executed.
    bundled = sweep.path / "bundle" / "scheduler.py"
    bundled.write_text(SOURCE + "\nprint('malicious')\n")
    with pytest.raises(UntrustedError, match="was changed after it was signed"):
        sweep.set_count(30)


@pytest.mark.parametrize(
    ("functions", "cause"),
    [
        (
            {"search_space": "fails"},
            f"scheduler.source: own.py, line {FAILS}, in fails: ValueError: ",
        ),
        (
            {"search_space": "exits"},
            "scheduler.source: the process that executes it ended with code 3: ",
        ),
    ],
)
def test_a_function_that_fails_ends_the_sweep_with_its_place(
    start: Start, config: Callable[..., dict[str, Any]], functions: dict[str, str], cause: str
) -> None:
    sweep = start(CELL, config(**functions), count=3)
    sweep.wait(120)
    assert sweep.state == "failed"
    assert sweep.status().sweep.cause.startswith(f"the search failed: {cause}")
    assert not sweep.records()


@pytest.mark.parametrize(
    ("functions", "source", "problem"),
    [
        (
            {"search_space": "suggested"},
            SOURCE,
            "scheduler.search_space: own.py does not define",
        ),
        ({"optimizer": "make_study"}, "def make_study(:", "scheduler.source: own.py, line 1: "),
        (
            {"optimizer": "make_study"},
            None,
            "scheduler.source: .*own.py cannot be read: No",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_before_anything_starts(
    start: Start,
    config: Callable[..., dict[str, Any]],
    functions: dict[str, str],
    source: str | None,
    problem: str,
) -> None:
    settings = config(**functions) | {"parameters": {"lr": {"min": 0.0, "max": 1.0}}}
    Path("own.py").unlink()
    if source is not None:
        Path("own.py").write_text(source)
    with pytest.raises(SpecError, match=problem):
        start(CELL, settings, count=3)
    assert not Path("processes.txt").exists()


def test_w_and_bs_server_does_not_execute_it(
    start: Start, config: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    with pytest.raises(SpecError, match=r"^scheduler: at W&B, its code is executed by"):
        start(CELL, config(search_space="suggest"), count=3, mode="online")
