"""Parallel coordinates: a line for each run through an axis for each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from wandb_magic.analysis.plots.chart import Chart
from wandb_magic.analysis.plots.color_scale import ColorScale
from wandb_magic.analysis.plots.plot_data import Parameter, PlotData
from wandb_magic.analysis.plots.sampling import sample, sample_note
from wandb_magic.analysis.plots.style import flat, label, plotly_figure, raw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
MOST_AXES = 10
LONGEST_NAME = 16
MOST_NAMES = 24
TICKS = 5
BUSY = 100  # lines from which each is drawn fainter


@dataclass(frozen=True)
class Dimension:
    """One of the axes.

    Attributes
    ----------
    name
        What it shows.
    values
        Where each run crosses it, of shape (runs,): between `low` and `high`, or NaN.
    low, high
        Its ends.
    ticks, tick_names
        What is labelled along it; without any, the drawing chooses.
    """

    name: str
    values: Floats
    low: float
    high: float
    ticks: tuple[float, ...] = ()
    tick_names: tuple[str, ...] = ()

    @classmethod
    def of_numbers(cls, name: str, values: Floats) -> Dimension:
        """Return an axis of numbers."""
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        return cls(name, values, low, high if high > low else low + 1)

    @classmethod
    def of_parameter(cls, parameter: Parameter, order: Sequence[int]) -> Dimension:
        """Return the axis of a parameter, with the runs in this order."""
        name, values = flat(parameter.name), parameter.positions[list(order)]
        if not parameter.numeric:
            missing = np.isnan(values)
            names = [*map(flat, parameter.categories), *(["none"] if missing.any() else [])]
            values = np.where(missing, len(names) - 1, values)
            step = -(-len(names) // MOST_NAMES)
            high = max(len(names) - 0.8, 0.2)
            ticks = tuple(float(place) for place in range(0, len(names), step))
            return cls(name, values, -0.2, high, ticks, tuple(names[::step]))
        if not parameter.log:
            return cls.of_numbers(name, values)
        values = np.log10(values)
        first, last = float(np.nanmin(values)), float(np.nanmax(values))
        marks = range(int(np.ceil(first)), int(np.floor(last)) + 1)
        ticks = (first, *(mark for mark in marks if first + 0.2 < mark < last - 0.2), last)
        names = [f"{10**tick:.3g}" for tick in ticks]
        return cls(name, values, first, last if last > first else first + 1, ticks, tuple(names))

    def plotly(self, longest: int) -> dict[str, Any]:
        """Return the axis as plotly's."""
        texts = [
            raw(name, LONGEST_NAME) for name in self.tick_names
        ]  # plotly takes no markup here
        ticks = {"tickvals": list(self.ticks), "ticktext": texts} if self.ticks else {}
        return {
            "label": label(self.name, longest),
            "values": self.values.tolist(),
            "range": [self.low, self.high],
            **ticks,
        }

    def draw(self, axes: Axes, place: int, longest: int) -> None:
        """Draw the axis on matplotlib's `axes`, which are 1 high."""
        from matplotlib import ticker  # noqa: PLC0415 - slow; only pictures need it

        axes.plot([place, place], [0, 1], color="0.25", linewidth=1, zorder=3)
        offset: dict[str, Any] = {"textcoords": "offset points", "annotation_clip": False}
        axes.annotate(raw(self.name, longest), (place, 1), (0, 8), ha="center", **offset)
        ticks = np.array(self.ticks or ticker.MaxNLocator(TICKS).tick_values(self.low, self.high))
        names = self.tick_names or [f"{tick:.4g}" for tick in ticks]
        for height, name in zip(self.heights(ticks), names, strict=True):
            if 0 <= height <= 1:
                axes.annotate(
                    raw(name, LONGEST_NAME),
                    (place, height),
                    (4, 0),
                    va="center",
                    fontsize=7,
                    zorder=4,
                    bbox={"facecolor": (1, 1, 1, 0.75), "edgecolor": "none", "pad": 0.5},
                    **offset,
                )

    def heights(self, values: Floats) -> Floats:
        """Return where values are along the axis, from 0 to 1."""
        return (values - self.low) / (self.high - self.low)


@dataclass(frozen=True, kw_only=True)
class ParallelChart(Chart):
    """All axes, and the value of each run, which is the colour of its line."""

    dimensions: tuple[Dimension, ...]
    values: Floats
    colors: ColorScale

    @property
    def _longest(self) -> int:
        return max(8, 90 // len(self.dimensions))

    def draw_plotly(self) -> go.Figure:
        """Return the interactive drawing."""
        lines = go.Parcoords(
            line={
                "color": self.values.tolist(),
                "showscale": True,
                **self.colors.marker(),
            },
            dimensions=[each.plotly(self._longest) for each in self.dimensions],
            labelfont={"size": 12},
            tickfont={"size": 10},
        )
        return plotly_figure(self, [lines], margin={"l": 60, "r": 40, "t": 125, "b": 30})

    def draw_matplotlib(self, figure: Figure) -> None:
        """Draw the same as a picture."""
        from matplotlib.collections import LineCollection  # noqa: PLC0415 - as above

        axes = figure.subplots()
        last = len(self.dimensions) - 1
        axes.set(xlim=(-0.2, last + 0.2), ylim=(-0.03, 1.03))
        axes.set_axis_off()
        places = np.arange(len(self.dimensions))
        heights = np.column_stack([each.heights(each.values) for each in self.dimensions])
        axes.add_collection(
            LineCollection(
                [np.column_stack((places, line)) for line in heights],
                colors=self.colors.mappable().to_rgba(self.values),
                linewidths=1.0,
                alpha=0.85 if len(heights) < BUSY else 0.5,
            ),
            autolim=False,
        )
        for place, each in enumerate(self.dimensions):
            each.draw(axes, place, self._longest)
        self.colors.draw_bar(figure, [axes])


def parallel(plot_data: PlotData, names: Sequence[str], key: str | None) -> Chart:
    """Return the chart of each run as a line through its parameters, coloured by its value."""
    name, runs, values = sample(plot_data, key)
    parameters = plot_data.parameters(runs, names)[:MOST_AXES]
    maximize = plot_data.maximize(name)
    # The best are drawn last, and are therefore on top.
    order = sorted(range(len(runs)), key=lambda at: values[at], reverse=not maximize)
    ordered = np.array([values[at] for at in order])
    return ParallelChart(
        title=f"{flat(name)} by parameters",
        note=sample_note(plot_data, runs, name),
        dimensions=(
            *(Dimension.of_parameter(each, order) for each in parameters),
            Dimension.of_numbers(flat(name), ordered),
        ),
        values=ordered,
        colors=ColorScale.of_objective("", values, maximize=maximize),
    )
