"""Computes parameter importance in a child process, which keeps Optuna out of the server."""

from __future__ import annotations

import json
import os
import subprocess

from wandb_magic.analysis.comparable_runs import comparable_runs
from wandb_magic.child_process import module_process
from wandb_magic.errors import StoreError
from wandb_magic.records import sweep_metric
from wandb_magic.server import schemas
from wandb_magic.server.http_errors import BadRequestError
from wandb_magic.server.sweep_manager import OpenSweep

TIMEOUT_S = 60.0
EVALUATORS = (
    "ped-anova",
    "fanova",
    "permutation",
)  # as in `analysis.importance`, which is slow to import


def importance(
    open_sweep: OpenSweep, metric: str, evaluator: str = "", quantile: str = ""
) -> schemas.Importance:
    """Return how much each parameter matters for the objective, or for another metric.

    An empty evaluator or quantile stands for the default.

    Raises
    ------
    BadRequestError
        If the sweep has no objective and no metric is named, or the evaluator or the quantile is
        not valid.
    """
    objective = sweep_metric(open_sweep.reader.sweep())
    name = metric or (objective.name if objective is not None else "")
    if not name:
        raise BadRequestError("metric: the sweep has no objective: name a metric")
    maximize = objective is not None and name == objective.name and objective.maximize
    params, values = comparable_runs(open_sweep.reader, name)
    request = {"params": params, "values": values, "maximize": maximize}
    if evaluator:
        request["evaluator"] = _evaluator(evaluator)
    if quantile:
        request["quantile"] = _quantile(quantile)
    settings = f"{name} {evaluator} {quantile}"
    answer: schemas.Importance = json.loads(
        open_sweep.cached(("importance", settings), json.dumps(request), _run_child)
    )
    return {**answer, "metric": name}


def _evaluator(name: str) -> str:
    if name not in EVALUATORS:
        raise BadRequestError(f"evaluator: it is one of {', '.join(EVALUATORS)}")
    return name


def _quantile(text: str) -> float:
    try:
        quantile = float(text)
    except ValueError:
        quantile = 0.0
    if not 0 < quantile < 1:
        raise BadRequestError("quantile: it is a number between 0 and 1")
    return quantile


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
