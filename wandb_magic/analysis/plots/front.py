"""The front of several objectives: a point for each run that could be on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from wandb_magic.analysis._downsample import downsample
from wandb_magic.analysis.pareto import FrontHistory, front_history
from wandb_magic.analysis.plots.axis import Axis
from wandb_magic.analysis.plots.chart import Chart
from wandb_magic.analysis.plots.color_scale import ColorScale
from wandb_magic.analysis.plots.plot_data import PlotData
from wandb_magic.analysis.plots.style import (
    GREY,
    PALETTE,
    flat,
    plotly_figure,
    run_count,
    run_label,
    tooltip_texts,
)
from wandb_magic.errors import SweepError, SweepStateError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
MOST_OBJECTIVES = 3
MOST_BEATEN = 1000  # points of runs that are not on the front


@dataclass(frozen=True, kw_only=True)
class FrontChart(Chart):
    """A point for each run; those on the front are large, the others grey and small.

    Attributes
    ----------
    x_axis, y_axis
        Two of the objectives.
    x, y
        The runs' values of them.
    on_front
        Whether each run is on the front.
    third
        The runs' values of a third objective, which is the colour of those on the front.
    colors
        The scale of these colours.
    tooltips
        A text for each run.
    """

    x_axis: Axis
    y_axis: Axis
    x: Floats
    y: Floats
    on_front: NDArray[np.bool_]
    third: Floats | None
    colors: ColorScale | None
    tooltips: tuple[str, ...]

    def draw_plotly(self) -> go.Figure:
        """Return the interactive drawing."""
        marker: dict[str, Any] = {"size": 10, "line": {"color": "white", "width": 1}}
        if self.third is None or self.colors is None:
            marker["color"] = PALETTE[0]
        else:
            marker |= {
                "color": self.third[self.on_front].tolist(),
                **self.colors.marker(),
                "showscale": True,
                "colorbar": self.colors.bar(),
            }
        traces = [
            self._points(~self.on_front, "beaten", {"color": GREY, "size": 5}),
            self._points(self.on_front, "front", marker),
        ]
        return plotly_figure(self, traces, xaxis=self.x_axis.layout(), yaxis=self.y_axis.layout())

    def _points(self, which: NDArray[np.bool_], name: str, marker: dict[str, Any]) -> go.Scatter:
        at = np.flatnonzero(which)
        is_line = name == "front" and self.third is None
        return go.Scatter(
            x=self.x[at].tolist(),
            y=self.y[at].tolist(),
            text=tooltip_texts([self.tooltips[index] for index in at]),
            name=name,
            mode="lines+markers" if is_line else "markers",
            line={"color": PALETTE[0], "width": 1, "dash": "dot"},
            marker=marker,
            showlegend=self.third is None,
            hovertemplate="%{text}<extra></extra>",
        )

    def draw_matplotlib(self, figure: Figure) -> None:
        """Draw the same as a picture."""
        axes = figure.subplots()
        beaten, front = ~self.on_front, self.on_front
        axes.scatter(
            self.x[beaten], self.y[beaten], s=16, color=GREY, linewidths=0, label="beaten"
        )
        shown: dict[str, Any] = {"s": 56, "edgecolors": "white", "zorder": 3, "label": "front"}
        if self.third is None or self.colors is None:
            axes.plot(self.x[front], self.y[front], ":", color=PALETTE[0], linewidth=1)
            axes.scatter(self.x[front], self.y[front], color=PALETTE[0], **shown)
            axes.legend(frameon=False)
        else:
            shades = self.colors.mappable()
            shown |= {"norm": shades.norm, "cmap": shades.get_cmap()}
            axes.scatter(self.x[front], self.y[front], c=self.third[front], **shown)
            self.colors.draw_bar(figure, [axes])
        self.x_axis.apply(axes, "x")
        self.y_axis.apply(axes, "y")


def front(plot_data: PlotData, names: Sequence[str]) -> Chart:
    """Return the chart of the front over two objectives, or three.

    Raises
    ------
    SweepError
        If a name is no objective, or there are too many objectives to draw.
    """
    history = front_history(plot_data.reader)
    if not history.runs:
        raise SweepStateError(
            f"no run has a value of {history.objectives.names} and keeps to the constraints yet"
        )
    columns = _columns(history, names)
    order = _order(history, columns[0])
    values = history.values[order][:, columns]
    on_front = np.array(history.on_front)[order]
    metrics = [history.objectives.metrics[column] for column in columns]
    titles = [flat(metric.name) for metric in metrics]
    third = values[:, 2] if len(columns) == MOST_OBJECTIVES else None
    return FrontChart(
        title=f"Front of {', '.join(titles[:-1])} and {titles[-1]}",
        note=f"{on_front.sum()} on the front, of {run_count(len(history.runs))}",
        x_axis=Axis(titles[0]),
        y_axis=Axis(titles[1]),
        x=values[:, 0],
        y=values[:, 1],
        on_front=on_front,
        third=third,
        colors=None
        if third is None
        else ColorScale.of_objective(titles[2], third.tolist(), maximize=metrics[2].maximize),
        tooltips=tuple(
            "\n".join(
                [
                    run_label(history.runs[at]),
                    *(f"{title} {value:.5g}" for title, value in zip(titles, row, strict=True)),
                ]
            )
            for at, row in zip(order, values.tolist(), strict=True)
        ),
    )


def _columns(history: FrontHistory, names: Sequence[str]) -> list[int]:
    known = [metric.name for metric in history.objectives.metrics]
    chosen = list(names) or known
    if unknown := [name for name in chosen if name not in known]:
        raise SweepError(f"{unknown[0]!r} is no objective of the sweep: it has {', '.join(known)}")
    if not 1 < len(set(chosen)) == len(chosen) <= MOST_OBJECTIVES:
        raise SweepError(f"a front has two or three different objectives: name them, of {known}")
    return [known.index(name) for name in chosen]


def _order(history: FrontHistory, column: int) -> list[int]:
    """Return the runs to draw, along the first axis: all on the front, and some of the others."""
    beaten = [at for at, on_front in enumerate(history.on_front) if not on_front]
    kept = [beaten[at] for at in downsample(range(len(beaten)), MOST_BEATEN)]
    every = [*kept, *(at for at, on_front in enumerate(history.on_front) if on_front)]
    return sorted(every, key=lambda at: float(history.values[at, column]))
