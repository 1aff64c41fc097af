"""Where a run is at this moment, and how long it has logged nothing."""

import sys
import time
from pathlib import Path

import pytest

from tests import sweeps
from waiting import wait_until
from wandb_magic import store
from wandb_magic.api._quiet import quiet_runs
from wandb_magic.api._status import status_of
from wandb_magic.display import formatting
from wandb_magic.errors import SweepStateError

CELL = """
import os, time, wandb
with wandb.init() as run:
    run.log({"loss": 1.0})
    def waits_for_the_file():
        print("begun", flush=True)
        while not os.path.exists(GO):
            time.sleep(0.05)
    waits_for_the_file()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the signal exists on Linux only")
def test_a_run_shows_where_it_is_and_goes_on(tmp_path: Path) -> None:
    go = tmp_path / "go"
    sweep = sweeps.start(CELL, namespace={"GO": str(go)})
    wait_until(lambda: sweep.records() and "begun" in str(sweep.logs(0)))
    for _ in range(2):
        stack = sweep.stack(0)
        assert "in waits_for_the_file" in stack
        assert stack.count("in waits_for_the_file") == 1
    with pytest.raises(SweepStateError, match="has not ended"):
        sweep.failure(0)

    run = sweep.records()[0]
    wait_until(lambda: sweep._reader.summaries([run.id])[run.id].get("loss"))
    assert quiet_runs(sweep._reader, sweep._paths, after=0.0)
    assert sweep.status().quiet == ()
    go.touch()
    assert sweep.wait(120).state == "finished"
    with pytest.raises(SweepStateError, match="has ended"):
        sweep.stack(0)
    assert quiet_runs(sweep._reader, sweep._paths, after=0.0) == []


def test_a_status_names_quiet_runs(tmp_path: Path) -> None:
    began = time.time() - 800
    record = sweeps.sweep_record(state=sweeps.SweepState.RUNNING, ended=None)
    paths = sweeps.write_sweep(tmp_path, record)
    writer = store.StoreWriter(paths.store)
    writer.add_run(sweeps.run_record(0, started=began, created=began))
    writer.add_run(sweeps.run_record(1, started=time.time()))
    writer.commit()
    writer.close()
    reader = store.StoreReader(paths.store)
    status = status_of(reader, paths)
    assert [str(run) for run in status.quiet] == ["run 0 quiet for 13 min"]
    assert "run 0 quiet for 13 min" in formatting.status_line(status)
    reader.close()
