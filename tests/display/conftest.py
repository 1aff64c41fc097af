from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sweeps import run_record, sweep_record
from wandb_magic import store
from wandb_magic.api import Sweep
from wandb_magic.paths import SweepPaths
from wandb_magic.processes import current_process
from wandb_magic.records import RunState, SweepId, SweepState

MakeSweep = Callable[..., Sweep]
SPEC = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}


@pytest.fixture
def make_sweep(tmp_path: Path) -> MakeSweep:
    """Make a sweep as a supervisor would leave it, with one run for each of some fields."""

    def make(*runs: dict[str, object], **fields: object) -> Sweep:
        paths = SweepPaths.of(tmp_path, SweepId("sweep000"))
        paths.folder.mkdir(parents=True)
        own = {
            "name": "mine",
            "state": SweepState.RUNNING,
            "created": 0.0,
            "started": 0.0,
            "ended": None,
            "agents": 1,
            "budget": 30,
            "supervisor": current_process(),
            **fields,
        }
        store.create(paths.store, sweep_record(**own))
        writer = store.StoreWriter(paths.store)
        for number, of_run in enumerate(runs):
            of_all = {
                "params": {"lr": 0.5},
                "state": RunState.FINISHED,
                "created": float(number),
                "started": 0.0,
                "ended": 60.0,
            }
            writer.add_run(run_record(number, **{**of_all, **of_run}))
        writer.close()
        return Sweep(paths)

    return make
