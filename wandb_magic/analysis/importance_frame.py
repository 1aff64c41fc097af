"""How much the parameters of a sweep matter, as a frame; what is computed is in `importance`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from wandb_magic.analysis.importance import importance
from wandb_magic.analysis.study import silence_optuna
from wandb_magic.errors import SweepStateError
from wandb_magic.records import RunState, flatten_keys, sweep_metric
from wandb_magic.store import StoreReader

if TYPE_CHECKING:
    import pandas as pd

COMPARABLE_STATES = (RunState.FINISHED, RunState.PRUNED, RunState.STOPPED)


def importance_frame(reader: StoreReader) -> pd.DataFrame:
    """Return a row a parameter; see `Conclusions.importance`.

    Raises
    ------
    SweepStateError
        If the sweep has no metric.
    """
    import pandas as pd  # noqa: PLC0415 - a second to import

    sweep = reader.sweep()
    metric = sweep_metric(sweep)
    if metric is None:
        raise SweepStateError(f"sweep {sweep.id} has no metric for which a parameter could matter")
    known = [
        (flatten_keys(run.params, ""), run.value)
        for run in reader.runs(states=COMPARABLE_STATES)
        if run.value is not None and math.isfinite(run.value)
    ]
    with silence_optuna():
        found = importance(
            [params for params, _ in known],
            [value for _, value in known],
            maximize=metric.maximize,
        )
    frame: pd.DataFrame = pd.DataFrame(
        {
            "parameter": pd.array([each.name for each in found.parameters], dtype="string"),
            "importance": [each.importance for each in found.parameters],
            "correlation": [
                math.nan if each.correlation is None else each.correlation
                for each in found.parameters
            ],
        }
    ).astype({"importance": "float64", "correlation": "float64"})
    frame.attrs |= {
        "metric": metric.name,
        "runs": found.runs,
        "evaluator": found.evaluator,
        "warning": found.warning,
    }
    return frame
