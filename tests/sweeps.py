"""What many tests need: records with some fields of their own, and sweeps that really run."""

import textwrap
from collections.abc import Callable
from typing import Any

from wandb_magic.api import Sweep
from wandb_magic.api._options import LaunchOptions, RunCode
from wandb_magic.api._start import start_sweep
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


def sweep_record(name: str = "sweep000", **fields: object) -> SweepRecord:
    """Return the record of an offline sweep that has ended, with the fields that are given."""
    values: dict[str, object] = {
        "id": SweepId(name),
        "name": f"name of {name}",
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


def run_record(number: int = 0, **fields: object) -> RunRecord:
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
