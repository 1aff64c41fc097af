"""The objective over two parameters at a time."""

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
LEAST = 4  # runs of which there is a surface


def contour(plot_data: PlotData, x: str | None, y: str | None, key: str | None) -> Figure:
    """Draw the value over two parameters."""
    name, runs, values = sample(plot_data, key)
    across, up = _pair(plot_data, runs, x, y, key)
    known = [
        at
        for at in range(len(runs))
        if across.values[at] is not None and up.values[at] is not None
    ]
    shades = objective_colorscale(values, maximize=plot_data.maximize(name))
    bar = {"title": {"text": label(name, 20)}, "thickness": 12}
    drawn = figure(
        f"{label(name)} by {label(across.name, 24)} and {label(up.name, 24)}",
        sample_note(plot_data, runs, name),
        x=label(across.name),
        y=label(up.name),
        xaxis=scale(across),
        yaxis=scale(up),
    )
    surface = _surface(across, up, known, values)
    if surface is not None:
        drawn.add_trace(_contour(surface, shades, bar))
    drawn.add_trace(
        go.Scatter(
            x=[axis_value(across, at) for at in known],
            y=[axis_value(up, at) for at in known],
            text=[f"{run_label(runs[at])}: {values[at]:.5g}" for at in known],
            mode="markers",
            marker={
                "color": [values[at] for at in known],
                **shades,
                "size": 8,
                "line": {"color": "white", "width": 1},
                "showscale": surface is None,
                "colorbar": bar,
            },
            showlegend=False,
            hovertemplate="%{text}<extra></extra>",
        )
    )
    return drawn


def _contour(
    surface: tuple[Any, Any, Any], shades: dict[str, Any], bar: dict[str, Any]
) -> go.Contour:
    grid_x, grid_y, z = surface
    low, high = shades["cmin"], shades["cmax"]
    return go.Contour(
        x=grid_x,
        y=grid_y,
        z=z,
        zmin=low,
        zmax=high,
        colorscale=shades["colorscale"],
        reversescale=shades["reversescale"],
        contours={"start": low, "end": high, "size": (high - low) / 14 or 1},
        line={"width": 0},
        colorbar=bar,
        opacity=0.85,
        hoverinfo="skip",
    )


def _surface(
    across: Parameter, up: Parameter, known: Sequence[int], values: Sequence[float]
) -> tuple[Any, Any, Any] | None:
    """Return a grid of values between those of the runs; None if there is no area."""
    if not (across.numeric and up.numeric) or len(known) < LEAST:
        return None
    x, y = (_even_positions(each, known) for each in (across, up))
    z = np.array([values[at] for at in known])
    lines = [np.linspace(places.min(), places.max(), GRID) for places in (x, y)]
    (x0, x1), (y0, y1) = ((places.min(), np.ptp(places)) for places in (x, y))
    if x1 == 0 or y1 == 0:
        return None
    mesh = np.meshgrid((lines[0] - x0) / x1, (lines[1] - y0) / y1)
    at = np.column_stack(((x - x0) / x1, (y - y0) / y1))
    try:
        grid = griddata(at, z, tuple(mesh), method="linear")
    except (QhullError, ValueError):  # all on one line
        return None
    shown = [
        10**line if each.log else line for line, each in zip(lines, (across, up), strict=True)
    ]
    return shown[0], shown[1], grid


def _even_positions(parameter: Parameter, known: Sequence[int]) -> Any:  # noqa: ANN401 - an array
    places = np.array([float(parameter.values[at]) for at in known])
    return np.log10(places) if parameter.log else places


def _pair(
    plot_data: PlotData, runs: Sequence[RunRecord], x: str | None, y: str | None, key: str | None
) -> tuple[Parameter, Parameter]:
    """Return the two parameters that are named, or those that matter most, numbers first."""
    chosen = [name for name in (x, y) if name is not None]
    if len(chosen) < 2:  # noqa: PLR2004 - a pair
        ranked = [weight.name for weight in plot_data.importances(key).parameters]
        numeric = {each.name: each.numeric for each in plot_data.parameters(runs)}
        names = [name for name in ranked if name in numeric]
        names += [name for name in numeric if name not in names]
        names.sort(key=lambda name: not numeric[name])
        rest = [name for name in names if name not in chosen]
        chosen = [x or rest.pop(0) if x or rest else "", y or rest.pop(0) if y or rest else ""]
    if "" in chosen:
        raise SweepError("a contour needs two parameters that vary: the sweep has too few")
    first, second = plot_data.parameters(runs, chosen)
    return first, second
