"""A plot of lines and points over one axis, such as curves over steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from wandb_magic.analysis.plots.axis import Axis
from wandb_magic.analysis.plots.chart import Chart
from wandb_magic.analysis.plots.style import css, draw_legend, label, plotly_figure, tooltip_texts

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
POINTS_PER_PIXEL = 0.75


@dataclass(frozen=True)
class Series:
    """What is drawn in one colour.

    Attributes
    ----------
    name, color
        Its entry in the legend, and its colour as ``#rrggbb``.
    x, y
        Where its points are; not every y is finite.
    style
        How they are drawn. A line that would have no length is drawn as a point.
    size
        The width of the line, or the diameter of a point, in CSS pixels.
    alpha
        The opacity.
    in_legend
        Whether the legend names it.
    tooltips
        A text for each point.
    """

    name: str
    color: str
    x: Floats
    y: Floats
    style: Literal["line", "dashes", "steps", "points"] = "line"
    size: float = 1.0
    alpha: float = 1.0
    in_legend: bool = True
    tooltips: tuple[str, ...] = ()

    @property
    def is_points(self) -> bool:
        """Whether it is drawn as points."""
        return self.style == "points" or int(np.isfinite(self.y).sum()) == 1

    @property
    def diameter(self) -> float:
        """The diameter of its points."""
        return self.size if self.style == "points" else 6.0

    def trace(self) -> go.Scatter:
        """Return the series as plotly's trace."""
        color = css(self.color, self.alpha)
        line: dict[str, Any] = {"color": color, "width": self.size}
        shape = {"dashes": {"dash": "dash"}, "steps": {"shape": "hv"}}.get(self.style, {})
        texts = {"text": tooltip_texts(self.tooltips)} if self.tooltips else {}
        hover = (
            "%{text}: %{y:.5g}<extra></extra>"
            if texts
            else "%{x}: %{y:.5g}<extra>%{fullData.name}</extra>"
        )
        return go.Scatter(
            x=_whole(self.x),
            y=self.y.tolist(),
            name=label(self.name),
            mode="markers" if self.is_points else "lines",
            line={**line, **shape},
            marker={"color": color, "size": self.diameter},
            showlegend=self.in_legend,
            hovertemplate=hover,
            **texts,
        )


@dataclass(frozen=True)
class Band:
    """An area between two lines."""

    name: str
    color: str
    x: Floats
    low: Floats
    high: Floats
    alpha: float = 0.3


@dataclass(frozen=True, kw_only=True)
class LineChart(Chart):
    """Lines and points, in the order in which they are drawn; a band is below all of them."""

    x: Axis
    y: Axis
    series: tuple[Series, ...]
    band: Band | None = None

    def draw_plotly(self) -> go.Figure:
        """Return the interactive drawing."""
        traces = [each.trace() for each in self.series]
        if self.band is not None:
            common = {
                "x": self.band.x.tolist(),
                "mode": "lines",
                "hoverinfo": "skip",
                "line": {"width": 0},
            }
            area = {"fill": "tonexty", "fillcolor": css(self.band.color, self.band.alpha)}
            low = go.Scatter(**common, y=self.band.low.tolist(), showlegend=False)
            high = go.Scatter(
                **common, y=self.band.high.tolist(), name=label(self.band.name), **area
            )
            traces = [low, high, *traces]
        return plotly_figure(
            self, traces, xaxis=self.x.layout(), yaxis=self.y.layout(), showlegend=True
        )

    def draw_matplotlib(self, figure: Figure) -> None:
        """Draw the same as a picture."""
        axes = figure.subplots()
        entries: dict[str, Any] = {}
        if self.band is not None:
            band, at = self.band, (self.band.x, self.band.low, self.band.high)
            area = axes.fill_between(*at, color=band.color, alpha=band.alpha, linewidth=0)
            entries[band.name] = area
        for order, each in enumerate(self.series):
            common: dict[str, Any] = {
                "color": each.color,
                "alpha": each.alpha,
                "zorder": 2 + order / 1000,
            }
            if each.is_points:
                size = (each.diameter * POINTS_PER_PIXEL) ** 2
                artist: Artist = axes.scatter(each.x, each.y, s=size, linewidths=0, **common)
            else:
                (artist,) = axes.plot(
                    each.x,
                    each.y,
                    linewidth=each.size * POINTS_PER_PIXEL,
                    linestyle="--" if each.style == "dashes" else "-",
                    drawstyle="steps-post" if each.style == "steps" else "default",
                    **common,
                )
            if each.in_legend:
                entries[each.name] = artist
        self.x.apply(axes, "x")
        self.y.apply(axes, "y")
        draw_legend(axes, entries)


def _whole(x: Floats) -> list[Any]:
    """Return numbers without fractions as integers: so they are shorter in a notebook."""
    is_whole = bool(np.all(np.isfinite(x)) and np.all(x == np.round(x)))
    numbers: list[Any] = (x.astype(np.int64) if is_whole else x).tolist()
    return numbers
