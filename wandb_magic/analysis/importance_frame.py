"""The importance of a sweep's parameters as a frame; `importance` does the computation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from wandb_magic.analysis.comparable_runs import comparable_runs
from wandb_magic.analysis.importance import BETTER, DEFAULT, importance
from wandb_magic.analysis.study import silence_optuna
from wandb_magic.errors import SweepStateError
from wandb_magic.records import sweep_metric
from wandb_magic.store import StoreReader

if TYPE_CHECKING:
    import pandas as pd


def importance_frame(
    reader: StoreReader, evaluator: str = DEFAULT, quantile: float = BETTER
) -> pd.DataFrame:
    """Return one row per parameter; see `Sweep.importance`.

    Raises
    ------
    SweepStateError
        If the sweep has no metric.
    SpecError
        If there is no such evaluator, or the quantile is not between 0 and 1.
    """
    import pandas as pd  # noqa: PLC0415 - a second to import

    sweep = reader.sweep()
    metric = sweep_metric(sweep)
    if metric is None:
        raise SweepStateError(f"sweep {sweep.id} has no metric for which a parameter could matter")
    params, values = comparable_runs(reader, metric.name)
    with silence_optuna():
        importances = importance(
            params, values, maximize=metric.maximize, evaluator=evaluator, quantile=quantile
        )
    frame: pd.DataFrame = pd.DataFrame(
        {
            "parameter": pd.array([each.name for each in importances.parameters], dtype="string"),
            "importance": [each.importance for each in importances.parameters],
            "uncertainty": [each.uncertainty for each in importances.parameters],
            "correlation": [
                math.nan if each.correlation is None else each.correlation
                for each in importances.parameters
            ],
        }
    ).astype(dict.fromkeys(("importance", "uncertainty", "correlation"), "float64"))
    frame.attrs |= {
        "metric": metric.name,
        "runs": importances.runs,
        "evaluator": importances.evaluator,
        "quantile": importances.quantile,
        "warning": importances.warning,
    }
    return frame
