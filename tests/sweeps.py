"""What many tests need: records, sweeps on disk without a supervisor, and sweeps that run."""

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from wandb_magic import registry, store
from wandb_magic.api import Sweep
from wandb_magic.api._options import LaunchOptions, RunCode
from wandb_magic.api._start import start_sweep
from wandb_magic.bundle import freeze
from wandb_magic.paths import SweepPaths
from wandb_magic.records import (
    Options,
    RunId,
    RunRecord,
    RunState,
    SweepId,
    SweepRecord,
    SweepState,
)

RANDOM: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}


def sweep_record(id_: str = "sweep000", /, **fields: object) -> SweepRecord:
    """Return the record of an offline sweep that has ended, with the fields that are given."""
    values: dict[str, object] = {
        "id": SweepId(id_),
        "name": f"name of {id_}",
        "project": "project",
        "entity": "",
        "mode": "offline",
        "state": SweepState.FINISHED,
        "created": 1000.0,
        "started": 1000.0,
        "ended": 2000.0,
        "spec": RANDOM,
        "options": Options(),
        "agents": 2,
        "budget": 3,
    }
    return SweepRecord(**{**values, **fields})  # type: ignore[arg-type] # as the caller says


def run_record(number: int = 0, /, **fields: object) -> RunRecord:
    """Return the record of a run that goes on, with the fields that are given."""
    values: dict[str, object] = {
        "id": RunId(f"run{number:05}"),
        "number": number,
        "attempt": 0,
        "agent": 0,
        "params": {"lr": number / 10},
        "state": RunState.RUNNING,
        "created": 1000.0 + number,
    }
    return RunRecord(**{**values, **fields})  # type: ignore[arg-type] # as the caller says


def write_sweep(
    root: Path, record: SweepRecord, cell: str = "pass", namespace: dict[str, Any] | None = None
) -> SweepPaths:
    """Write a sweep's folder as its start and its supervisor would, and add it to the list."""
    paths = SweepPaths.of(root, record.id)
    paths.folder.mkdir(mode=0o700, parents=True)
    freeze(paths.bundle, cell=cell, namespace=namespace or {}, environment={})
    paths.spec.write_text(yaml.safe_dump(dict(record.spec), sort_keys=False), "utf-8")
    store.create(paths.store, record)
    registry.add(registry.SweepLocation(record.id, record.name, str(paths.folder), record.created))
    return paths


def start(
    cell: str = "",
    config: dict[str, Any] | None = None,
    *,
    function: Callable[[], object] | None = None,
    namespace: dict[str, Any] | None = None,
    random_state: bool = False,
    options: Options | None = None,
    **launch: object,
) -> Sweep:
    """Start a sweep of a cell, of a function, or of the config's program.

    Parameters
    ----------
    options
        The options of the sweep; `launch` has the others, such as `count`, `agents` and `mode`.
    """
    settings: dict[str, object] = {
        "count": 1,
        "agents": 1,
        "name": None,
        "project": "tests",
        "entity": None,
        "mode": "offline",
        "options": options or Options(seed=1, grace=1.0),
        "env": None,
    }
    code = RunCode(function=function)
    if cell:
        code = RunCode(
            cell=textwrap.dedent(cell), namespace=namespace or {}, random_state=random_state
        )
    chosen = LaunchOptions(**{**settings, **launch})  # type: ignore[arg-type] # as above
    return start_sweep(config or RANDOM, code, chosen)
