"""Draws the best value so far: of one sweep, or of several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from wandb_magic.analysis.mpl import Figure
from wandb_magic.analysis.plots.plot_data import PlotData, downsample
from wandb_magic.analysis.plots.style import GREY, PALETTE, figure, label, run_label
from wandb_magic.analysis.plots.timeline import unit
from wandb_magic.errors import SweepError
from wandb_magic.records import RunRecord

MOST = 2000  # points in one plot


@dataclass(frozen=True)
class OptimizationHistory:
    """The runs of a sweep in order, with their values, their positions, and the best so far."""

    name: str
    runs: list[RunRecord]
    values: list[float]
    places: list[float]
    best: list[float]


def progress(plot_data: PlotData, by: str) -> Figure:
    """Draw each run's objective, and the best so far."""
    key, scale, word = _axis([plot_data], by)
    history = _progress(plot_data, by, scale)
    plot = figure(f"Best {label(key)} so far", _note(history), x=word, y=label(key))
    indices = downsample(range(len(history.runs)), MOST)
    plot.add_trace(
        go.Scatter(
            x=[history.places[place] for place in indices],
            y=[history.values[place] for place in indices],
            text=[run_label(history.runs[place]) for place in indices],
            mode="markers",
            marker={"color": GREY, "size": 6},
            name="each run",
            hovertemplate="%{text}: %{y:.5g}<extra></extra>",
        )
    )
    plot.add_trace(_best(history, PALETTE[0], "best so far"))
    return plot


def compare(sweeps: Sequence[PlotData], by: str) -> Figure:
    """Draw the best so far of several sweeps, over their own runs or time."""
    goals = {(each.key(None), each.maximize(each.key(None))) for each in sweeps}
    if len({maximize for _, maximize in goals}) > 1:
        raise SweepError("one of the sweeps minimizes and another maximizes: they have no best")
    _, scale, word = _axis(sweeps, by)
    names = " / ".join(dict.fromkeys(label(name) for name, _ in sorted(goals)))
    plot = figure(f"Best {names} so far", x=word, y=names)
    names_of_sweeps = [label(each.sweep.name, 30) for each in sweeps]
    for index, plot_data in enumerate(sweeps):
        history = _progress(plot_data, by, scale)
        name = names_of_sweeps[index]
        if names_of_sweeps.count(name) > 1:
            name = f"{name} ({plot_data.sweep.id})"
        colour = PALETTE[index % len(PALETTE)]
        indices = downsample(range(len(history.runs)), MOST // len(sweeps))
        plot.add_trace(
            go.Scatter(
                x=[history.places[at] for at in indices],
                y=[history.values[at] for at in indices],
                text=[run_label(history.runs[at]) for at in indices],
                mode="markers",
                marker={"color": colour, "size": 5, "opacity": 0.4},
                showlegend=False,
                name=name,
                hovertemplate="%{text}: %{y:.5g}<extra>%{fullData.name}</extra>",
            )
        )
        plot.add_trace(_best(history, colour, f"{name}: {history.best[-1]:.5g}"))
    return plot


def _best(history: OptimizationHistory, colour: str, name: str) -> go.Scatter:
    """Return the line of the best value so far: the points where it changes, and its end."""
    changes = [
        at
        for at, value in enumerate(history.best)
        if at in (0, len(history.best) - 1) or value != history.best[at - 1]
    ]
    return go.Scatter(
        x=[history.places[at] for at in changes],
        y=[history.best[at] for at in changes],
        text=[run_label(history.runs[at]) for at in changes],
        mode="lines",
        line={"shape": "hv", "width": 2.5, "color": colour},
        name=name,
        hovertemplate="%{text}: %{y:.5g}<extra></extra>",
    )


def _progress(plot_data: PlotData, by: str, scale: float) -> OptimizationHistory:
    _, runs, values = plot_data.runs_with_value(None)
    pairs = list(zip(runs, values, strict=True))
    if by == "time":
        pairs = [pair for pair in pairs if pair[0].ended is not None]
        pairs.sort(key=lambda pair: pair[0].ended or 0.0)
        places = [((run.ended or 0.0) - plot_data.began) / scale for run, _ in pairs]
    else:
        places = [float(run.number) for run, _ in pairs]
    if not pairs:
        raise SweepError(f"no run of sweep {plot_data.sweep.name} has ended yet")
    better = max if plot_data.maximize(plot_data.key(None)) else min
    best = [pairs[0][1]]
    for _, value in pairs[1:]:
        best.append(better(best[-1], value))
    return OptimizationHistory(
        plot_data.sweep.name,
        [run for run, _ in pairs],
        [value for _, value in pairs],
        places,
        best,
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
