"""How much each parameter matters, as bars."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from wandb_magic.analysis.importance import BETTER, DEFAULT, describe
from wandb_magic.analysis.plots.axis import Axis
from wandb_magic.analysis.plots.chart import Chart
from wandb_magic.analysis.plots.plot_data import PlotData
from wandb_magic.analysis.plots.style import BAR, PALETTE, flat, label, plotly_figure, run_count
from wandb_magic.errors import SweepStateError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_BARS = 20


@dataclass(frozen=True, kw_only=True)
class ImportanceChart(Chart):
    """A bar for each parameter, from the bottom to the top.

    Attributes
    ----------
    axis
        The axis with the parameters.
    shares, texts
        How long each bar is, and the text at its end.
    """

    axis: Axis
    shares: tuple[float, ...]
    texts: tuple[str, ...]

    @property
    def _end(self) -> float:
        """Where the axis ends, so that there is room for the texts."""
        longest = max(self.shares)
        return 1.25 * longest if longest > 0 else 1.0

    def draw_plotly(self) -> go.Figure:
        """Return the interactive drawing."""
        names = self.axis.layout()
        bars = go.Bar(
            orientation="h",
            y=list(range(len(self.shares))),
            x=list(self.shares),
            width=BAR,
            text=[label(text) for text in self.texts],
            textposition="outside",
            cliponaxis=False,
            marker={"color": PALETTE[0]},
            hovertext=names["ticktext"],
            hovertemplate="%{hovertext}: %{x:.3f}<extra></extra>",
        )
        x = {"title": {"text": "share of the importance"}, "range": [0, self._end]}
        return plotly_figure(self, [bars], xaxis=x, yaxis={**names, "showgrid": False})

    def draw_matplotlib(self, figure: Figure) -> None:
        """Draw the same as a picture."""
        axes = figure.subplots()
        bars = axes.barh(range(len(self.shares)), self.shares, BAR, color=PALETTE[0])
        axes.bar_label(bars, self.texts, padding=3, fontsize=8)
        axes.set(xlim=(0, self._end), xlabel="share of the importance")
        axes.grid(visible=False, axis="y")
        self.axis.apply(axes, "y")


def importances(
    plot_data: PlotData, key: str | None, evaluator: str = DEFAULT, quantile: float = BETTER
) -> Chart:
    """Return the chart of how much each parameter matters."""
    result = plot_data.importances(key, evaluator, quantile)
    if not result.parameters:
        raise SweepStateError(
            f"the importance for {plot_data.key(key)!r} needs runs that differ in parameters and "
            f"value, and there are {result.runs} runs: let more of them end"
        )
    most = list(reversed(result.parameters[:MOST_BARS]))
    basis = "; ".join(filter(None, (run_count(result.runs), result.warning)))
    return ImportanceChart(
        title=f"Importance for {flat(plot_data.key(key))}",
        note=f"{describe(evaluator, quantile)}; r: rank correlation; {basis}",
        axis=Axis("", categories=tuple(flat(weight.name) for weight in most)),
        shares=tuple(weight.importance for weight in most),
        texts=tuple(
            _share_label(weight.importance, weight.uncertainty, weight.correlation)
            for weight in most
        ),
    )


def _share_label(share: float, uncertainty: float, correlation: float | None) -> str:
    text = f"{share:.2f} ± {uncertainty:.2f}"
    if correlation is None or math.isnan(correlation):
        return text
    return f"{text} (r {correlation:+.2f})"
