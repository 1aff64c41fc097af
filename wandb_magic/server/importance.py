"""Computes parameter importance in a child process, which keeps Optuna out of the server."""

from __future__ import annotations

import json
import math
import os
import subprocess

from wandb_magic.child_process import module_process
from wandb_magic.errors import StoreError
from wandb_magic.records import RunState, flatten_keys, sweep_metric
from wandb_magic.server import schemas
from wandb_magic.server.http_errors import BadRequestError
from wandb_magic.server.open_sweep import OpenSweep

TIMEOUT_S = 60.0
MAX_RUNS = 5000  # the newest runs are enough


def importance(open_sweep: OpenSweep, metric: str) -> schemas.Importance:
    """Return how much each parameter matters for the objective, or for another metric.

    Raises
    ------
    BadRequestError
        If the sweep has no objective, and no metric is named.
    """
    objective = sweep_metric(open_sweep.reader.sweep())
    name = metric or (objective.name if objective is not None else "")
    if not name:
        raise BadRequestError("metric: the sweep has no objective: name a metric")
    maximize = objective is not None and name == objective.name and objective.maximize
    runs = open_sweep.reader.runs(states=[RunState.FINISHED, RunState.PRUNED, RunState.STOPPED])
    if objective is not None and name == objective.name:
        values = {run.id: run.value for run in runs}
    else:
        values = {run: logged.get(name) for run, logged in open_sweep.reader.summaries().items()}
    comparable = [
        (flatten_keys(run.params, ""), float(value))
        for run in runs
        if isinstance(value := values.get(run.id), (int, float)) and math.isfinite(value)
    ][-MAX_RUNS:]
    request = {
        "params": [params for params, _ in comparable],
        "values": [value for _, value in comparable],
        "maximize": maximize,
    }
    answer: schemas.Importance = json.loads(
        open_sweep.cached(("importance", name), json.dumps(request), _run_child)
    )
    return {**answer, "metric": name}


def _run_child(request: str) -> str:
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            **module_process("wandb_magic.analysis.importance", environment=os.environ),
            input=request,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StoreError(
            f"the importance took more than {TIMEOUT_S:.0f} s: request it for fewer parameters"
        ) from None
    if done.returncode != 0:
        raise StoreError(f"the importance cannot be computed: {done.stderr.strip()[-300:]}")
    return done.stdout
