"""From what a figure of plotly's holds to plain values: arrays, texts, colours, colour scales.

Nothing here draws.
"""

from __future__ import annotations

import base64
import colorsys
import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colors
from numpy.typing import NDArray

Rgba = tuple[float, float, float, float]
Json = Any
DIGITS = 6
QUIET: Rgba = (0.5, 0.5, 0.5, 1.0)

_TAG = re.compile(r"</?(a|b|i|em|s|u|strong|span|sub|sup)( [^<>]*)?>", re.IGNORECASE)
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_FUNCTION = re.compile(r"(rgb|hsl)a?\(([^()]*)\)")


def values(held: Json) -> list[Any]:
    """Return an array of plotly's as a list: a sequence, or its base64 form."""
    if held is None:
        return []
    if isinstance(held, Mapping):
        array = np.frombuffer(base64.b64decode(held["bdata"]), np.dtype(held["dtype"]))
        if "shape" in held:
            array = array.reshape([int(size) for size in str(held["shape"]).split(",")])
        return array.tolist()  # type: ignore[no-any-return] # numpy's is Any
    if isinstance(held, np.ndarray):
        dated = held.dtype.kind == "M"  # as a list it would be nanoseconds
        return (np.datetime_as_string(held, "us") if dated else held).tolist()  # type: ignore[no-any-return] # numpy's is Any
    return list(held)


def is_array(held: Json) -> bool:
    """Tell whether this is an array rather than one value."""
    if isinstance(held, Mapping):
        return "bdata" in held
    return isinstance(held, (Sequence, np.ndarray)) and not isinstance(held, str)


def number(value: Json) -> float:
    """Return a value as a float, NaN if it is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def compact(held: Json) -> Json:
    """Return JSON that every version of plotly.js can read: plain lists, a few digits, no NaN."""
    if isinstance(held, (np.ndarray, list, tuple)) or (
        isinstance(held, Mapping) and "bdata" in held
    ):
        return [compact(each) for each in values(held)]
    if isinstance(held, Mapping):
        return {key: compact(value) for key, value in held.items() if value is not None}
    if isinstance(held, np.generic):
        held = held.item()
    if isinstance(held, float):
        return float(f"{held:.{DIGITS}g}") if math.isfinite(held) else None
    if held is None or isinstance(held, (bool, int, str)):
        return held
    return str(held)


def plain(text: object) -> str:
    """Return a text of plotly's without its tags."""
    lines = _BREAK.sub("\n", str(text))
    return html.unescape(_TAG.sub("", lines))


def colour(held: Json, fallback: Rgba = QUIET) -> Rgba:
    """Return a CSS colour as matplotlib knows it."""
    if held is None:
        return fallback
    text = str(held).strip().lower()
    found = _FUNCTION.fullmatch(text)
    if found is None:
        known = colors.is_color_like(text)
        red, green, blue, alpha = colors.to_rgba(text) if known else fallback
        return (red, green, blue, alpha)
    parts = [part.strip() for part in found[2].replace("/", ",").split(",")]
    first, second, third = (number(part.rstrip("%")) for part in parts[:3])
    alpha = number(parts[3]) if len(parts) > 3 else 1.0  # noqa: PLR2004 - red, green, blue
    if found[1] == "hsl":
        red, green, blue = colorsys.hls_to_rgb(first / 360 % 1, third / 100, second / 100)
        return (red, green, blue, alpha)
    return (first / 255, second / 255, third / 255, alpha)


def faded(rgba: Rgba, opacity: Json) -> Rgba:
    """Return a colour with an opacity of plotly's on top of its own."""
    return (*rgba[:3], rgba[3] * (1.0 if opacity is None else float(opacity)))


def colour_map(scale: Json, *, reverse: bool = False) -> colors.Colormap:
    """Return a colour scale as matplotlib's map; a name is one of plotly's own."""
    if isinstance(scale, str):
        from plotly.colors import get_colorscale  # noqa: PLC0415 - named ones are rare

        scale = get_colorscale(scale)
    stops = [(float(place), colour(held)) for place, held in scale]
    if reverse:
        stops = [(1 - place, held) for place, held in reversed(stops)]
    return colors.LinearSegmentedColormap.from_list("scale", stops)


def floats(held: Iterable[Json]) -> NDArray[np.float64]:
    """Return numbers as an array, NaN for what is none."""
    return np.array([number(value) for value in held], np.float64)
