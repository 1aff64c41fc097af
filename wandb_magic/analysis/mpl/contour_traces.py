"""Contours and heat maps, where much may be unknown."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import griddata
from scipy.spatial import QhullError

from wandb_magic.analysis.mpl.axes import Axis
from wandb_magic.analysis.mpl.colorscale import ColorAxis
from wandb_magic.analysis.mpl.plotly_values import floats, values
from wandb_magic.analysis.mpl.trace_artists import TraceContext

Json = dict[str, Any]
Floats = NDArray[np.float64]
LEVELS = 14
FEWEST = 2  # along each side, for there to be a surface
MARGIN = 0.05


def surface(trace: Json, place: TraceContext) -> ColorAxis | None:
    """Draw a contour or heatmap trace; None if it has no area."""
    rows = [floats(values(row)) for row in values(trace.get("z"))]
    if len(rows) < FEWEST or len(rows[0]) < FEWEST:
        return None
    z = np.array(rows)
    x = _along(trace.get("x"), z.shape[1], place.x)
    y = _along(trace.get("y"), z.shape[0], place.y)
    if not np.isfinite(z).any():
        return None
    if trace.get("connectgaps"):
        z = _connected(_even(x, place.x), _even(y, place.y), z)
    shades = ColorAxis.of(trace, place.layout, z.ravel().tolist(), "z")
    norm, shown = shades.norm, shades.mappable.get_cmap()
    place.axes.use_sticky_edges = False  # a point on the edge is seen whole
    if trace["type"] == "heatmap":
        place.axes.pcolormesh(x, y, z, norm=norm, cmap=shown, shading="nearest")
    else:
        levels = np.linspace(norm.vmin or 0, norm.vmax or 0, LEVELS)
        place.axes.contourf(
            x, y, np.ma.masked_invalid(z), levels, norm=norm, cmap=shown, extend="both"
        )
    return shades


def _along(held: object, count: int, axis: Axis) -> Floats:
    return np.arange(count, dtype=float) if held is None else axis.places(values(held))


def _even(places: Floats, axis: Axis) -> Floats:
    """Return places from 0 to 1, as far apart as they are drawn."""
    drawn = np.log10(places) if axis.kind == "log" else places
    width = np.nanmax(drawn) - np.nanmin(drawn)
    even: Floats = (drawn - np.nanmin(drawn)) / (width if width > 0 else 1.0)
    return even


def _connected(x: Floats, y: Floats, z: Floats) -> Floats:
    """Fill gaps: linearly between what is known, and with the nearest value around it."""
    known = np.isfinite(z)
    if known.all():
        return z
    across, up = np.meshgrid(x, y)
    at = np.column_stack((across[known], up[known]))
    nearest = griddata(at, z[known], (across, up), method="nearest")
    try:
        between = griddata(at, z[known], (across, up), method="linear")
    except (QhullError, ValueError):  # too few points, or all on one line
        return np.asarray(nearest, np.float64)
    joined: Floats = np.where(np.isfinite(between), between, nearest)
    return joined
