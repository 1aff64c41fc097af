"""Special runs: killed, pruned, never begun, begun twice, still running."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fake_wandb_server.clients import wait_for
from fake_wandb_server.server import FakeWandbServer
from fake_wandb_server.state import HISTORY
from wandb_magic.api import Sweep
from wandb_magic.log_records import HistoryRecord
from wandb_magic.records import RunState
from wandb_magic.sync.state import Phase, SyncState, read
from wandb_magic.wandb_log import LogFollower

from .assertions import said

End = Callable[..., SyncState]
Begin = Callable[..., subprocess.Popen[bytes]]

pytestmark = pytest.mark.slow

# Each run is one of these.
KINDS = ("killed", "early", "twice", "dropped", "gone")
CELL = """
import os, pathlib, signal, sys, yaml
import wandb

params = yaml.safe_load(pathlib.Path(os.environ["WANDB_SWEEP_PARAM_PATH"]).read_text())
kind = params["kind"]["value"]
if kind == "early":
    print("too early")
    raise ValueError("before wandb.init")
run = wandb.init()
for step in range(1 if kind == "dropped" else 20):
    run.log({"loss": step})
if kind == "dropped":
    run.log({"long": "x" * 25_000_000})
    run.log({"loss": 2})
if kind == "killed":
    print("dies")
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)
if kind == "twice":
    run.finish()
    run = wandb.init(id=os.environ["WANDB_RUN_ID"])
    run.log({"later": 1}, step=20)
run.finish()
"""


def test_every_run_arrives(
    swept: Callable[..., Sweep], end: End, fake_wandb_server: FakeWandbServer
) -> None:
    config = {
        "method": "grid",
        "metric": {"name": "loss"},
        "parameters": {"kind": {"values": list(KINDS)}},
    }
    sweep = swept(len(KINDS), CELL, config)
    runs = {run.params["kind"]: run for run in sweep.records()}
    shutil.rmtree(runs["gone"].directory)
    synced = end(sweep)
    assert (synced.phase, synced.sent) == (Phase.DONE, len(KINDS)), said(sweep)
    [remote] = fake_wandb_server.sweeps.values()
    for run in runs.values():
        there = fake_wandb_server.runs[run.id]
        assert there.config == dict(run.params)
        assert there.sweep == remote.name
        assert there.summary.get("wandb_magic/cause", "") == run.cause

    run, there = runs["killed"], fake_wandb_server.runs[runs["killed"].id]
    assert run.state is RunState.KILLED
    assert there.state == "failed"
    follower = LogFollower(Path(run.directory))
    kept = [entry for entry in follower.poll() if isinstance(entry, HistoryRecord)]
    follower.close()
    assert [row["_step"] for row in there.history] == [entry.step for entry in kept]
    assert any("dies" in line for line in there.console)

    run, there = runs["early"], fake_wandb_server.runs[runs["early"].id]
    assert run.state is RunState.FAILED
    assert (there.state, there.exit_code) == ("failed", 1)
    assert any("too early" in line for line in there.console)
    assert any("ValueError: before wandb.init" in line for line in there.console)

    there = fake_wandb_server.runs[runs["twice"].id]
    assert there.state == "finished"
    assert [row["_step"] for row in there.history] == list(range(21))

    # wandb drops a line that is too long: if so, a notice says that.
    there = fake_wandb_server.runs[runs["dropped"].id]
    assert there.state == "finished"
    assert [row.get("loss") for row in there.history if "loss" in row] == [0, 2]
    steps = there.stream(HISTORY).count
    number = runs["dropped"].number
    missing = [each for each in synced.notices if f"run {number} " in each]
    assert missing == (
        [] if steps == 3 else [f"run {number} has {steps} steps at W&B, and 3 here"]
    )

    # Of a run whose folder is gone, a notice says so.
    (notice,) = [each for each in synced.notices if each not in missing]
    assert f"run {runs['gone'].number}" in notice
    assert fake_wandb_server.runs[runs["gone"].id].history == []


def test_pruned_runs_keep_their_mark(
    swept: Callable[..., Sweep], end: End, fake_wandb_server: FakeWandbServer
) -> None:
    cell = """
    import time, wandb
    with wandb.init() as run:
        for step in range(20):
            run.log({"loss": run.config.lr})
        while run.config.lr > 0.25:  # only being pruned ends a poor run
            time.sleep(0.02)
    """
    config = {
        "method": "grid",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"lr": {"values": [0.1, 0.2, 0.3, 0.4]}},
        "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 2},
    }
    sweep = swept(4, cell, config, agents=1)
    pruned = [run for run in sweep.records() if run.state is RunState.PRUNED]
    assert pruned
    assert end(sweep).phase is Phase.DONE, said(sweep)
    for run in pruned:
        there = fake_wandb_server.runs[run.id]
        assert there.state in ("failed", "killed")
        assert there.summary["wandb_magic/cause"] == run.cause
        assert len(there.history) == 20


def test_a_sweep_that_goes_on_is_followed_to_its_end(
    swept: Callable[..., Sweep], begin: Begin, fake_wandb_server: FakeWandbServer, tmp_path: Path
) -> None:
    cell = """
    import os, time, wandb
    with wandb.init() as run:
        run.log({"loss": 1})
        while run.config.lr > 0.15 and not os.path.exists(GO):
            time.sleep(0.02)
        run.log({"loss": 2})
    """
    config = {"method": "grid", "parameters": {"lr": {"values": [0.1, 0.2, 0.3]}}}
    sweep = swept(3, cell, config, wait=False, agents=1)
    process = begin(sweep)

    def state() -> SyncState | None:
        return read(sweep._paths.sync)

    def waits() -> bool:
        found = state()
        return found is not None and found.sent == 1 and found.phase is Phase.WAITING

    wait_for(lambda: waits() or process.poll() is not None, "the first run")
    assert process.poll() is None, said(sweep)
    (tmp_path / "go").touch()
    assert process.wait(120) == 0
    found = state()
    assert found is not None
    assert (found.phase, found.sent, found.runs) == (Phase.DONE, 3, 3)
    assert [len(run.history) for run in fake_wandb_server.runs.values()] == [2, 2, 2]
