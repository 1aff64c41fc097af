"""The plots of a report: interactive figures as JSON, each with a picture."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

from wandb_magic.analysis.plots import (
    contour,
    curves,
    front,
    importances,
    optimization_history,
    parallel,
    slices,
    timeline,
)
from wandb_magic.analysis.plots.chart import Chart
from wandb_magic.analysis.plots.figure import Figure
from wandb_magic.analysis.plots.plot_data import PlotData
from wandb_magic.analysis.report import markup
from wandb_magic.analysis.report.redaction import redact
from wandb_magic.errors import SweepError

Json = dict[str, Any]
_Held = TypeVar("_Held")


@dataclass(frozen=True)
class ReportChart:
    """One plot: its name on the page, its title, and the function that returns it.

    `early` charts show runs that were ended early; `several` ones are for several objectives;
    `broad` charts take the whole width.
    """

    name: str
    title: str
    draw: Callable[[PlotData], Chart]
    early: bool = False
    several: bool = False
    broad: bool = False


CHARTS = (
    ReportChart(
        "curves",
        "Curves",
        lambda plot_data: curves.curves(
            plot_data, None, best=3, smooth=0.0, band=False, axis="step", log=False
        ),
    ),
    ReportChart(
        "progress",
        "Best so far",
        lambda plot_data: optimization_history.progress(plot_data, "run"),
    ),
    ReportChart("front", "Front", lambda found: front.front(found, ()), several=True),
    ReportChart("importance", "Importance", lambda found: importances.importances(found, None)),
    ReportChart(
        "contour", "Two parameters", lambda found: contour.contour(found, None, None, None)
    ),
    ReportChart(
        "parallel",
        "Parallel coordinates",
        lambda found: parallel.parallel(found, (), None),
        broad=True,
    ),
    ReportChart(
        "slice",
        "Each parameter",
        lambda found: slices.slices(found, (), None),
        broad=True,
    ),
    ReportChart("timeline", "Timeline", timeline.timeline),
    ReportChart("costs", "Durations", lambda plot_data: timeline.costs(plot_data, None, "")),
    ReportChart(
        "ended", "Ended early", lambda found: curves.terminations(found, None), early=True
    ),
)


def charts(plot_data: PlotData) -> tuple[str, Json]:
    """Return the section with all plots, and the figures by name."""
    parts, figures = [], {}
    for chart in CHARTS:
        if chart.several and not plot_data.objectives.are_several:
            continue
        if chart.early and not plot_data.pruned_runs():
            continue
        try:
            plot = Figure.of_chart(_redacted(chart.draw(plot_data)))
        except SweepError as error:  # not yet, or never: show the reason
            parts.append(
                f"<figure><h3>{markup.text(chart.title)}</h3>"
                f'<p class="quiet">{markup.text(error)}</p></figure>'
            )
            continue
        figures[chart.name] = plot.compact()
        image = base64.b64encode(plot.png()).decode()
        broad = ' class="broad"' if chart.broad else ""
        parts.append(
            f'<figure{broad}><div class="chart" data-figure="{chart.name}" role="img"'
            f' aria-label="{markup.text(chart.title)}"></div>'
            f'<noscript><img alt="{markup.text(chart.title)}"'
            f' src="data:image/png;base64,{image}"></noscript></figure>'
        )
    return markup.section("charts", "Charts", '<div class="charts">', *parts, "</div>"), figures


def _redacted(value: _Held) -> _Held:
    """Return a chart with each secret in its texts masked: before they are shortened."""
    masked: Any = value
    if isinstance(value, str):
        masked = redact(value)
    elif isinstance(value, tuple):
        masked = tuple(map(_redacted, value))
    elif is_dataclass(value) and not isinstance(value, type):
        held = {field.name: _redacted(getattr(value, field.name)) for field in fields(value)}
        masked = replace(value, **held)
    return masked  # type: ignore[no-any-return] # of the same type
