"""Draws how the objective depends on the parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from wandb_magic.analysis.mpl import Figure
from wandb_magic.analysis.plots.plot_data import Parameter, PlotData
from wandb_magic.analysis.plots.sampling import axis_value, sample, sample_note, scale
from wandb_magic.analysis.plots.style import (
    PALETTE,
    figure,
    label,
    objective_colorscale,
    raw,
    run_label,
)
from wandb_magic.errors import SweepStateError

MOST_AXES = 10
MOST_SLICES = 6
MOST_BARS = 20
GAP = 0.02


def parallel(plot_data: PlotData, names: Sequence[str], key: str | None) -> Figure:
    """Draw each run as a line through its parameters, coloured by its value."""
    name, runs, values = sample(plot_data, key)
    parameters = plot_data.parameters(runs, names)[:MOST_AXES]
    # The best are drawn last, and are therefore on top.
    order = sorted(
        range(len(runs)), key=lambda at: values[at], reverse=not plot_data.maximize(name)
    )
    ordered = [values[at] for at in order]
    colorscale = objective_colorscale(ordered, maximize=plot_data.maximize(name))
    plot = figure(f"{label(name)} by parameters", sample_note(plot_data, runs, name))
    low, high = min(ordered), max(ordered)
    longest = max(8, 90 // (len(parameters) + 1))
    plot.add_trace(
        go.Parcoords(
            line={"color": ordered, "showscale": True, **colorscale},
            dimensions=[
                *(_dimension(each, order, longest) for each in parameters),
                {
                    "label": label(name, longest),
                    "values": ordered,
                    "range": [low, high if high > low else low + 1],
                },
            ],
            labelfont={"size": 12},
            tickfont={"size": 10},
        )
    )
    plot.update_layout(margin={"l": 60, "r": 40, "t": 125, "b": 30})
    return plot


def slices(plot_data: PlotData, names: Sequence[str], key: str | None) -> Figure:
    """Draw the value over each parameter separately."""
    name, runs, values = sample(plot_data, key)
    parameters = plot_data.parameters(runs, names)
    if not parameters:
        raise SweepStateError("no parameter of the sweep varies yet")
    if not names:
        rank = [weight.name for weight in plot_data.importances(key).parameters]
        places = {each: index for index, each in enumerate(rank)}
        parameters.sort(key=lambda each: places.get(each.name, len(places)))
        parameters = parameters[:MOST_SLICES]
    plot = figure(
        f"{label(name)} by each parameter", sample_note(plot_data, runs, name), y=label(name)
    )
    numbers = [run.number for run in runs]
    for index, parameter in enumerate(parameters):
        indices = [at for at, value in enumerate(parameter.values) if value is not None]
        plot.add_trace(
            go.Scatter(
                x=[axis_value(parameter, at, 12) for at in indices],
                y=[values[at] for at in indices],
                text=[run_label(runs[at]) for at in indices],
                mode="markers",
                marker={
                    "color": [numbers[at] for at in indices],
                    "colorscale": "Viridis",
                    "reversescale": True,
                    "size": 6,
                    "showscale": index == len(parameters) - 1,
                    "colorbar": {"title": {"text": "run"}, "thickness": 12},
                },
                showlegend=False,
                xaxis=f"x{index + 1}" if index else "x",
                hovertemplate="%{text}<br>%{x}: %{y:.5g}<extra></extra>",
            )
        )
        title, part = label(parameter.name, 60 // len(parameters)), 1 / len(parameters)
        domain = [index * part + GAP * (index > 0), (index + 1) * part - GAP]
        axis = f"xaxis{index + 1 if index else ''}"
        plot.update_layout({axis: {"title": title, "domain": domain, **scale(parameter)}})
    return plot


def importances(plot_data: PlotData, key: str | None) -> Figure:
    """Draw how much each parameter matters."""
    result = plot_data.importances(key)
    name = label(plot_data.key(key))
    if not result.parameters:
        raise SweepStateError(
            f"the importance for {plot_data.key(key)!r} needs runs that differ in parameters and "
            f"value, and there are {result.runs} runs: let more of them end"
        )
    most = list(reversed(result.parameters[:MOST_BARS]))
    note = f"{result.evaluator}; r: rank correlation; {result.warning or f'{result.runs} runs'}"
    plot = figure(f"Importance for {name}", note, x="share of the importance")
    plot.add_trace(
        go.Bar(
            orientation="h",
            y=[label(weight.name, 30) for weight in most],
            x=[weight.importance for weight in most],
            text=[_share_label(weight.importance, weight.correlation) for weight in most],
            textposition="outside",
            cliponaxis=False,
            marker={"color": PALETTE[0]},
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )
    longest = most[-1].importance
    plot.update_yaxes(type="category", showgrid=False)
    plot.update_xaxes(range=[0, 1.25 * longest if longest > 0 else 1])
    return plot


def _dimension(parameter: Parameter, order: Sequence[int], longest: int) -> dict[str, Any]:
    title = label(parameter.name, longest)
    values = [parameter.values[at] for at in order]
    if not parameter.numeric:
        names = sorted({value for value in values if value is not None})
        places = {value: place for place, value in enumerate(names)}
        missing = None in values
        texts = [raw(each, 16) for each in names] + (["none"] if missing else [])
        return {
            "label": title,
            "values": [places.get(value, len(names)) for value in values],
            "tickvals": list(range(len(texts))),
            "ticktext": texts,
            "range": [-0.2, max(len(texts) - 0.8, 0.2)],
        }
    present = [float(value) for value in values if value is not None]
    numbers = np.array([np.nan if value is None else float(value) for value in values])
    low, high = min(present), max(present)
    if parameter.log:
        first, last = np.log10(low), np.log10(high)
        marks = range(int(np.ceil(first)), int(np.floor(last)) + 1)
        ticks = [first, *(m for m in marks if first + 0.2 < m < last - 0.2), last]
        return {
            "label": title,
            "values": np.log10(numbers),
            "range": [first, last if last > first else first + 1],
            "tickvals": ticks,
            "ticktext": [f"{10**tick:.3g}" for tick in ticks],
        }
    return {"label": title, "values": numbers, "range": [low, high if high > low else low + 1]}


def _share_label(share: float, correlation: float | None) -> str:
    if correlation is None or math.isnan(correlation):
        return f"{share:.2f}"
    return f"{share:.2f} (r {correlation:+.2f})"
