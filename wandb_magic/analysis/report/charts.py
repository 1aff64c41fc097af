"""The plots of a report: interactive ones as JSON, each with its picture."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wandb_magic.analysis.plots import curves, landscape, progress, relations, times
from wandb_magic.analysis.plots.material import Material
from wandb_magic.analysis.report import markup
from wandb_magic.analysis.report.masking import masked
from wandb_magic.analysis.static import Figure
from wandb_magic.analysis.static.picture import png
from wandb_magic.errors import SweepError

Json = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """One plot: its name on the page, what it is called, and what draws it.

    `early` ones are of runs that were ended early, `broad` ones take the whole width.
    """

    name: str
    title: str
    draw: Callable[[Material], Figure]
    early: bool = False
    broad: bool = False


CHARTS = (
    Chart(
        "curves",
        "Curves",
        lambda material: curves.curves(
            material, None, best=3, smooth=0.0, band=False, axis="step", log=False
        ),
    ),
    Chart("progress", "Best so far", lambda material: progress.progress(material, "run")),
    Chart("importance", "Importance", lambda found: relations.importances(found, None)),
    Chart("contour", "Two parameters", lambda found: landscape.contour(found, None, None, None)),
    Chart(
        "parallel",
        "Parallel coordinates",
        lambda found: relations.parallel(found, (), None),
        broad=True,
    ),
    Chart("slice", "Each parameter", lambda found: relations.slices(found, (), None), broad=True),
    Chart("timeline", "Timeline", times.timeline),
    Chart("costs", "Durations", lambda material: times.costs(material, None, "")),
    Chart("ended", "Ended early", lambda found: curves.terminations(found, None), early=True),
)


def charts(material: Material) -> tuple[str, Json]:
    """Return the section of all plots, and the figures by their names."""
    parts, figures = [], {}
    for chart in CHARTS:
        if chart.early and not material.pruned():
            continue
        try:
            drawn = chart.draw(material)
        except SweepError as error:  # not yet, or never: the reader is told why
            parts.append(
                f"<figure><h3>{markup.text(chart.title)}</h3>"
                f'<p class="quiet">{markup.text(error)}</p></figure>'
            )
            continue
        figure = _hidden(drawn.compact())
        figures[chart.name] = {"data": figure["data"], "layout": figure["layout"]}
        picture = base64.b64encode(png(figure)).decode()
        broad = ' class="broad"' if chart.broad else ""
        parts.append(
            f'<figure{broad}><div class="chart" data-figure="{chart.name}" role="img"'
            f' aria-label="{markup.text(chart.title)}"></div>'
            f'<noscript><img alt="{markup.text(chart.title)}"'
            f' src="data:image/png;base64,{picture}"></noscript></figure>'
        )
    return markup.section("charts", "Charts", '<div class="charts">', *parts, "</div>"), figures


def _hidden(held: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a figure with a mask over each secret in its texts."""
    if isinstance(held, str):
        return masked(held)
    if isinstance(held, list):
        # Most lists are long, and of numbers.
        return [_hidden(each) if isinstance(each, (str, list, dict)) else each for each in held]
    if isinstance(held, dict):
        return {key: _hidden(value) for key, value in held.items()}
    return held
