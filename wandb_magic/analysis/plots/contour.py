"""A metric over two parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from scipy.interpolate import griddata
from scipy.spatial import QhullError

from wandb_magic.analysis.plots.axis import Axis
from wandb_magic.analysis.plots.chart import Chart
from wandb_magic.analysis.plots.color_scale import ColorScale
from wandb_magic.analysis.plots.plot_data import Parameter, PlotData
from wandb_magic.analysis.plots.sampling import sample, sample_note
from wandb_magic.analysis.plots.style import flat, plotly_figure, run_label, tooltip_texts
from wandb_magic.errors import SweepError
from wandb_magic.records import RunRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
GRID = 60
LEAST = 4  # runs needed for a surface
LEVELS = 14


@dataclass(frozen=True)
class Surface:
    """Values between the runs, on a grid; NaN where there are no runs around.

    Attributes
    ----------
    x, y
        The grid's lines, of shapes (columns,) and (rows,).
    z
        The values, of shape (rows, columns).
    """

    x: Floats
    y: Floats
    z: Floats


@dataclass(frozen=True, kw_only=True)
class ContourChart(Chart):
    """A point for each run, and the surface between them."""

    x_axis: Axis
    y_axis: Axis
    x: Floats
    y: Floats
    values: Floats
    tooltips: tuple[str, ...]
    colors: ColorScale
    surface: Surface | None

    def draw_plotly(self) -> go.Figure:
        """Return the interactive drawing."""
        points = go.Scatter(
            x=self.x.tolist(),
            y=self.y.tolist(),
            text=tooltip_texts(self.tooltips),
            mode="markers",
            marker={
                "color": self.values.tolist(),
                **self.colors.marker(),
                "size": 8,
                "line": {"color": "white", "width": 1},
                "showscale": self.surface is None,
                "colorbar": self.colors.bar(),
            },
            showlegend=False,
            hovertemplate="%{text}<extra></extra>",
        )
        traces = [points] if self.surface is None else [self._contour(self.surface), points]
        return plotly_figure(self, traces, xaxis=self.x_axis.layout(), yaxis=self.y_axis.layout())

    def _contour(self, surface: Surface) -> go.Contour:
        low, high = self.colors.low, self.colors.high
        scale = self.colors.marker()
        return go.Contour(
            x=surface.x.tolist(),
            y=surface.y.tolist(),
            z=surface.z.tolist(),
            zmin=low,
            zmax=high,
            colorscale=scale["colorscale"],
            reversescale=scale["reversescale"],
            contours={"start": low, "end": high, "size": (high - low) / LEVELS or 1},
            line={"width": 0},
            colorbar=self.colors.bar(),
            opacity=0.85,
            hoverinfo="skip",
        )

    def draw_matplotlib(self, figure: Figure) -> None:
        """Draw the same as a picture."""
        axes = figure.subplots()
        shades = self.colors.mappable()
        scale: dict[str, Any] = {"norm": shades.norm, "cmap": shades.get_cmap()}
        levels = np.unique(np.linspace(*shades.get_clim(), LEVELS + 1))
        if self.surface is not None and len(levels) > 1:
            z = np.ma.masked_invalid(self.surface.z)
            axes.contourf(self.surface.x, self.surface.y, z, levels, extend="both", **scale)
            axes.use_sticky_edges = False  # points at the edge are seen as a whole
        axes.scatter(self.x, self.y, s=40, c=self.values, edgecolors="white", zorder=3, **scale)
        self.x_axis.apply(axes, "x")
        self.y_axis.apply(axes, "y")
        self.colors.draw_bar(figure, [axes])


def contour(plot_data: PlotData, x: str | None, y: str | None, key: str | None) -> Chart:
    """Return the chart of the metric over two parameters."""
    name, runs, values = sample(plot_data, key)
    x_parameter, y_parameter = _pair(plot_data, runs, x, y, key)
    xs, ys = x_parameter.positions, y_parameter.positions
    indices = np.flatnonzero(np.isfinite(xs) & np.isfinite(ys))
    numbers = np.array(values)[indices]
    title = f"{flat(name)} by {flat(x_parameter.name)} and {flat(y_parameter.name)}"
    return ContourChart(
        title=title,
        note=sample_note(plot_data, runs, name),
        x_axis=x_parameter.axis(),
        y_axis=y_parameter.axis(),
        x=xs[indices],
        y=ys[indices],
        values=numbers,
        tooltips=tuple(f"{run_label(runs[i])}: {values[i]:.5g}" for i in indices),
        colors=ColorScale.of_objective(flat(name), values, maximize=plot_data.maximize(name)),
        surface=_surface(x_parameter, y_parameter, indices, numbers),
    )


def _surface(
    x_parameter: Parameter, y_parameter: Parameter, indices: NDArray[np.intp], values: Floats
) -> Surface | None:
    """Interpolate between the runs; return None if they span no area."""
    if not (x_parameter.numeric and y_parameter.numeric) or len(indices) < LEAST:
        return None
    x, y = (_even_positions(each, indices) for each in (x_parameter, y_parameter))
    lines = [np.linspace(places.min(), places.max(), GRID) for places in (x, y)]
    (x0, x1), (y0, y1) = ((places.min(), np.ptp(places)) for places in (x, y))
    if x1 == 0 or y1 == 0:
        return None
    mesh = np.meshgrid((lines[0] - x0) / x1, (lines[1] - y0) / y1)
    points = np.column_stack(((x - x0) / x1, (y - y0) / y1))
    try:
        grid = griddata(points, values, tuple(mesh), method="linear")
    except (QhullError, ValueError):  # all on one line
        return None
    if not np.isfinite(grid).any():
        return None
    shown = [
        10**line if each.log else line
        for line, each in zip(lines, (x_parameter, y_parameter), strict=True)
    ]
    return Surface(shown[0], shown[1], grid)


def _even_positions(parameter: Parameter, indices: NDArray[np.intp]) -> Floats:
    values = parameter.positions[indices]
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
