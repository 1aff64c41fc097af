"""The plots of a report: interactive figures as JSON, each with an image."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wandb_magic.analysis.mpl import Figure
from wandb_magic.analysis.mpl.renderer import png
from wandb_magic.analysis.plots import (
    contour,
    curves,
    optimization_history,
    parameter_plots,
    timeline,
)
from wandb_magic.analysis.plots.plot_data import PlotData
from wandb_magic.analysis.report import markup
from wandb_magic.analysis.report.redaction import redact
from wandb_magic.errors import SweepError

Json = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """One plot: its name on the page, its title, and the function that draws it.

    `early` charts show runs that were ended early; `broad` charts take the whole width.
    """

    name: str
    title: str
    draw: Callable[[PlotData], Figure]
    early: bool = False
    broad: bool = False


CHARTS = (
    Chart(
        "curves",
        "Curves",
        lambda plot_data: curves.curves(
            plot_data, None, best=3, smooth=0.0, band=False, axis="step", log=False
        ),
    ),
    Chart(
        "progress",
        "Best so far",
        lambda plot_data: optimization_history.progress(plot_data, "run"),
    ),
    Chart("importance", "Importance", lambda found: parameter_plots.importances(found, None)),
    Chart("contour", "Two parameters", lambda found: contour.contour(found, None, None, None)),
    Chart(
        "parallel",
        "Parallel coordinates",
        lambda found: parameter_plots.parallel(found, (), None),
        broad=True,
    ),
    Chart(
        "slice",
        "Each parameter",
        lambda found: parameter_plots.slices(found, (), None),
        broad=True,
    ),
    Chart("timeline", "Timeline", timeline.timeline),
    Chart("costs", "Durations", lambda plot_data: timeline.costs(plot_data, None, "")),
    Chart("ended", "Ended early", lambda found: curves.terminations(found, None), early=True),
)


def charts(plot_data: PlotData) -> tuple[str, Json]:
    """Return the section with all plots, and the figures by name."""
    parts, figures = [], {}
    for chart in CHARTS:
        if chart.early and not plot_data.pruned_runs():
            continue
        try:
            plot = chart.draw(plot_data)
        except SweepError as error:  # not yet, or never: show the reason
            parts.append(
                f"<figure><h3>{markup.text(chart.title)}</h3>"
                f'<p class="quiet">{markup.text(error)}</p></figure>'
            )
            continue
        figure = _redact_figure(plot.compact())
        figures[chart.name] = {"data": figure["data"], "layout": figure["layout"]}
        image = base64.b64encode(png(figure)).decode()
        broad = ' class="broad"' if chart.broad else ""
        parts.append(
            f'<figure{broad}><div class="chart" data-figure="{chart.name}" role="img"'
            f' aria-label="{markup.text(chart.title)}"></div>'
            f'<noscript><img alt="{markup.text(chart.title)}"'
            f' src="data:image/png;base64,{image}"></noscript></figure>'
        )
    return markup.section("charts", "Charts", '<div class="charts">', *parts, "</div>"), figures


def _redact_figure(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a figure with each secret in its texts masked."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        # Most lists are long lists of numbers.
        return [
            _redact_figure(each) if isinstance(each, (str, list, dict)) else each for each in value
        ]
    if isinstance(value, dict):
        return {key: _redact_figure(item) for key, item in value.items()}
    return value
