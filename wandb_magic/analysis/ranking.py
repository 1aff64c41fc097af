"""Ranks runs by the objective."""

from __future__ import annotations

from collections.abc import Iterable

from wandb_magic.nonfinite import finite_or_none
from wandb_magic.records import Metric, RunRecord
from wandb_magic.store import StoreReader


def best_runs(reader: StoreReader, metric: Metric | None, count: int) -> list[RunRecord]:
    """Return the best runs by the objective, best first; runs without a value are left out."""
    if metric is None:
        return []
    runs = reader.runs(order="value", descending=metric.maximize, limit=count)
    return [run for run in runs if run.value is not None]


def best_so_far(values: Iterable[float | None], *, maximize: bool) -> list[float | None]:
    """Return the best value up to each of them; None until there is a finite one."""
    choose = max if maximize else min
    bests: list[float | None] = []
    best: float | None = None
    for value in map(finite_or_none, values):
        if value is not None:
            best = value if best is None else choose(best, value)
        bests.append(best)
    return bests


def improvement_curve(values: Iterable[float | None], metric: Metric | None) -> list[float]:
    """Return the best value after each run that has one: what a small curve of a sweep shows."""
    if metric is None:
        return []
    present = (value for value in values if value is not None)
    bests = best_so_far(present, maximize=metric.maximize)
    return [best for best in bests if best is not None]
