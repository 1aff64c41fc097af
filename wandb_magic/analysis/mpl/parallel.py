"""Parallel coordinates: a line for each run through an axis for each parameter."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from wandb_magic.analysis.mpl.colorscale import ColorAxis
from wandb_magic.analysis.mpl.plotly_values import colour, floats, is_array, plain, values

Json = dict[str, Any]
Floats = NDArray[np.float64]
TICKS = 5
LONGEST = 18
BUSY = 100  # lines from which each is drawn fainter


def parallel(trace: Json, axes: Axes, layout: Json) -> ColorAxis | None:
    """Draw a parcoords trace over the whole of `axes`."""
    dimensions = [each for each in values(trace.get("dimensions")) if each.get("visible", True)]
    if not dimensions:
        return None
    columns = [floats(values(each.get("values"))) for each in dimensions]
    bounds = [_bounds(each, column) for each, column in zip(dimensions, columns, strict=True)]
    scaled = [
        (column - low) / (high - low) for column, (low, high) in zip(columns, bounds, strict=True)
    ]
    heights = np.column_stack(scaled)
    axes.set(xlim=(-0.15, len(dimensions) - 0.85), ylim=(-0.03, 1.03))
    axes.set_axis_off()
    line = trace.get("line", {})
    shades, colours = None, [colour(line.get("color"), (0.0, 0.45, 0.7, 1.0))] * len(heights)
    if is_array(line.get("color")):
        found = values(line["color"])
        shades = ColorAxis.of(line, layout, found)
        colours = [tuple(each) for each in shades.mappable.to_rgba(floats(found))]
    places = np.arange(len(dimensions))
    axes.add_collection(
        LineCollection(
            [np.column_stack((places, height)) for height in heights],
            colors=colours,
            linewidths=1.0,
            alpha=0.85 if len(heights) < BUSY else 0.5,
        ),
        autolim=False,
    )
    for at, (each, limits) in enumerate(zip(dimensions, bounds, strict=True)):
        _upright(axes, at, each, limits)
    return shades


def _upright(axes: Axes, at: int, dimension: Json, limits: tuple[float, float]) -> None:
    low, high = limits
    axes.plot([at, at], [0, 1], color="0.25", linewidth=1, zorder=3)
    label = _short(plain(dimension.get("label") or ""))
    axes.annotate(
        label, (at, 1), (0, 8), textcoords="offset points", ha="center", annotation_clip=False
    )
    marks = values(dimension.get("tickvals"))
    names = [
        str(each) for each in values(dimension.get("ticktext"))
    ]  # plotly takes no markup here
    if not marks:
        marks = list(ticker.MaxNLocator(TICKS).tick_values(low, high))
    for place, mark in enumerate(marks):
        height = (float(mark) - low) / (high - low)
        if not 0 <= height <= 1 or math.isnan(height):
            continue
        text = names[place] if place < len(names) else f"{float(mark):.4g}"
        axes.annotate(
            _short(text),
            (at, height),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
            zorder=4,
            bbox={"facecolor": (1, 1, 1, 0.75), "edgecolor": "none", "pad": 0.5},
        )


def _bounds(dimension: Json, column: Floats) -> tuple[float, float]:
    held = dimension.get("range")
    known = column[np.isfinite(column)]
    low, high = held if held is not None else (known.min(initial=0), known.max(initial=0))
    return float(low), float(high if high != low else low + 1)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
