"""Ranks runs by the objective."""

from __future__ import annotations

from wandb_magic.records import Metric, RunRecord
from wandb_magic.store import StoreReader


def best_runs(reader: StoreReader, metric: Metric | None, count: int) -> list[RunRecord]:
    """Return the best runs by the objective, best first; runs without a value are left out."""
    if metric is None:
        return []
    runs = reader.runs(order="value", descending=metric.maximize, limit=count)
    return [run for run in runs if run.value is not None]
