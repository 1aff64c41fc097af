"""How the objective depends on the parameters."""

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
    # The best are drawn last, and so on top.
    order = sorted(
        range(len(runs)), key=lambda at: values[at], reverse=not plot_data.maximize(name)
    )
    ordered = [values[at] for at in order]
    shades = objective_colorscale(ordered, maximize=plot_data.maximize(name))
    drawn = figure(f"{label(name)} by parameters", sample_note(plot_data, runs, name))
    low, high = min(ordered), max(ordered)
    longest = max(8, 90 // (len(parameters) + 1))
    drawn.add_trace(
        go.Parcoords(
            line={"color": ordered, "showscale": True, **shades},
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
    drawn.update_layout(margin={"l": 60, "r": 40, "t": 125, "b": 30})
    return drawn


def slices(plot_data: PlotData, names: Sequence[str], key: str | None) -> Figure:
    """Draw the value over each parameter by itself."""
    name, runs, values = sample(plot_data, key)
    parameters = plot_data.parameters(runs, names)
    if not parameters:
        raise SweepStateError("no parameter of the sweep varies yet")
    if not names:
        rank = [weight.name for weight in plot_data.importances(key).parameters]
        places = {each: place for place, each in enumerate(rank)}
        parameters.sort(key=lambda each: places.get(each.name, len(places)))
        parameters = parameters[:MOST_SLICES]
    drawn = figure(
        f"{label(name)} by each parameter", sample_note(plot_data, runs, name), y=label(name)
    )
    numbers = [run.number for run in runs]
    for place, parameter in enumerate(parameters):
        known = [at for at, value in enumerate(parameter.values) if value is not None]
        drawn.add_trace(
            go.Scatter(
                x=[axis_value(parameter, at, 12) for at in known],
                y=[values[at] for at in known],
                text=[run_label(runs[at]) for at in known],
                mode="markers",
                marker={
                    "color": [numbers[at] for at in known],
                    "colorscale": "Viridis",
                    "reversescale": True,
                    "size": 6,
                    "showscale": place == len(parameters) - 1,
                    "colorbar": {"title": {"text": "run"}, "thickness": 12},
                },
                showlegend=False,
                xaxis=f"x{place + 1}" if place else "x",
                hovertemplate="%{text}<br>%{x}: %{y:.5g}<extra></extra>",
            )
        )
        title, part = label(parameter.name, 60 // len(parameters)), 1 / len(parameters)
        domain = [place * part + GAP * (place > 0), (place + 1) * part - GAP]
        axis = f"xaxis{place + 1 if place else ''}"
        drawn.update_layout({axis: {"title": title, "domain": domain, **scale(parameter)}})
    return drawn


def importances(plot_data: PlotData, key: str | None) -> Figure:
    """Draw how much each parameter matters."""
    found = plot_data.importances(key)
    name = label(plot_data.key(key))
    if not found.parameters:
        raise SweepStateError(
            f"the importance for {plot_data.key(key)!r} needs runs that differ in parameters and "
            f"value, and there are {found.runs} runs: let more of them end"
        )
    most = list(reversed(found.parameters[:MOST_BARS]))
    note = f"{found.evaluator}; r: rank correlation; {found.warning or f'{found.runs} runs'}"
    drawn = figure(f"Importance for {name}", note, x="share of the importance")
    drawn.add_trace(
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
    drawn.update_yaxes(type="category", showgrid=False)
    drawn.update_xaxes(range=[0, 1.25 * longest if longest > 0 else 1])
    return drawn


def _dimension(parameter: Parameter, order: Sequence[int], longest: int) -> dict[str, Any]:
    title = label(parameter.name, longest)
    held = [parameter.values[at] for at in order]
    if not parameter.numeric:
        names = sorted({value for value in held if value is not None})
        places = {value: place for place, value in enumerate(names)}
        missing = None in held
        texts = [raw(each, 16) for each in names] + (["none"] if missing else [])
        return {
            "label": title,
            "values": [places.get(value, len(names)) for value in held],
            "tickvals": list(range(len(texts))),
            "ticktext": texts,
            "range": [-0.2, max(len(texts) - 0.8, 0.2)],
        }
    given = [float(value) for value in held if value is not None]
    numbers = np.array([np.nan if value is None else float(value) for value in held])
    low, high = min(given), max(given)
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
