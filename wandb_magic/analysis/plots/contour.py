"""Draws the objective over two parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from scipy.interpolate import griddata
from scipy.spatial import QhullError

from wandb_magic.analysis.mpl import Figure
from wandb_magic.analysis.plots.plot_data import Parameter, PlotData
from wandb_magic.analysis.plots.sampling import axis_value, sample, sample_note, scale
from wandb_magic.analysis.plots.style import figure, label, objective_colorscale, run_label
from wandb_magic.errors import SweepError
from wandb_magic.records import RunRecord

GRID = 60
LEAST = 4  # runs needed for a surface


def contour(plot_data: PlotData, x: str | None, y: str | None, key: str | None) -> Figure:
    """Draw the value over two parameters."""
    name, runs, values = sample(plot_data, key)
    x_parameter, y_parameter = _pair(plot_data, runs, x, y, key)
    indices = [
        i
        for i in range(len(runs))
        if x_parameter.values[i] is not None and y_parameter.values[i] is not None
    ]
    colorscale = objective_colorscale(values, maximize=plot_data.maximize(name))
    bar = {"title": {"text": label(name, 20)}, "thickness": 12}
    plot = figure(
        f"{label(name)} by {label(x_parameter.name, 24)} and {label(y_parameter.name, 24)}",
        sample_note(plot_data, runs, name),
        x=label(x_parameter.name),
        y=label(y_parameter.name),
        xaxis=scale(x_parameter),
        yaxis=scale(y_parameter),
    )
    surface = _surface(x_parameter, y_parameter, indices, values)
    if surface is not None:
        plot.add_trace(_contour(surface, colorscale, bar))
    plot.add_trace(
        go.Scatter(
            x=[axis_value(x_parameter, i) for i in indices],
            y=[axis_value(y_parameter, i) for i in indices],
            text=[f"{run_label(runs[i])}: {values[i]:.5g}" for i in indices],
            mode="markers",
            marker={
                "color": [values[i] for i in indices],
                **colorscale,
                "size": 8,
                "line": {"color": "white", "width": 1},
                "showscale": surface is None,
                "colorbar": bar,
            },
            showlegend=False,
            hovertemplate="%{text}<extra></extra>",
        )
    )
    return plot


def _contour(
    surface: tuple[Any, Any, Any], colorscale: dict[str, Any], bar: dict[str, Any]
) -> go.Contour:
    grid_x, grid_y, z = surface
    low, high = colorscale["cmin"], colorscale["cmax"]
    return go.Contour(
        x=grid_x,
        y=grid_y,
        z=z,
        zmin=low,
        zmax=high,
        colorscale=colorscale["colorscale"],
        reversescale=colorscale["reversescale"],
        contours={"start": low, "end": high, "size": (high - low) / 14 or 1},
        line={"width": 0},
        colorbar=bar,
        opacity=0.85,
        hoverinfo="skip",
    )


def _surface(
    x_parameter: Parameter, y_parameter: Parameter, indices: Sequence[int], values: Sequence[float]
) -> tuple[Any, Any, Any] | None:
    """Return a grid of values interpolated between the runs; None if they span no area."""
    if not (x_parameter.numeric and y_parameter.numeric) or len(indices) < LEAST:
        return None
    x, y = (_even_positions(each, indices) for each in (x_parameter, y_parameter))
    z = np.array([values[points] for points in indices])
    lines = [np.linspace(places.min(), places.max(), GRID) for places in (x, y)]
    (x0, x1), (y0, y1) = ((places.min(), np.ptp(places)) for places in (x, y))
    if x1 == 0 or y1 == 0:
        return None
    mesh = np.meshgrid((lines[0] - x0) / x1, (lines[1] - y0) / y1)
    points = np.column_stack(((x - x0) / x1, (y - y0) / y1))
    try:
        grid = griddata(points, z, tuple(mesh), method="linear")
    except (QhullError, ValueError):  # all on one line
        return None
    shown = [
        10**line if each.log else line
        for line, each in zip(lines, (x_parameter, y_parameter), strict=True)
    ]
    return shown[0], shown[1], grid


def _even_positions(parameter: Parameter, indices: Sequence[int]) -> Any:  # noqa: ANN401 - an array
    values = np.array([float(parameter.values[i]) for i in indices])
    return np.log10(values) if parameter.log else values


def _pair(
    plot_data: PlotData, runs: Sequence[RunRecord], x: str | None, y: str | None, key: str | None
) -> tuple[Parameter, Parameter]:
    """Return the two parameters that are named, or those that matter most, numeric ones first."""
    pair = [name for name in (x, y) if name is not None]
    if len(pair) < 2:  # noqa: PLR2004 - a pair
        ranked = [weight.name for weight in plot_data.importances(key).parameters]
        numeric = {each.name: each.numeric for each in plot_data.parameters(runs)}
        names = [name for name in ranked if name in numeric]
        names += [name for name in numeric if name not in names]
        names.sort(key=lambda name: not numeric[name])
        rest = [name for name in names if name not in pair]
        pair = [x or rest.pop(0) if x or rest else "", y or rest.pop(0) if y or rest else ""]
    if "" in pair:
        raise SweepError("a contour needs two parameters that vary: the sweep has too few")
    first, second = plot_data.parameters(runs, pair)
    return first, second
