"""What W&B's server refuses of a run in its course is told, and sent when the run has ended.

``scripts/test --full`` tries each answer that wandb takes for final.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fake_wandb_server.controls import Controls
from fake_wandb_server.sweeps import identifier
from full import FULL
from wandb_magic.api import Sweep
from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunId, RunState
from wandb_magic.runner.events import UploadRefused
from wandb_magic.supervisor import resender
from wandb_magic.supervisor.resender import Resender

STATUSES = (401, 403, 404, 410, 413) if FULL else (404,)
STEPS = 20
CELL = """
import pathlib, time, wandb
with wandb.init() as run:
    for step in range(20):
        run.log({"loss": run.config.lr + step})
        if step == 10:
            while not pathlib.Path(GO).exists():
                time.sleep(0.02)
"""

Start = Callable[..., Sweep]
Until = Callable[..., Any]


@pytest.mark.slow(40)
def test_what_the_server_refuses_of_a_run_is_sent_at_its_end(
    fake_wandb_server: Controls,
    online: Start,
    until: Until,
    go: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL", "0.5")
    count = len(STATUSES) + 1
    hangs, *refused = (identifier("run", 1, number) for number in range(count))
    sweep = online(fake_wandb_server, CELL, count=count, agents=count)
    until(lambda: sum(len(run.history) > 5 for run in fake_wandb_server.runs.values()) == count)
    fake_wandb_server.fault("hang", f"*{hangs}/file_stream", seconds=3.0, times=1)
    for run, status in zip(refused, STATUSES, strict=True):
        fake_wandb_server.fault("status", f"*{run}/file_stream", status=status)
    go()
    until(lambda: all(run.state.has_ended for run in sweep.records()))
    assert sweep.state == "finished"
    fake_wandb_server.heal()
    sweep.wait(300)

    told = " ".join(sweep.status().sweep.notices)
    assert hangs not in told
    for run, status in zip(refused, STATUSES, strict=True):
        assert f"refused what run {run} sends ({status} " in told
        assert f"what W&B's server had refused of run {run} was sent" in told
    for run in (hangs, *refused):
        there = fake_wandb_server.runs[run]
        assert [row["_step"] for row in there.history] == list(range(STEPS)), run
        assert (there.state, there.overwritten) == ("finished", 0)
    assert {run.state for run in sweep.records()} == {RunState.FINISHED}


def test_sending_anew_is_tried_a_few_times_and_told_if_it_fails(
    fake_wandb_server: Controls,
    start: Start,
    tmp_path: Path,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resender, "RETRY_DELAYS_S", (0.0, 0.0))
    sweep = start("print()").wait(60)
    (run,) = sweep.records()
    told: list[str] = []
    environment = {**os.environ, **fake_wandb_server.environment, "WANDB_API_KEY": "f" * 40}
    sending = Resender(SweepPaths(sweep.path), environment, told.append)
    sending.on_upload_refused(UploadRefused(RunId(run.id), "404 Not Found", str(tmp_path)))
    sending.tick()
    assert sending.is_done  # nothing is sent before the run has ended
    sending.on_run_ended(RunId("elsewher"))
    assert sending.is_done
    sending.on_run_ended(RunId(run.id))

    def is_done() -> bool:
        sending.tick()
        return sending.is_done

    assert not is_done()
    until(is_done)
    assert len(told) == 2
    assert "404 Not Found" in told[0]
    assert f"could not be sent ({sweep.path}/resend/sync.log says why)" in told[1]
    assert f"`wandb sync --include-online {tmp_path}` tries again" in told[1]
    state = json.loads((sweep.path / "resend" / "state.json").read_text())
    assert (state["phase"], "key" in state["problem"]) == ("failed", True)
