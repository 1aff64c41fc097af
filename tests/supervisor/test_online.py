"""Whole sweeps online, against a server of the tests: nothing is lost or doubled.

The runs, their wandb and the supervisor are real; the server is not W&B's.
"""

import collections
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fake_wandb_server.controls import Controls
from fake_wandb_server.leaks import leaks
from fake_wandb_server.process import FakeWandbServerProcess
from fake_wandb_server.server import FakeWandbServer
from wandb_magic.api import Sweep
from wandb_magic.records import RunState

PATIENCE_S = 120.0
ROWS = 3
CELL = """
import wandb
with open(ROOT + "/executed", "a") as file:
    file.write(__import__("os").environ["WANDB_RUN_ID"] + "\\n")
with wandb.init() as run:
    print("with", run.config.lr)
    for step in range(3):
        run.log({"loss": run.config.lr + step})
"""
WAITS = """
import os, time, wandb
with wandb.init() as run:
    run.log({"loss": run.config.lr})
    while not os.path.exists(GO):
        time.sleep(0.02)
    run.log({"loss": run.config.lr + 1})
"""
SLOW = """
import time, wandb
with open(ROOT + "/executed", "a") as file:
    file.write(__import__("os").environ["WANDB_RUN_ID"] + "\\n")
with wandb.init() as run:
    for step in range(3):
        run.log({"loss": run.config.lr + step})
        time.sleep(0.3)
"""

Start = Callable[..., Sweep]
Until = Callable[..., Any]


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder for the sweep alone, with a name that is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="t") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def whole(server: Controls, sweep: Sweep, folder: Path, rows: int = ROWS) -> None:
    """Hold what the server has against what the sweep says; all runs ended well."""
    records = sweep.records()
    assert sweep.state == "finished", (sweep.status().sweep.cause, log_of(sweep))
    assert [run.state for run in records] == [RunState.FINISHED] * len(records), [
        (run.state, run.cause) for run in records
    ]
    there = server.look()
    kept = there.sweeps[sweep.id]
    assert sorted(kept.runs) == sorted(run.id for run in records)
    assert sorted(kept.assignments) == sorted(run.id for run in records)
    for run in records:
        found = there.runs[run.id]
        assert found.state == "finished", (run, found.state)
        assert found.config == run.params
        losses = [row["loss"] for row in found.history]
        assert losses == [run.params["lr"] + step for step in range(rows)]
        assert found.sweep == sweep.id
    executed = collections.Counter((folder / "executed").read_text().split())
    assert executed == {run.id: 1 for run in records}


def log_of(sweep: Sweep) -> str:
    return (sweep.path / "supervisor.log").read_text()


def test_a_sweep_is_at_the_server_as_it_is_here(
    fake_wandb_server: FakeWandbServer, online: Start, tmp_path: Path, temporary: Path
) -> None:
    sweep = online(fake_wandb_server, CELL, count=4, agents=2).wait(PATIENCE_S)

    whole(fake_wandb_server, sweep, tmp_path)
    assert sweep.url is not None
    assert sweep.url.endswith(f"/team/tests/sweeps/{sweep.id}")
    run = sweep.records()[0]
    (line,) = fake_wandb_server.runs[run.id].console
    assert line.endswith(f"with {run.params['lr']}")
    assert f"with {run.params['lr']}" in sweep.logs(0)
    assert fake_wandb_server.refused == []
    assert len(fake_wandb_server.sweeps[sweep.id].agents) == 2
    (notice,) = sweep.status().sweep.notices
    assert notice.startswith("online, because W&B finds an API key for")
    assert list(tmp_path.rglob("run-*.wandb"))
    assert leaks(fake_wandb_server.key, tmp_path, temporary) == []


# Outages

longer = pytest.mark.full("the outage of 5 s")
OUTAGES_S = [5.0, *(pytest.param(seconds, marks=longer) for seconds in (30.0, 120.0))]


def outage(server: FakeWandbServerProcess, seconds: float) -> None:
    """Kill the server in the midst of what it does; it comes back after some seconds."""
    server.kill()
    time.sleep(seconds)  # the outage itself, not a wait
    server.start()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seconds", OUTAGES_S)
def test_a_server_that_is_killed_again_and_again_costs_nothing(
    fake_wandb_server_process: FakeWandbServerProcess,
    online: Start,
    until: Until,
    tmp_path: Path,
    seconds: float,
) -> None:
    server = fake_wandb_server_process
    sweep = online(server, SLOW, count=8, agents=2)
    outage(server, seconds)  # at the start
    until(lambda: sum(run.state.has_ended for run in sweep.records()) >= 2, seconds + PATIENCE_S)
    until(lambda: any(run.state is RunState.RUNNING for run in sweep.records()))
    outage(server, seconds)  # in the middle of runs
    until(lambda: len(sweep.records()) == 8, seconds + PATIENCE_S)
    outage(server, seconds)  # at the end
    sweep.wait(2 * PATIENCE_S)

    whole(server, sweep, tmp_path)


