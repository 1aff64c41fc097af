"""Sweeps and runs controlled from here and from W&B's page: each side follows the other."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from fake_wandb_server.server import FakeWandbServer
from fake_wandb_server.sweeps import identifier
from wandb_magic.api import Sweep
from wandb_magic.records import RunState

PATIENCE_S = 120.0
WAITS = """
import os, time, wandb
with wandb.init() as run:
    run.log({"loss": run.config.lr})
    while not os.path.exists(GO):
        time.sleep(0.02)
    run.log({"loss": run.config.lr + 1})
"""

LOGS = """
import time, wandb
from wandb.sdk.lib import run_stopping
run_stopping.RunStopChecker.__init__.__kwdefaults__["poll_interval"] = 0.5  # instead of 15 s
with wandb.init() as run:
    while True:
        run.log({"loss": run.config.lr})
        time.sleep(0.05)
"""

Start = Callable[..., Sweep]
Until = Callable[..., Any]


def test_what_is_asked_here_is_done_at_the_server(
    fake_wandb_server: FakeWandbServer, online: Start, until: Until
) -> None:
    sweep = online(fake_wandb_server, WAITS, count=5, agents=2)
    there = fake_wandb_server.sweeps[sweep.id]
    until(lambda: len([run for run in sweep.records() if run.value is not None]) == 2)
    sweep.pause()
    until(lambda: there.state == "PAUSED")
    first, second = sweep.records()
    sweep.stop_run(first.id)
    until(lambda: sweep.records()[0].state is RunState.STOPPED)
    until(lambda: fake_wandb_server.runs[first.id].state != "running")
    assert len(sweep.records()) == 2
    sweep.resume()
    until(lambda: there.state == "RUNNING")
    until(lambda: len(sweep.records()) >= 3)
    sweep.stop().wait(PATIENCE_S)
    assert sweep.state == "stopped"
    assert there.state == "CANCELED"
    assert [run.state for run in sweep.records()] == [RunState.STOPPED] * 3
    assert [run.state for run in fake_wandb_server.runs.values() if run.state == "running"] == []
    assert set(there.assignments) == {run.id for run in sweep.records()}
    assert second.id in there.runs
    sweep.resume()
    until(lambda: there.state == "RUNNING")
    until(lambda: len(sweep.records()) >= 4)


def test_what_is_done_on_the_page_is_done_here(
    fake_wandb_server: FakeWandbServer, online: Start, until: Until
) -> None:
    sweep = online(fake_wandb_server, WAITS, count=5, agents=2)
    until(lambda: len([run for run in sweep.records() if run.value is not None]) == 2)
    fake_wandb_server.pause_sweep(sweep.id)
    until(lambda: sweep.state == "paused")
    assert sweep.status().sweep.cause == "paused at W&B"
    first, second = sweep.records()
    fake_wandb_server.stop_run(first.id)
    until(lambda: sweep.records()[0].state is RunState.STOPPED)
    assert sweep.records()[0].cause == "stopped at W&B"
    fake_wandb_server.cancel_sweep(sweep.id)
    until(lambda: sweep.state == "stopped")
    assert sweep.status().sweep.cause == "cancelled at W&B"
    assert sweep.records()[1].id == second.id
    assert [run.state for run in sweep.records()] == [RunState.STOPPED] * 2
    until(lambda: all(run.state != "running" for run in fake_wandb_server.runs.values()))


def test_a_run_that_wandb_itself_interrupts_was_stopped_and_did_not_fail(
    fake_wandb_server: FakeWandbServer, online: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL", "1")
    fake_wandb_server.stop_run(identifier("run", 1, 0))  # which wandb sees when it begins
    fake_wandb_server.fault(
        "status", "Heartbeat", after=1
    )  # so that the agent does not hear of it
    sweep = online(fake_wandb_server, LOGS, count=1).wait(PATIENCE_S)

    (run,) = sweep.records()
    assert (run.state, run.cause) == (RunState.STOPPED, "stopped at W&B")
    assert sweep.state == "finished"
    assert fake_wandb_server.runs[run.id].summary["wandb_magic/cause"] == "stopped at W&B"


def test_a_sweep_can_be_stopped_in_an_outage(
    fake_wandb_server: FakeWandbServer, online: Start, until: Until
) -> None:
    sweep = online(fake_wandb_server, WAITS, count=2)
    until(lambda: [run for run in sweep.records() if run.value is not None])
    fake_wandb_server.close()
    sweep.stop().wait(PATIENCE_S)

    assert sweep.state == "stopped"
    (run,) = sweep.records()
    assert (run.state, run.cause) == (RunState.STOPPED, "the sweep was stopped")
    assert sweep.history("loss").loc[run.id, "loss"].tolist() == [run.params["lr"]]
    assert "could not set the sweep's state at W&B to CANCELED" in sweep.status().sweep.notices[-1]
    sweep.resume()
    until(lambda: sweep.state == "running")
    fake_wandb_server.open()
    until(lambda: len(sweep.records()) == 2)
    assert fake_wandb_server.sweeps[sweep.id].state == "RUNNING"

    # What the run could not send is on the disk.
    sync = [sys.executable, "-m", "wandb", "sync", "--include-online", run.directory]
    subprocess.run(sync, check=True, capture_output=True, timeout=PATIENCE_S)
    there = fake_wandb_server.runs[run.id]
    assert (there.state, there.overwritten) == ("failed", 0)
    assert [row["loss"] for row in there.history] == [run.params["lr"]]
    assert there.summary["wandb_magic/cause"] == "the sweep was stopped"
