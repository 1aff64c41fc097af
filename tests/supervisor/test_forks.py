"""Runs that start from the checkpoint of another run, with other parameters."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wandb_magic.api import Sweep
from wandb_magic.arguments import ArgumentError
from wandb_magic.cli.main import run as run_command
from wandb_magic.errors import SweepStateError
from wandb_magic.supervisor.checkpoint_copy import copy_checkpoint

Start = Callable[..., Sweep]
Until = Callable[..., Any]

CELL = """
import os, pathlib, time, wandb
checkpoint = pathlib.Path(os.environ["WANDB_MAGIC_RUN_FOLDER"], "steps.txt")
with wandb.init() as run:
    steps = checkpoint.read_text().split() if checkpoint.exists() else []
    for step in range(len(steps), len(steps) + 3):
        steps.append(f"{step}:{run.config.lr}")
        run.log({"loss": run.config.lr, "epoch": step}, step=step)
    if run.config.lr != 0.1:
        checkpoint.write_text(" ".join(steps))
    while run.config.lr == 0.3 and not pathlib.Path(GO).exists():
        time.sleep(0.02)
"""
CONFIG: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.1, 0.2, 0.3]}, "depth": {"value": 2}},
}


def steps(sweep: Sweep, number: int) -> str:
    run = sweep.records()[number].id
    return (sweep.path / "runs" / run / "kept" / "steps.txt").read_text()


def test_a_run_goes_on_from_the_checkpoint_of_another_with_other_parameters(
    start: Start, until: Until, go: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = start(CELL, CONFIG, count=None)
    saved = (sweep.path / "runs").glob
    until(lambda: len(sweep.records()) == 3 and len([*saved("*/kept/steps.txt")]) == 2)

    # From one that has finished, and from one that is running; the fork waits for an agent.
    sweep.fork(1, {"lr": 0.1})
    assert run_command(["fork", sweep.id, "2", "lr=0.2"]) == 0
    assert "a run from the checkpoint of run 2 of sweep" in capsys.readouterr().out
    go()
    sweep.wait(120)
    runs = sweep.records()
    assert [run.params["lr"] for run in runs] == [0.1, 0.2, 0.3, 0.1, 0.2]
    assert [run.params["depth"] for run in runs] == [2] * 5
    assert [run.proposer.value for run in runs] == ["search"] * 3 + ["fork"] * 2
    assert [run.parent for run in runs] == [None] * 3 + [runs[1].id, runs[2].id]
    assert sweep.status().sweep.budget == 5
    assert steps(sweep, 1) == "0:0.2 1:0.2 2:0.2"
    assert steps(sweep, 4) == "0:0.3 1:0.3 2:0.3 3:0.2 4:0.2 5:0.2"
    assert sweep.history("epoch", runs=3)["epoch"].tolist() == [3, 4, 5]
    frame = sweep.runs(where=f"parent == {runs[1].id}")
    assert frame["number"].tolist() == [3]

    # A fork that is run again starts from the same checkpoint; a sweep that has ended continues.
    sweep.rerun(4).wait(120)
    again = sweep.records()[-1]
    assert (again.number, again.attempt, again.parent) == (4, 1, runs[2].id)
    kept = (sweep.path / "runs" / again.id / "kept" / "steps.txt").read_text()
    assert kept == steps(sweep, 4)

    # What cannot be done is refused with the reason.
    with pytest.raises(SweepStateError, match="run 0 has saved nothing in the folder that WANDB_"):
        sweep.fork(0, {"lr": 0.2})
    problems = {"lr": "^lr: 0.7 is outside", "lt": "^lt: the sweep has no"}
    for name, problem in problems.items():
        with pytest.raises((ArgumentError, SweepStateError), match=problem):
            sweep.fork(1, {name: 0.7})
    assert len(sweep.records()) == 6
    sweep.fork(1, {"lr": 0.7}, force=True).wait(120)
    assert steps(sweep, 6).endswith("5:0.7")


def test_a_checkpoint_is_copied_as_a_whole(tmp_path: Path) -> None:
    source, target = tmp_path / "kept", tmp_path / "fork" / "kept"
    (source / "epoch").mkdir(parents=True)
    (source / "epoch" / "model.bin").write_bytes(b"weights")
    (source / "latest").symlink_to("epoch")
    os.mkfifo(source / "pipe")
    copy_checkpoint(source, target)
    assert (target / "latest" / "model.bin").read_bytes() == b"weights"
    assert (target / "latest").is_symlink()
    assert sorted(path.name for path in target.iterdir()) == ["epoch", "latest"]
    assert [path.name for path in target.parent.iterdir()] == ["kept"]
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700

    # What is there already is the fork's own.
    (source / "epoch" / "model.bin").write_bytes(b"later")
    copy_checkpoint(source, target)
    assert (target / "epoch" / "model.bin").read_bytes() == b"weights"


def test_a_checkpoint_that_is_being_written_is_copied_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "kept", tmp_path / "fork"
    source.mkdir()
    (source / "a").write_text("1")
    (source / "b").write_text("1")
    copies = 0
    original = copy_checkpoint.__globals__["shutil"].copytree

    def copytree(*arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401 - as the original
        nonlocal copies
        copies += 1
        original(*arguments, **keywords)
        if copies == 1:  # the run saves its next state meanwhile
            for name in ("a", "b"):
                (source / name).write_text("22")

    monkeypatch.setattr(copy_checkpoint.__globals__["shutil"], "copytree", copytree)
    copy_checkpoint(source, target)
    assert [copies, (target / "a").read_text(), (target / "b").read_text()] == [2, "22", "22"]


PBT_CELL = """
import os, pathlib, time, wandb
folder = pathlib.Path(os.environ["WANDB_MAGIC_RUN_FOLDER"])
state = folder / "state.txt"
with wandb.init() as run:
    epoch, loss = state.read_text().split() if state.exists() else (0, 1.0)
    for epoch in range(int(epoch) + 1, 13):
        loss = float(loss) * (1 - run.config.lr)
        state.with_name("next.txt").write_text(f"{epoch} {loss}")
        state.with_name("next.txt").replace(state)
        run.log({"loss": loss, "epoch": epoch})
        # Until the poor runs are replaced, the others wait for them.
        while epoch == 3 and not len(list(pathlib.Path(ROOT).glob("wandb/sweep-*/runs/*"))) > 4:
            time.sleep(0.02)
