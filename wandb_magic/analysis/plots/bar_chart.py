"""Bars for runs, coloured by how the runs ended: along a time axis, or side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from wandb_magic.analysis.plots.axis import Axis
from wandb_magic.analysis.plots.chart import Chart
from wandb_magic.analysis.plots.style import BAR, draw_legend, plotly_figure, tooltip_texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
MOST_EDGES = 200  # with more bars than this, none has an edge: it would be wider than the bar


@dataclass(frozen=True)
class Bars:
    """The bars of one colour, with the same entry in the legend.

    Attributes
    ----------
    name, color
        Their entry, and their colour as ``#rrggbb``.
    places
        Where each is along the axis with categories.
    starts, lengths
        Where each begins along the other axis, and how long it is.
    tooltips
        A text for each.
    """

    name: str
    color: str
    places: Floats
    starts: Floats
    lengths: Floats
    tooltips: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BarChart(Chart):
    """Bars: from left to right if `x` has no categories, else from the bottom up."""

    x: Axis
    y: Axis
    bars: tuple[Bars, ...]

    @property
    def _is_flat(self) -> bool:
        return not self.x.categories

    @property
    def _edge(self) -> float:
        """The width of the white line around each bar, in CSS pixels."""
        return 0.7 if sum(len(each.places) for each in self.bars) <= MOST_EDGES else 0.0

    def draw_plotly(self) -> go.Figure:
        """Return the interactive drawing."""
        along, across, value = ("y", "x", "x") if self._is_flat else ("x", "y", "y")
        traces = [
            go.Bar(
                {along: each.places.astype(int).tolist(), across: each.lengths.tolist()},
                orientation="h" if self._is_flat else "v",
                base=each.starts.tolist(),
                width=BAR,
                text=tooltip_texts(each.tooltips),
                textposition="none",
                marker={"color": each.color, "line": {"color": "white", "width": self._edge}},
                name=each.name,
                showlegend=True,
                hovertemplate="%{text}<extra></extra>"
                if self._is_flat
                else f"%{{text}}: %{{{value}:.4g}}<extra></extra>",
            )
            for each in self.bars
        ]
        layout = {"xaxis": self.x.layout(), "yaxis": self.y.layout()}
        layout[f"{along}axis"]["showgrid"] = False
        return plotly_figure(self, traces, barmode="overlay", **layout)

    def draw_matplotlib(self, figure: Figure) -> None:
        """Draw the same as a picture."""
        from matplotlib.collections import PolyCollection  # noqa: PLC0415 - slow; only pictures need it

        axes = figure.subplots()
        entries = {}
        for each in self.bars:
            # Without an edge of its own colour, a bar that is thinner than a pixel may vanish.
            edge = ("white", self._edge) if self._edge else (each.color, 0.5)
            held: dict[str, Any] = {
                "facecolors": each.color,
                "edgecolors": edge[0],
                "linewidths": edge[1],
            }
            bars = PolyCollection(list(self._corners(each)), **held)
            entries[each.name] = axes.add_collection(bars)
        axes.autoscale_view()
        if not self._is_flat:
            axes.set_ylim(bottom=0)
        axes.grid(visible=False, axis="y" if self._is_flat else "x")
        self.x.apply(axes, "x")
        self.y.apply(axes, "y")
        draw_legend(axes, entries)

    def _corners(self, bars: Bars) -> Floats:
        """Return the corners of bars, of shape (bars, 4, 2)."""
        low, high = bars.places - BAR / 2, bars.places + BAR / 2
        start, end = bars.starts, bars.starts + bars.lengths
        x, y = (start, end, end, start), (low, low, high, high)
        corners = (x, y) if self._is_flat else (y, x)
        return np.stack([np.stack(each, axis=-1) for each in corners], axis=-1)


@dataclass(frozen=True, kw_only=True)
class HistogramChart(Chart):
    """How many values lie between the edges, which are evenly spaced."""

    x: Axis
    values: Floats
    edges: Floats
    color: str

    def draw_plotly(self) -> go.Figure:
        """Return the interactive drawing."""
        bins = {
            "start": self.edges[0],
            "end": self.edges[-1],
            "size": self.edges[1] - self.edges[0],
        }
        bars = go.Histogram(x=self.values.tolist(), xbins=bins, marker={"color": self.color})
        return plotly_figure(self, [bars], xaxis=self.x.layout(), yaxis=Axis("runs").layout())

    def draw_matplotlib(self, figure: Figure) -> None:
        """Draw the same as a picture."""
        axes = figure.subplots()
        axes.hist(self.values, self.edges.tolist(), rwidth=0.9, color=self.color)
        self.x.apply(axes, "x")
        Axis("runs", whole=True).apply(axes, "y")
