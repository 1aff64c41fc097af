"""Ranks runs by the objective."""

from __future__ import annotations

from collections.abc import Iterable

from wandb_magic.nonfinite import finite_or_none
from wandb_magic.records import (
    Metric,
    RunRecord,
    SweepRecord,
    sweep_constraints,
    sweep_metric,
    sweep_metrics,
)
from wandb_magic.search.objective import defined_values, summary_kind
from wandb_magic.store import StoreReader


def best_runs(reader: StoreReader, sweep: SweepRecord, count: int) -> list[RunRecord]:
    """Return the best runs by the objective, best first.

    Runs without a value are left out, and so are those that break a constraint. With several
    objectives, no run is the best.
    """
    metrics = sweep_metrics(sweep)
    if len(metrics) != 1:
        return []
    if sweep_constraints(sweep):
        from wandb_magic.analysis.pareto import Objectives, first_feasible  # noqa: PLC0415 - imports numpy

        runs = reader.runs(order="value", descending=metrics[0].maximize)
        valued = [run for run in runs if run.value is not None]
        return first_feasible(valued, Objectives.of(sweep), reader, count)
    runs = reader.runs(order="value", descending=metrics[0].maximize, limit=count)
    return [run for run in runs if run.value is not None]


def ranking_metric(sweep: SweepRecord) -> Metric | None:
    """Return the objective if its value alone ranks the runs: no other one, and no constraint."""
    alone = len(sweep_metrics(sweep)) == 1 and not sweep_constraints(sweep)
    return sweep_metric(sweep) if alone else None


def objective_kind(reader: StoreReader, metric: Metric | None, run: RunRecord | None) -> str:
    """Return which of a run's values is its objective, as `search.objective.summary_kind` does.

    `run` may be any run of the sweep: the same code defines the metric in all of them.
    """
    if metric is None or metric.summary is not None or run is None:
        return "best" if metric is None or metric.summary is None else metric.summary
    summary = reader.summaries([run.id]).get(run.id, {})
    return summary_kind(metric, defined_values(summary, metric.name))


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
