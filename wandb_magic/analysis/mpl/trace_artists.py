"""Lines, points, bars and histograms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from wandb_magic.analysis.mpl.axes import Axis
from wandb_magic.analysis.mpl.colorscale import ColorAxis
from wandb_magic.analysis.mpl.plotly_values import (
    Rgba,
    colour,
    faded,
    floats,
    is_array,
    number,
    plain,
    values,
)

Json = dict[str, Any]
Floats = NDArray[np.float64]
FEW = 20  # points up to which plotly marks them, too
POINT = 0.75  # a CSS pixel, in points
BAR = 0.8
_DASHES = {"dash": "--", "dot": ":", "dashdot": "-.", "longdash": (0, (8, 3))}
_SYMBOLS = {"circle": "o", "square": "s", "diamond": "D", "x": "X", "cross": "P", "star": "*"}
_STEPS = {"hv": "steps-post", "vh": "steps-pre", "hvh": "steps-mid"}


@dataclass(frozen=True)
class TraceContext:
    """Where a trace is drawn: on which axes, with which colour if it names none of its own."""

    axes: Axes
    x: Axis
    y: Axis
    layout: Json
    colour: Rgba


def scatter(
    trace: Json, place: TraceContext, before: tuple[Floats, Floats] | None
) -> ColorAxis | None:
    """Draw a scatter trace; `before` is the one below it, to which it may be filled."""
    x, y = points(trace, place)
    mode = trace.get("mode") or ("lines+markers" if len(x) < FEW else "lines")
    line, label = trace.get("line", {}), _label(trace)
    own = colour(line.get("color"), _own(trace, place))
    rgba = faded(own, trace.get("opacity"))
    if trace.get("fill", "none") != "none":
        alone = number(line.get("width", 2)) == 0
        _fill(trace, place, (x, y), before, rgba, label if alone else "")
        label = "" if alone else label
    if "lines" in mode:
        place.axes.plot(
            x,
            y,
            color=rgba,
            linewidth=number(line.get("width", 2)) * POINT,
            linestyle=_DASHES.get(line.get("dash", ""), "-"),
            drawstyle=_STEPS.get(line.get("shape", ""), "default"),
            label=label,
        )
        label = ""
    if trace.get("error_y", {}).get("array") is not None:
        errors = floats(values(trace["error_y"]["array"]))
        place.axes.errorbar(x, y, yerr=errors, color=rgba, linestyle="none", linewidth=1)
    if "text" in mode:
        for at, to, text in zip(x, y, _texts(trace, len(x)), strict=False):
            place.axes.annotate(text, (at, to), ha="center", va="bottom", fontsize=8)
    return _markers(trace, place, (x, y), label) if "markers" in mode else None


def _markers(
    trace: Json, place: TraceContext, at: tuple[Floats, Floats], label: str
) -> ColorAxis | None:
    marker = trace.get("marker", {})
    shades, held = None, marker.get("color")
    opacity = [trace.get("opacity"), marker.get("opacity")]
    if is_array(held):
        found = values(held)
        if any(isinstance(each, str) for each in found):
            colours = [colour(each) for each in found]
        else:
            shades = ColorAxis.of(marker, place.layout, found)
            colours = [tuple(each) for each in shades.mappable.to_rgba(floats(found))]
    else:
        colours = [colour(held, _own(trace, place))] * len(at[0])
    for each in opacity:
        if not is_array(each):
            colours = [faded(rgba, each) for rgba in colours]
    size = marker.get("size", 6)
    sizes = floats(values(size)) if is_array(size) else np.full(len(at[0]), number(size))
    edge = marker.get("line", {})
    symbol = str(marker.get("symbol", "circle")).removesuffix("-open")
    hollow = str(marker.get("symbol", "")).endswith("-open")
    place.axes.scatter(
        *at,
        s=(sizes * POINT) ** 2,
        c="none" if hollow else (colours or None),
        edgecolors=colours if hollow else colour(edge.get("color"), (1, 1, 1, 0)),
        linewidths=1.0 if hollow else number(edge.get("width", 0)) * POINT,
        marker=_SYMBOLS.get(symbol, "o"),
        label=label,
        zorder=2.5,
    )
    return shades


def _fill(
    trace: Json,
    place: TraceContext,
    at: tuple[Floats, Floats],
    before: tuple[Floats, Floats] | None,
    rgba: Rgba,
    label: str,
) -> None:
    area = colour(trace.get("fillcolor"), (*rgba[:3], rgba[3] * 0.5))
    if trace["fill"] == "toself":
        place.axes.fill(*at, color=area, linewidth=0, label=label)
    elif trace["fill"] == "tonexty" and before is not None:
        x, y = before
        outline = np.concatenate((at[0], x[::-1])), np.concatenate((at[1], y[::-1]))
        place.axes.fill(*outline, color=area, linewidth=0, label=label)
    else:
        place.axes.fill_between(*at, color=area, linewidth=0, label=label)


def bar(
    trace: Json, place: TraceContext, group: tuple[int, int], steps: Floats
) -> ColorAxis | None:
    """Draw bars.

    `group` is the trace's place among those that stand side by side, and how many these are;
    `steps` are the places of all bars along the axis, which say how wide one may be.
    """
    flat = trace.get("orientation") == "h"
    along, across = (place.y, place.x) if flat else (place.x, place.y)
    names, sizes = (trace.get("y"), trace.get("x")) if flat else (trace.get("x"), trace.get("y"))
    at, lengths = along.places(values(names)), across.lengths(values(sizes))
    if names is None:
        at = np.arange(len(lengths), dtype=float)
    base = trace.get("base")
    begin = across.places(values(base)) if is_array(base) else number(base or 0)
    gaps = np.diff(np.unique(steps[np.isfinite(steps)]))
    room = BAR * (gaps.min() if len(gaps) and along.kind != "category" else 1.0)
    width = room / group[1]
    at = at - room / 2 + (group[0] + 0.5) * width
    marker, shades = trace.get("marker", {}), None
    held = marker.get("color")
    colours: Any = colour(held, place.colour)
    if is_array(held):
        found = values(held)
        if any(isinstance(each, str) for each in found):
            colours = [colour(each) for each in found]
        else:
            shades = ColorAxis.of(marker, place.layout, found)
            colours = shades.mappable.to_rgba(floats(found))
    draw = place.axes.barh if flat else place.axes.bar
    bars = draw(at, lengths, width, begin, color=colours, label=_label(trace))
    texts = _texts(trace, len(at))
    if any(texts) and trace.get("textposition") != "none":
        place.axes.bar_label(bars, texts, padding=3, fontsize=8)
    return shades


def histogram(trace: Json, place: TraceContext) -> None:
    """Draw a histogram of what lies along x, or y."""
    flat = trace.get("x") is None
    axis, held = (place.y, trace.get("y")) if flat else (place.x, trace.get("x"))
    found = axis.places(values(held))
    bins = trace.get("nbinsy" if flat else "nbinsx") or "auto"
    place.axes.hist(
        found[np.isfinite(found)],
        bins=bins,
        orientation="horizontal" if flat else "vertical",
        color=faded(_own(trace, place), trace.get("opacity")),
        label=_label(trace),
    )


def points(trace: Json, place: TraceContext) -> tuple[Floats, Floats]:
    """Return where the points of a trace lie; what names no x counts."""
    y = values(trace.get("y"))
    x = values(trace.get("x")) if trace.get("x") is not None else list(range(len(y)))
    count = min(len(x), len(y))
    return place.x.places(x[:count]), place.y.places(y[:count])


def _own(trace: Json, place: TraceContext) -> Rgba:
    held = trace.get("marker", {}).get("color")
    return place.colour if is_array(held) else colour(held, place.colour)


def _texts(trace: Json, count: int) -> list[str]:
    held = trace.get("text")
    if held is None:
        return [""] * count
    return [plain(each) for each in values(held)] if is_array(held) else [plain(held)] * count


def _label(trace: Json) -> str:
    # What begins with an underscore, matplotlib leaves out of its legend.
    return "" if trace.get("showlegend") is False else plain(trace.get("name") or "")