@pytest.mark.full("outages of 5 s, which wandb waits for")
@pytest.mark.timeout(900)
def test_a_run_begins_when_an_outage_longer_than_wandb_waits_is_over(
    fake_wandb_server: FakeWandbServer, online: Start, until: Until, tmp_path: Path
) -> None:
    fake_wandb_server.fault("reset", "UpsertBucket", period=110)
    fake_wandb_server.fault("reset", "/files/*", period=110)
    sweep = online(fake_wandb_server, CELL, count=2, agents=2)
    until(lambda: [run for run in sweep.records() if run.state.has_ended], 300)
    sweep.wait(PATIENCE_S)

    whole(fake_wandb_server, sweep, tmp_path)


# Kills here


def test_a_supervisor_that_is_killed_again_and_again_costs_nothing(
    fake_wandb_server: FakeWandbServer, online: Start, until: Until, tmp_path: Path
) -> None:
    chance = random.Random(4)
    sweep = online(fake_wandb_server, SLOW, count=6, agents=3)
    for ended in (0, 3):
        until(lambda ended=ended: sum(run.state.has_ended for run in sweep.records()) >= ended)
        until(lambda: sweep.state == "running")
        time.sleep(chance.uniform(0.0, 0.3))  # the moment of the attack, not a wait
        process = sweep.status().sweep.supervisor
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        until(lambda: sweep.state == "died")
        sweep.resume()
    sweep.wait(PATIENCE_S)

    assert len(sweep.records()) == 6
    whole(fake_wandb_server, sweep, tmp_path)
    assert len(fake_wandb_server.agents) == 3, "the agents keep their ids"


def test_a_killed_run_is_at_an_end_at_the_server_too(
    fake_wandb_server: FakeWandbServer, online: Start, until: Until, go: Callable[[], None]
) -> None:
    sweep = online(fake_wandb_server, WAITS, count=2)
    run = until(lambda: next((r for r in sweep.records() if r.value is not None), None))
    go()
    os.kill(run.process.pid, signal.SIGKILL)
    sweep.wait(PATIENCE_S)

    killed, finished = sweep.records()
    assert (killed.state, finished.state) == (RunState.KILLED, RunState.FINISHED)
    there = fake_wandb_server.runs[killed.id]
    until(lambda: there.state != "running")
    assert (there.state, there.exit_code) == ("failed", 137)
    assert there.history[0]["loss"] == killed.params["lr"]
    assert "signal 9" in there.summary["wandb_magic/cause"]
    assert fake_wandb_server.runs[finished.id].state == "finished"


def test_broken_runs_are_tried_again_and_count_once(
    fake_wandb_server: FakeWandbServer, online: Start
) -> None:
    cell = """
    import os, wandb
    first = not os.path.exists(ROOT + "/tried")
    open(ROOT + "/tried", "a").close()
    if first:
        raise ValueError("before wandb.init")
    with wandb.init() as run:
        run.log({"loss": run.config.lr})
    """
    sweep = online(fake_wandb_server, cell, count=2, retries=1).wait(PATIENCE_S)

    assert sweep.state == "finished"
    first, again, second = sweep.records()
    assert [(run.number, run.attempt) for run in sweep.records()] == [(0, 0), (0, 1), (1, 0)]
    assert (first.state, first.cause) == (RunState.FAILED, "ValueError: before wandb.init")
    assert (again.state, second.state) == (RunState.FINISHED, RunState.FINISHED)
    assert again.params == first.params
    assert fake_wandb_server.runs.keys() == {again.id, second.id}
    assert fake_wandb_server.runs[again.id].config == first.params
    assert fake_wandb_server.sweeps[sweep.id].runs == [again.id, second.id]
    assert len(fake_wandb_server.sweeps[sweep.id].assignments) == 2


@pytest.mark.full("test_sending_anew_is_tried_a_few_times_and_told_if_it_fails")
@pytest.mark.timeout(600)
def test_an_upload_that_is_refused_for_good_is_told_with_what_sends_it(
    online: Start, fake_wandb_server: FakeWandbServer
) -> None:
    fake_wandb_server.fault("status", "file_stream", status=404, after=1)
    sweep = online(fake_wandb_server, CELL)
    sweep.wait(PATIENCE_S)
    (run,) = sweep.records()
    assert run.state is RunState.FINISHED
    assert fake_wandb_server.look().runs[run.id].state == "running"
    refused, failed = (each for each in sweep.status().sweep.notices if "refused" in each)
    assert f"run {run.id} sends (404 Not Found)" in refused
    assert "could not be sent" in failed
    fake_wandb_server.heal()
    (command,) = re.findall("`(.*)`", failed)
    subprocess.run([sys.executable, "-m", *command.split()], check=True)
    there = fake_wandb_server.look().runs[run.id]
    assert (there.state, len(there.history)) == ("finished", ROWS)