"""


def test_a_population_trains_itself(start: Start) -> None:
    sweep = start(
        PBT_CELL,
        {
            "method": "grid",
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {"lr": {"values": [0.01, 0.02, 0.4, 0.5]}},
            "early_terminate": {
                "type": "pbt",
                "perturbation_interval": 3,
                "quantile_fraction": 0.5,
                "resample_probability": 0,
            },
        },
        count=None,
        agents=4,
    )
    sweep.wait(180)
    runs = sweep.records()
    forks = [run for run in runs if run.parent]
    replaced = [run for run in runs if run.state.value == "pruned"]
    assert sweep.state == "finished"
    assert {run.params["lr"] for run in replaced} >= {0.01, 0.02}
    assert len(forks) == len(replaced)
    assert sweep.status().sweep.budget == len(runs)
    assert {run.cause for run in replaced} == {
        "ended early: a fork of a better run took its place (pbt)"
    }
    rates = [0.01, 0.02, 0.4, 0.5]
    by_id = {run.id: run for run in runs}
    for fork in forks:
        assert fork.parent is not None
        place = rates.index(by_id[fork.parent].params["lr"])
        assert fork.params["lr"] in (rates[max(place - 1, 0)], rates[min(place + 1, 3)])
        # It began where its parent was.
        epochs = sweep.history("epoch", runs=fork.number)["epoch"].tolist()
        if not epochs:  # that had reached its end before it was copied
            parent = by_id[fork.parent].number
            assert sweep.history("epoch", runs=parent)["epoch"].max() == 12
            continue
        assert epochs[0] > 1
        if fork.state.value == "finished":
            assert epochs == list(range(int(epochs[0]), 13))
