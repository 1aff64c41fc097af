"""Whole sweeps online, against a server of the tests: nothing is lost or doubled, whatever happens.

The runs, their wandb and the supervisor are real; the server is not W&B's.
"""

import collections
import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback.controls import Controls
from loopback.process import LoopbackProcess
from loopback.server import Loopback

from wandb_magic.records import RunState
from wandb_magic.verbs import Sweep

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
        time.sleep(0.1)
"""

Start = Callable[..., Sweep]
Until = Callable[..., Any]


@pytest.fixture
def online(start: Start, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sweep]:
    def starter(server: Controls, cell: str, **settings: Any) -> Sweep:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        return start(cell, mode="auto", **settings)

    return starter


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
    assert sorted(kept.handed) == sorted(run.id for run in records)
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
    loopback: Loopback, online: Start, tmp_path: Path
) -> None:
    sweep = online(loopback, CELL, count=4, agents=2).wait(PATIENCE_S)

    whole(loopback, sweep, tmp_path)
    assert sweep.url is not None
    assert sweep.url.endswith(f"/team/tests/sweeps/{sweep.id}")
    run = sweep.records()[0]
    (line,) = loopback.runs[run.id].console
    assert line.endswith(f"with {run.params['lr']}")
    assert f"with {run.params['lr']}" in sweep.logs(0)
    assert loopback.refused == []
    assert len(loopback.sweeps[sweep.id].agents) == 2
    (notice,) = sweep.status().sweep.notices
    assert notice.startswith("online, because W&B finds an API key for")


# Outages

OUTAGE_S = 5.0


def begin(server: Loopback, seconds: float) -> threading.Timer:
    """Refuse connections for some seconds."""
    server.close()
    timer = threading.Timer(seconds, server.open)
    timer.start()
    return timer


@pytest.mark.parametrize(
    "seconds", [OUTAGE_S, *(pytest.param(s, marks=pytest.mark.slow) for s in (30.0, 120.0))]
)
def test_an_outage_loses_and_doubles_nothing(
    loopback: Loopback,
    online: Start,
    until: Until,
    go: Callable[[], None],
    tmp_path: Path,
    seconds: float,
) -> None:
    cell = CELL.replace("        run.log", "        time.sleep(0.3)\n        run.log").replace(
        "import wandb", "import time, wandb"
    )
    sweep = online(loopback, cell, count=8, agents=2)
    begin(loopback, seconds).join()  # at the start
    until(lambda: sum(run.state.ended for run in sweep.records()) >= 2, seconds + PATIENCE_S)
    until(lambda: any(run.state is RunState.RUNNING for run in sweep.records()))
    begin(loopback, seconds).join()  # in the middle of runs
    until(lambda: sum(run.state.ended for run in sweep.records()) >= 6, seconds + PATIENCE_S)
    begin(loopback, seconds).join()  # near their end
    sweep.wait(2 * PATIENCE_S)

    assert len(sweep.records()) == 8
    whole(loopback, sweep, tmp_path)
