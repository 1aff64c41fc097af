"""The best value so far: of one sweep, or of several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from wandb_magic.analysis._downsample import downsample
from wandb_magic.analysis.hypervolume import hypervolumes
from wandb_magic.analysis.pareto import front_history
from wandb_magic.analysis.plots.axis import Axis
from wandb_magic.analysis.plots.chart import Chart
from wandb_magic.analysis.plots.line_chart import LineChart, Series
from wandb_magic.analysis.plots.plot_data import PlotData
from wandb_magic.analysis.plots.style import GREY, PALETTE, STRONG, flat, raw, run_label
from wandb_magic.analysis.plots.timeline import unit
from wandb_magic.analysis.ranking import best_so_far
from wandb_magic.errors import SweepError
from wandb_magic.records import RunRecord

MOST = 2000  # points in one plot
LONGEST_NAME = 30


@dataclass(frozen=True)
class OptimizationHistory:
    """The runs of a sweep in order, with their values, their positions, and the best so far."""

    name: str
    runs: list[RunRecord]
    values: list[float]
    places: list[float]
    best: list[float]


def progress(plot_data: PlotData, by: str) -> Chart:
    """Return the chart of each run's objective, and the best so far.

    Of several objectives, it is the chart of the hypervolume.
    """
    if plot_data.objectives.are_several:
        return _hypervolume(plot_data, by)
    key, scale, word = _axis([plot_data], by)
    history = _progress(plot_data, by, scale)
    return LineChart(
        title=f"Best {flat(key)} so far",
        note=_note(history),
        x=Axis(word, whole=by == "run"),
        y=Axis(flat(key)),
        series=(
            _each(history, GREY, "each run", MOST, size=6, alpha=STRONG),
            _best(history, PALETTE[0], "best so far"),
        ),
    )


def compare(sweeps: Sequence[PlotData], by: str) -> Chart:
    """Return the chart of the best so far of several sweeps, over their own runs or time."""
    if several := [each.sweep.name for each in sweeps if each.objectives.are_several]:
        raise SweepError(f"{several[0]} has several objectives, and no best value to compare")
    goals = {(each.key(None), each.maximize(each.key(None))) for each in sweeps}
    if len({maximize for _, maximize in goals}) > 1:
        raise SweepError("one of the sweeps minimizes and another maximizes: they have no best")
    _, scale, word = _axis(sweeps, by)
    metrics = " / ".join(dict.fromkeys(flat(name) for name, _ in sorted(goals)))
    names = [raw(each.sweep.name, LONGEST_NAME) for each in sweeps]
    series: list[Series] = []
    for index, plot_data in enumerate(sweeps):
        history = _progress(plot_data, by, scale)
        name = names[index]
        if names.count(name) > 1:
            name = f"{name} ({plot_data.sweep.id})"
        color = PALETTE[index % len(PALETTE)]
        points = _each(history, color, name, MOST // len(sweeps), size=5, alpha=0.4)
        texts = tuple(f"{name}, {text}" for text in points.tooltips)
        series.append(replace(points, in_legend=False, tooltips=texts))
        series.append(_best(history, color, f"{name}: {history.best[-1]:.5g}"))
    return LineChart(
        title=f"Best {metrics} so far",
        x=Axis(word, whole=by == "run"),
        y=Axis(metrics),
        series=tuple(series),
    )


def _hypervolume(plot_data: PlotData, by: str) -> Chart:
    """Return the chart of the volume between the front and the worst values, after each run."""
    _, scale, word = _axis([plot_data], by)
    history = front_history(plot_data.reader)
    if not history.runs:
        raise SweepError(f"no run of sweep {plot_data.sweep.name} could be on a front yet")
    ended = [run.ended or run.created for run in history.runs]
    order = sorted(range(len(ended)), key=lambda at: ended[at])
    volumes = hypervolumes(history.points[order], history.reference(None))
    places = (
        [(ended[at] - plot_data.began) / scale for at in order]
        if by == "time"
        else [float(place) for place in range(1, len(order) + 1)]
    )
    kept = downsample(range(len(order)), MOST)
    line = Series(
        "hypervolume",
        PALETTE[0],
        np.array([places[at] for at in kept]),
        np.array([volumes[at] for at in kept]),
        style="steps",
        size=2.5,
        tooltips=tuple(run_label(history.runs[order[at]]) for at in kept),
    )
    return LineChart(
        title=f"Hypervolume of {history.objectives.names}",
        note=f"{len(history.front())} on the front",
        x=Axis(word if by == "time" else "runs that count", whole=by == "run"),
        y=Axis("hypervolume"),
        series=(line,),
    )


def _each(
    history: OptimizationHistory, color: str, name: str, most: int, *, size: float, alpha: float
) -> Series:
    """Return a point for each run, at most so many."""
    indices = downsample(range(len(history.runs)), most)
    return Series(
        name,
        color,
        np.array([history.places[at] for at in indices]),
        np.array([history.values[at] for at in indices]),
        style="points",
        size=size,
        alpha=alpha,
        tooltips=tuple(run_label(history.runs[at]) for at in indices),
    )


def _best(history: OptimizationHistory, color: str, name: str) -> Series:
    """Return the line of the best value so far: the points where it changes, and its end."""
    changes = [
        at
        for at, value in enumerate(history.best)
        if at in (0, len(history.best) - 1) or value != history.best[at - 1]
    ]
    return Series(
        name,
        color,
        np.array([history.places[at] for at in changes]),
        np.array([history.best[at] for at in changes]),
        style="steps",
        size=2.5,
        tooltips=tuple(run_label(history.runs[at]) for at in changes),
    )


def _progress(plot_data: PlotData, by: str, scale: float) -> OptimizationHistory:
    _, runs, values = plot_data.runs_with_value(None)
    pairs = [pair for pair in zip(runs, values, strict=True) if plot_data.is_feasible(pair[0])]
    if by == "time":
        pairs = [pair for pair in pairs if pair[0].ended is not None]
        pairs.sort(key=lambda pair: pair[0].ended or 0.0)
        places = [((run.ended or 0.0) - plot_data.began) / scale for run, _ in pairs]
    else:
        places = [float(run.number) for run, _ in pairs]
    if not pairs:
        raise SweepError(f"no run of sweep {plot_data.sweep.name} has ended yet")
    values = [value for _, value in pairs]  # finite ones
    best = best_so_far(values, maximize=plot_data.maximize(plot_data.key(None)))
    return OptimizationHistory(
        plot_data.sweep.name,
        [run for run, _ in pairs],
        values,
        places,
        [value for value in best if value is not None],
    )


def _axis(sweeps: Sequence[PlotData], by: str) -> tuple[str, float, str]:
    if by not in ("run", "time"):
        raise SweepError(f"by must be 'run' or 'time', and is {by!r}")
    key = sweeps[0].key(None)
    if by == "run":
        return key, 1.0, "run"
    spans = [
        max((run.ended or each.began for run in each.runs), default=each.began) - each.began
        for each in sweeps
    ]
    scale, word = unit(max(spans))
    return key, scale, f"{word} since the sweep's start"


def _note(history: OptimizationHistory) -> str:
    index = history.best.index(history.best[-1])
    return f"{history.best[-1]:.5g}, by {run_label(history.runs[index])}"
