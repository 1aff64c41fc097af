"""Ranks runs by the objective."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wandb_magic.analysis.repeats import RepeatedSet, has_repeats, ranked_sets, repeated_sets
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
    objectives, no run is the best. Of repeats, the mean counts: see `best_sets`.
    """
    metrics = sweep_metrics(sweep)
    if len(metrics) != 1:
        return []
    if has_repeats(sweep):
        return [each.run for each in best_sets(reader, sweep, count)]
    if sweep_constraints(sweep):
        from wandb_magic.analysis.pareto import Objectives, first_feasible  # noqa: PLC0415 - imports numpy

        runs = reader.runs(order="value", descending=metrics[0].maximize)
        valued = [run for run in runs if run.value is not None]
        return first_feasible(valued, Objectives.of(sweep), reader, count)
    runs = reader.runs(order="value", descending=metrics[0].maximize, limit=count)
    return [run for run in runs if run.value is not None]


def best_sets(reader: StoreReader, sweep: SweepRecord, count: int) -> list[RepeatedSet]:
    """Return the best sets of parameters of a sweep with repeats, by the mean, best first.

    A set of which a run breaks a constraint is left out.
    """
    metrics = sweep_metrics(sweep)
    if len(metrics) != 1:
        return []
    runs = reader.runs()
    if sweep_constraints(sweep):
        from wandb_magic.analysis.pareto import Objectives, first_feasible  # noqa: PLC0415 - imports numpy

        valued = [run for run in runs if run.value is not None]
        feasible = first_feasible(valued, Objectives.of(sweep), reader, max(1, len(valued)))
        kept = {run.id for run in feasible}
        broken = {run.repeat_group for run in valued if run.id not in kept}
        runs = [run for run in runs if run.repeat_group not in broken]
    return ranked_sets(runs, sweep.options.repeat, maximize=metrics[0].maximize)[:count]


def curve_values(runs: Sequence[RunRecord], sweep: SweepRecord) -> list[float | None]:
    """Return the values that an `improvement_curve` is of: of repeats, the means."""
    if has_repeats(sweep):
        return [each.run.value for each in repeated_sets(runs, sweep.options.repeat)]
    return [run.value for run in runs]


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
