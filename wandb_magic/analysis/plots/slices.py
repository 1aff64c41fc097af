"""A metric over each parameter separately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from wandb_magic.analysis.plots.axis import Axis
from wandb_magic.analysis.plots.chart import Chart
from wandb_magic.analysis.plots.color_scale import ColorScale
from wandb_magic.analysis.plots.plot_data import PlotData
from wandb_magic.analysis.plots.sampling import sample, sample_note
from wandb_magic.analysis.plots.style import flat, plotly_figure, run_label, tooltip_texts
from wandb_magic.errors import SweepStateError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
MOST_SLICES = 6
GAP = 0.02
TITLES = 60  # characters that the titles of all parts share
LONGEST_NAME = 12
LETTERS = 110  # that a picture has room for beside each other


@dataclass(frozen=True)
class Slice:
    """One parameter: a point for each run that has it.

    Attributes
    ----------
    axis
        The axis of the parameter.
    x, y
        The parameter and the metric of each run.
    numbers
        The number of each run, which is its colour.
    tooltips
        A text for each run.
    """

    axis: Axis
    x: Floats
    y: Floats
    numbers: Floats
    tooltips: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SliceChart(Chart):
    """All slices, which share the axis of the metric."""

    y: Axis
    slices: tuple[Slice, ...]
    colors: ColorScale

    def draw_plotly(self) -> go.Figure:
        """Return the interactive drawing."""
        traces, layout = [], dict[str, Any]()
        part = 1 / len(self.slices)
        for index, each in enumerate(self.slices):
            suffix = f"{index + 1}" if index else ""
            traces.append(
                go.Scatter(
                    x=each.x.tolist(),
                    y=each.y.tolist(),
                    text=tooltip_texts(each.tooltips),
                    mode="markers",
                    marker={
                        "color": each.numbers.astype(int).tolist(),
                        **self.colors.marker(),
                        "size": 6,
                        "showscale": index == len(self.slices) - 1,
                        "colorbar": self.colors.bar(),
                    },
                    showlegend=False,
                    xaxis=f"x{suffix}",
                    hovertemplate="%{text}: %{y:.5g}<extra></extra>",
                )
            )
            domain = [index * part + GAP * (index > 0), (index + 1) * part - GAP]
            layout[f"xaxis{suffix}"] = {**each.axis.layout(), "domain": domain}
        return plotly_figure(self, traces, yaxis=self.y.layout(), **layout)

    def draw_matplotlib(self, figure: Figure) -> None:
        """Draw the same as a picture."""
        parts = figure.subplots(1, len(self.slices), sharey=True, squeeze=False)[0]
        shades = self.colors.mappable()
        for axes, each in zip(parts, self.slices, strict=True):
            colors: dict[str, Any] = {
                "c": each.numbers,
                "norm": shades.norm,
                "cmap": shades.get_cmap(),
            }
            axes.scatter(each.x, each.y, s=20, linewidths=0, **colors)
            axes.margins(x=0.08)
            each.axis.apply(axes, "x", ticks=max(3, 12 // len(self.slices)))
            names = [len(name.get_text()) for name in axes.get_xticklabels()]
            if each.axis.categories and max(names) * len(names) > LETTERS // len(self.slices):
                axes.tick_params("x", rotation=90)
        self.y.apply(parts[0], "y")
        self.colors.draw_bar(figure, parts)


def slices(plot_data: PlotData, names: Sequence[str], key: str | None) -> Chart:
    """Return the chart of the metric over each parameter."""
    name, runs, values = sample(plot_data, key)
    parameters = plot_data.parameters(runs, names)
    if not parameters:
        raise SweepStateError("no parameter of the sweep varies yet")
    if not names:
        rank = [weight.name for weight in plot_data.importances(key).parameters]
        places = {each: index for index, each in enumerate(rank)}
        parameters.sort(key=lambda each: places.get(each.name, len(places)))
        parameters = parameters[:MOST_SLICES]
    numbers = np.array([float(run.number) for run in runs])
    parts = []
    for parameter in parameters:
        x = parameter.positions
        indices = np.flatnonzero(np.isfinite(x))
        texts = [f"{run_label(runs[i])}\n{_value(parameter.values[i])}" for i in indices]
        axis = parameter.axis(LONGEST_NAME, TITLES // len(parameters))
        y = np.array(values)[indices]
        parts.append(Slice(axis, x[indices], y, numbers[indices], tuple(texts)))
    return SliceChart(
        title=f"{flat(name)} by each parameter",
        note=sample_note(plot_data, runs, name),
        y=Axis(flat(name)),
        slices=tuple(parts),
        colors=ColorScale("run", min(numbers), max(numbers), reverse=True, whole=True),
    )


def _value(value: object) -> str:
    return f"{value:.5g}" if isinstance(value, float) else flat(value)
