from collections.abc import Callable
from pathlib import Path

import pytest

from wandb_magic import store
from wandb_magic.api import Sweep
from wandb_magic.paths import SweepPaths
from wandb_magic.processes import current_process
from wandb_magic.records import (
    Options,
    RunId,
    RunRecord,
    RunState,
    SweepId,
    SweepRecord,
    SweepState,
)

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
        values: dict[str, object] = {
            "id": SweepId("sweep000"),
            "name": "mine",
            "project": "",
            "entity": "",
            "mode": "offline",
            "state": SweepState.RUNNING,
            "created": 0.0,
            "spec": SPEC,
            "options": Options(),
            "agents": 1,
            "budget": 30,
            "started": 0.0,
            "supervisor": current_process(),
        }
        store.create(paths.store, SweepRecord(**{**values, **fields}))  # type: ignore[arg-type]
        writer = store.StoreWriter(paths.store)
        for number, of_run in enumerate(runs):
            known: dict[str, object] = {
                "id": RunId(f"run{number:05}"),
                "number": number,
                "attempt": 0,
                "agent": 0,
                "params": {"lr": 0.5},
                "state": RunState.FINISHED,
                "created": float(number),
                "started": 0.0,
                "ended": 60.0,
            }
            writer.add_run(RunRecord(**{**known, **of_run}))  # type: ignore[arg-type]
        writer.close()
        return Sweep(paths)

    return make
