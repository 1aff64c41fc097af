"""An axis of plotly's on matplotlib's axes: what kind it is, and where a value lies on it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from matplotlib import dates, ticker
from matplotlib.axes import Axes
from numpy.typing import NDArray

from wandb_magic.analysis.mpl.plotly_values import floats, number, plain, values

Json = Any
LOOKED_AT = 50  # values from which the kind of an axis is told
LONGEST = 28
CROWDED = 24  # categories, of which not all can be named


@dataclass
class Axis:
    """One axis.

    Attributes
    ----------
    layout
        Plotly's.
    kind
        ``linear``, ``log``, ``date`` or ``category``.
    whole
        Whether there are whole numbers on it only.
    categories
        The place of each category.
    """

    layout: dict[str, Any]
    kind: str
    whole: bool = False
    categories: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, held: dict[str, Any], samples: Sequence[Sequence[Json]]) -> Axis:
        """Return the axis on which all `samples` are drawn."""
        kind = held.get("type") or _kind(samples)
        seen = [value for each in samples for value in each[:LOOKED_AT] if value is not None]
        whole = bool(seen) and all(type(value) is int for value in seen)
        axis = cls(held, "linear" if kind == "-" else kind, whole)
        if axis.kind == "category":
            for value in values(held.get("categoryarray")):
                axis.categories.setdefault(str(value), len(axis.categories))
            axis._order(samples)
        return axis

    def _order(self, samples: Sequence[Sequence[Json]]) -> None:
        found = list(dict.fromkeys(_name(v) for each in samples for v in each if v is not None))
        order = str(self.layout.get("categoryorder", ""))
        if order.startswith("category"):
            found.sort(reverse="descending" in order)
        for value in found:
            self.categories.setdefault(value, len(self.categories))

    def places(self, held: Iterable[Json]) -> NDArray[np.float64]:
        """Return where values lie, in the units of matplotlib's axis."""
        if self.kind == "category":
            return np.array([self._category(value) for value in held], np.float64)
        if self.kind == "date":
            return np.array([_day(value) for value in held], np.float64)
        found = floats(held)
        return np.where(found > 0, found, np.nan) if self.kind == "log" else found

    def lengths(self, held: Iterable[Json]) -> NDArray[np.float64]:
        """Return distances along the axis; between dates plotly counts milliseconds."""
        found = floats(held)
        return found / 86_400_000 if self.kind == "date" else found

    def _category(self, value: Json) -> float:
        if value is None:
            return math.nan
        known = self.categories.get(_name(value))
        return number(value) if known is None else float(known)

    @property
    def title(self) -> str:
        """What stands beside it."""
        title = self.layout.get("title", {})
        return plain(title.get("text") or "" if isinstance(title, dict) else title)

    def apply(self, axes: Axes, side: str) -> None:
        """Give `axes` its scale, ticks, range and title; `side` is ``x`` or ``y``."""
        own = axes.xaxis if side == "x" else axes.yaxis
        scale, limit = getattr(axes, f"set_{side}scale"), getattr(axes, f"set_{side}lim")
        if self.kind == "log":
            scale("log")
            own.set_major_formatter(ticker.FuncFormatter(_power))
            own.set_minor_formatter(ticker.NullFormatter())
        elif self.kind == "date":
            locator = dates.AutoDateLocator(maxticks=8)
            own.set_major_locator(locator)
            own.set_major_formatter(dates.ConciseDateFormatter(locator))
        elif self.kind == "category" and self.categories:
            step = -(-len(self.categories) // CROWDED)
            named = list(self.categories)[::step]
            own.set_ticks([self.categories[name] for name in named], [_short(n) for n in named])
            limit(-0.5, len(self.categories) - 0.5)
        elif self.whole:
            own.set_major_locator(ticker.MaxNLocator("auto", integer=True))
        if self.layout.get("tickvals") is not None:
            at = values(self.layout["tickvals"])
            names = values(self.layout.get("ticktext")) or at
            own.set_ticks(self.places(at), [_short(plain(name)) for name in names])
        if self.layout.get("range") is not None and None not in self.layout["range"]:
            bounds = self.layout["range"]
            limit(*(10 ** floats(bounds) if self.kind == "log" else self.places(bounds)))
        elif self.layout.get("autorange") == "reversed":
            getattr(axes, f"invert_{side}axis")()
        self._hide(axes, side)
        getattr(axes, f"set_{side}label")(self.title)

    def _hide(self, axes: Axes, side: str) -> None:
        """Leave away what plotly leaves away, and put a second axis where plotly has it."""
        own = axes.xaxis if side == "x" else axes.yaxis
        if self.layout.get("showticklabels") is False:
            own.set_ticklabels([])
        if self.layout.get("showgrid") is False or self.layout.get("overlaying"):
            own.grid(visible=False)
        if self.layout.get("visible") is False:
            own.set_visible(False)
            axes.spines["bottom" if side == "x" else "left"].set_visible(False)
        elif side == "y" and self.layout.get("position") is not None:
            axes.spines["left"].set_position(("axes", float(self.layout["position"])))
        elif side == "y" and self.layout.get("side") == "right":
            axes.yaxis.tick_right()
            axes.yaxis.set_label_position("right")


def _kind(samples: Sequence[Sequence[Json]]) -> str:
    seen = [value for each in samples for value in each[:LOOKED_AT] if value is not None]
    texts = [value for value in seen if isinstance(value, str)]
    if any(isinstance(value, datetime) for value in seen):
        return "date"
    if not texts:
        return "category" if any(isinstance(value, (bool, list)) for value in seen) else "linear"
    if all(not math.isnan(number(value)) for value in texts):
        return "linear"
    return "date" if all(not math.isnan(_day(value)) for value in texts) else "category"


def _day(value: Json) -> float:
    """Return a date as matplotlib counts it, NaN if it is none."""
    try:
        if isinstance(value, datetime):
            value = value.replace(tzinfo=None)
        return float(dates.date2num(np.datetime64(str(value).strip().rstrip("Z"), "us")))
    except ValueError:
        return math.nan


def _power(value: float, _: object) -> str:
    """Return a mark of a log axis: mathematical text is switched off."""
    return f"{value:g}".replace("e-0", "e-").replace("e+0", "e")


def _name(value: Json) -> str:
    return plain(value)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
