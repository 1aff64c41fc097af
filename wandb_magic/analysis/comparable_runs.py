"""The runs from which the importance of parameters is computed, wherever it is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from wandb_magic.records import RunRecord, RunState, flatten_keys, sweep_metric
from wandb_magic.store import StoreReader

STATES = (RunState.FINISHED, RunState.PRUNED, RunState.STOPPED)
MAX_RUNS = 5000  # the newest are enough


def comparable_runs(
    reader: StoreReader, metric: str
) -> tuple[list[Mapping[str, Any]], list[float]]:
    """Return the parameters, by dotted key, and the value of each comparable run, oldest first.

    Parameters
    ----------
    reader
        The sweep's store.
    metric
        The objective, or the dotted key of another value in the runs' summaries.
    """
    # What a fork reached depends on its parent, too.
    runs = [run for run in reader.runs(states=STATES) if run.parent is None]
    pairs = [
        (flatten_keys(run.params), float(value))
        for run, value in zip(runs, _values(reader, runs, metric), strict=True)
        if isinstance(value, (int, float)) and math.isfinite(value)
    ][-MAX_RUNS:]
    return [params for params, _ in pairs], [value for _, value in pairs]


def _values(reader: StoreReader, runs: list[RunRecord], metric: str) -> list[object]:
    objective = sweep_metric(reader.sweep())
    if objective is not None and metric == objective.name:
        return [run.value for run in runs]
    summaries = reader.summaries()
    return [flatten_keys(summaries.get(run.id, {})).get(metric) for run in runs]
