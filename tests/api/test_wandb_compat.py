"""`sweep` and `agent` are called as W&B's are: with all that those take, and as often."""

import inspect
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import wandb

import wandb_magic
from waiting import wait_until
from wandb_magic import Sweep, agent, attach, start, sweep
from wandb_magic.errors import SpecError

PATIENCE_S = 120
RANDOM = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.1, "max": 1.0}},
}


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")


def training(gate: Path, word: str) -> Callable[[], None]:
    """Return a function whose runs say `word` and end once `gate` exists."""

    def train() -> None:

        import wandb  # noqa: PLC0415 - in the run

        with wandb.init() as run:
            print(word)  # noqa: T201 - the run's output
            while not gate.exists():
                time.sleep(0.02)
            run.log({"loss": run.config["lr"]})

    return train


def said(handle: Sweep) -> list[str]:
    assert handle.state == "finished", handle.status()
    words = [{*str(handle.logs(run.id)).split()} & {"one", "other"} for run in handle.records()]
    assert all(map(bool, words))
    return [word for (word,) in words]


def test_they_take_what_wandbs_take() -> None:
    for ours, theirs in ((sweep, wandb.sweep), (agent, wandb.agent)):
        known = list(inspect.signature(theirs).parameters)
        assert set(known) <= set(inspect.signature(ours).parameters)
    assert list(inspect.signature(sweep).parameters)[:4] == [
        *("sweep", "entity", "project", "prior_runs")
    ]


def generated() -> Iterator[dict[str, Any]]:
    yield RANDOM


def needy(count: int) -> dict[str, Any]:
    return {**RANDOM, "run_cap": count}


@pytest.mark.parametrize("make", [lambda: RANDOM, partial(dict, RANDOM), generated])
def test_a_function_may_make_the_config(make: Callable[[], Any]) -> None:
    assert attach(sweep(make)).config["parameters"]["lr"]["max"] == 1.0


def test_what_a_function_makes_is_checked() -> None:
    with pytest.raises(SpecError, match="is called without arguments, and needs count: give them"):
        sweep(needy)  # type: ignore[arg-type] # on purpose
    with pytest.raises(SpecError, match="must be a mapping, YAML text or a file, not a NoneType"):
        sweep(lambda: None)
    with pytest.raises(SpecError, match="parameters: must name"):
        sweep(lambda: {"method": "grid", "parameters": {}})


def no_default(config: dict[str, Any], *, epochs: int) -> None:
    pass


def test_a_function_that_needs_arguments_is_refused_before_anything_starts() -> None:
    made = sweep(RANDOM)
    wanted = r"^function: no_default\(\) needs config, epochs, and the sweep has the parameters"
    for call in (
        lambda: agent(made, no_default, count=1),
        lambda: start(RANDOM, no_default, count=1),
    ):
        with pytest.raises(SpecError, match=wanted):
            call()
    assert attach(made).state == "paused"
    assert [each.id for each in wandb_magic.sweeps()] == [made]


def with_default(config: dict[str, Any] | None = None, *more: int, **options: int) -> None:
    import wandb  # noqa: PLC0415 - in the run

    with wandb.init(config=config) as run:
        run.log({"loss": run.config["lr"] + len(more) + len(options)})


def test_a_config_with_a_program_runs_the_function_that_is_given() -> None:
    config = {**RANDOM, "program": "train.py"}
    started = start(config, with_default, count=1)
    made = sweep(config)
    agent(made, with_default, count=1)
    for handle in (started, attach(made)):
        handle.wait(PATIENCE_S)
        assert (handle.state, handle.config["program"]) == ("finished", "train.py")
        assert handle.best().value is not None
    assert "program: train.py is ignored: runs execute the function instead" in (
        started.status().sweep.notices
    )


def test_earlier_runs_are_learnt_from() -> None:
    first = start({**RANDOM, "name": "first"}, with_default, count=2).wait(PATIENCE_S)
    runs = [run.id for run in first.records()]
    made = sweep({**RANDOM, "method": "bayes"}, prior_runs=[runs[0], f"e/p/{runs[1]}", "unknown"])
    record = attach(made).status().sweep
    values = [run.value for run in first.records()]
    assert [prior["value"] for prior in record.options.priors] == values
    assert "prior_runs: this machine knows no run with a value under unknown: left out" in (
        record.notices
    )
    grid = sweep({"a": {"values": [1]}}, prior_runs=[str(run) for run in runs])
    assert "prior_runs: ignored: grid search does not learn from runs" in (
        attach(grid).status().sweep.notices
    )


def test_a_second_call_adds_to_a_sweep_that_is_going_on(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    train = training(gate, "one")
    made = sweep(RANDOM)
    first = agent(made, train, count=1)
    wait_until(lambda: first.status().running)
    second = agent(made, train, count=1)
    third = agent(made, training(gate, "one"), count=1, agents=2)  # the cell, run again
    assert [handle.path for handle in (second, third)] == [first.path] * 2
    assert first.status().sweep.budget == 3
    assert not any(run.state.has_ended for run in first.records())
    gate.touch()
    assert said(first.wait(PATIENCE_S)) == ["one"] * 3


def test_calls_in_the_same_moment_add_up(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    train = training(gate, "one")
    made = sweep(RANDOM)
    first = agent(made, train, count=1)
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(agent, made, train, count=2) for _ in range(4)]
    assert {call.result().path for call in calls} == {first.path}
    assert first.status().sweep.budget == 9
    first.stop()
    gate.touch()
    first.wait(PATIENCE_S)


def test_other_code_runs_when_the_first_has_had_its_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    made = sweep(RANDOM)
    first = agent(made, training(gate, "one"), count=2)
    agent(made, training(gate, "other"), count=1)
    shown = capsys.readouterr().out
    waiting = f"Sweep {made} is running other code: waiting until its 2 runs have ended; "
    assert not shown or shown.startswith(waiting)  # it may have ended already
    assert said(first.wait(PATIENCE_S)) == ["one", "one", "other"]


def test_a_grid_goes_on_to_its_end_without_a_count(tmp_path: Path) -> None:
    (tmp_path / "gate").touch()
    train = training(tmp_path / "gate", "x")
    made = sweep({"lr": {"values": [0.1, 0.2, 0.3]}})
    agent(made, train, count=1).wait(PATIENCE_S)
    whole = agent(made, train).wait(PATIENCE_S)
    assert [run.params["lr"] for run in whole.records()] == [0.1, 0.2, 0.3]
