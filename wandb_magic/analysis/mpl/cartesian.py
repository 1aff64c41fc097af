"""What has an x and a y axis: a pair of matplotlib's axes for each pair of plotly's.

Where they lie on the paper is not decided here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wandb_magic.analysis.mpl import trace_artists
from wandb_magic.analysis.mpl.axes import Axis
from wandb_magic.analysis.mpl.colorscale import ColorAxis
from wandb_magic.analysis.mpl.contour_traces import surface
from wandb_magic.analysis.mpl.plotly_values import Rgba, colour, values
from wandb_magic.analysis.mpl.trace_artists import TraceContext

Json = dict[str, Any]
Pair = tuple[str, str]
COLOURS = ("#636efa", "#ef553b", "#00cc96", "#ab63fa", "#ffa15a", "#19d3f3", "#ff6692", "#b6e880")
PAINTED = {"scatter", "scattergl", "bar", "histogram", "contour", "heatmap"}


def cartesian(figure: Figure, traces: list[Json], layout: Json) -> Iterator[ColorAxis | None]:
    """Draw all traces that have an x and a y axis; yield how numbers became colours."""
    flat = [each for each in traces if each.get("type", "scatter") in PAINTED]
    axes: dict[Pair, Axes] = {}
    known = _known(flat, layout)
    before: dict[Pair, Any] = {}
    for at, trace in enumerate(flat):
        pair = _pair(trace)
        if pair not in axes:
            axes[pair] = figure.add_axes((0, 0, 1, 1), label=f"{pair[0]} {pair[1]}")
            axes[pair].set_gid("cartesian")
        place = TraceContext(
            axes[pair], known[pair[0]], known[pair[1]], layout, _colour(layout, at)
        )
        kind = trace.get("type", "scatter")
        if kind == "bar":
            group = [each for each in flat if each.get("type") == "bar" and _pair(each) == pair]
            yield _bar(trace, place, group)
        elif kind == "histogram":
            trace_artists.histogram(trace, place)
        elif kind in ("contour", "heatmap"):
            yield surface({"type": kind, **trace}, place)
        else:
            yield trace_artists.scatter(trace, place, before.get(pair))
            before[pair] = trace_artists.points(trace, place)
    _apply_axes(axes, known)


def _known(traces: list[Json], layout: Json) -> dict[str, Axis]:
    """Return every axis that a trace lies on, by plotly's name of it: ``x``, ``y2``."""
    known = {}
    names = {trace.get(f"{side}axis", side)[1:] for trace in traces for side in "xy"}
    for side, name in itertools.product("xy", names):
        own = [each for each in traces if each.get(f"{side}axis", side) == f"{side}{name}"]
        samples = [_sample(each, side) for each in own]
        known[f"{side}{name}"] = Axis.of(layout.get(f"{side}axis{name}", {}), samples)
    return known


def _pair(trace: Json) -> Pair:
    return trace.get("xaxis", "x"), trace.get("yaxis", "y")


def _sample(trace: Json, side: str) -> list[Any]:
    """Return the values that lie along an axis, lengths of bars left out."""
    across = "x" if trace.get("orientation") == "h" else "y"
    if trace.get("type") == "bar" and side == across and trace.get("base") is not None:
        return values(trace["base"]) if not isinstance(trace["base"], (int, float)) else []
    return values(trace.get(side))


def _bar(trace: Json, place: TraceContext, group: list[Json]) -> ColorAxis | None:
    flat = trace.get("orientation") == "h"
    along, side = (place.y, "y") if flat else (place.x, "x")
    steps = np.concatenate([along.places(values(each.get(side))) for each in group])
    grouped = place.layout.get("barmode", "group") == "group" and trace.get("base") is None
    at = next(index for index, each in enumerate(group) if each is trace)
    return trace_artists.bar(trace, place, (at, len(group)) if grouped else (0, 1), steps)


def _apply_axes(axes: dict[Pair, Axes], known: dict[str, Axis]) -> None:
    for (x, y), each in axes.items():
        known[x].apply(each, "x")
        known[y].apply(each, "y")
        # An axis that several parts share is named beside one of them only.
        others = axes.keys() - {(x, y)}
        if (known[y].layout.get("anchor") or "x", y) in others:
            each.tick_params(labelleft=False)
            each.set_ylabel("")
        if (x, known[x].layout.get("anchor") or "y") in others:
            each.tick_params(labelbottom=False)
            each.set_xlabel("")
    for side in "xy":
        _match(axes, known, side)


def _match(axes: dict[Pair, Axes], known: dict[str, Axis], side: str) -> None:
    """Give axes that plotly holds together the same range."""
    together: dict[str, list[Axes]] = {}
    for pair, each in axes.items():
        name = pair[side == "y"]
        together.setdefault(known[name].layout.get("matches") or name, []).append(each)
    for group in together.values():
        if len(group) > 1:
            bounds = [getattr(each, f"get_{side}lim")() for each in group]
            low, high = min(low for low, _ in bounds), max(high for _, high in bounds)
            for each in group:
                getattr(each, f"set_{side}lim")(low, high)


def _colour(layout: Json, place: int) -> Rgba:
    own = layout.get("colorway") or layout.get("template", {}).get("layout", {}).get("colorway")
    colours = own or COLOURS
    return colour(colours[place % len(colours)])
