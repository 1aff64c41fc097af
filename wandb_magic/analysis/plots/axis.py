"""An axis of a plot, for both drawings: its title, its scale, and the names along it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wandb_magic.analysis.plots.style import label, raw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis as MatplotlibAxis
    from matplotlib.ticker import Locator

LONGEST_TITLE = 60
LONGEST_UPRIGHT = 36  # of a title that matplotlib writes from the bottom to the top
LONGEST_NAME = 30
MOST_NAMES = 24  # with more categories than this, only some of them are named
FEW_DECADES = 2.0  # with fewer, values between the powers of ten are labelled as well
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Axis:
    """An axis.

    Attributes
    ----------
    title
        The text beside it.
    log
        Whether it is logarithmic.
    whole
        Whether all values are whole numbers, for example steps.
    categories
        The names along it, if it has names instead of numbers: the first is at 0, the next at 1.
        Two names may look the same once they are shortened; they still have their own places.
    longest, longest_title
        How many characters of a name, and of the title, are shown.
    """

    title: str
    log: bool = False
    whole: bool = False
    categories: tuple[str, ...] = ()
    longest: int = LONGEST_NAME
    longest_title: int = LONGEST_TITLE

    @property
    def named(self) -> dict[int, str]:
        """The categories that are named, by their places."""
        step = -(-len(self.categories) // MOST_NAMES) or 1
        return dict(list(enumerate(self.categories))[::step])

    @property
    def limits(self) -> tuple[float, float]:
        """The range of an axis with categories."""
        return -0.5, len(self.categories) - 0.5

    def layout(self) -> dict[str, Any]:
        """Return the axis as plotly's layout."""
        layout: dict[str, Any] = {"title": {"text": label(self.title, self.longest_title)}}
        if self.log:
            return {**layout, "type": "log", "exponentformat": "power"}
        if not self.categories:
            return layout
        return {
            **layout,
            "type": "linear",
            "tickvals": list(self.named),
            "ticktext": [label(name, self.longest) for name in self.named.values()],
            "range": list(self.limits),
            "zeroline": False,
        }

    def apply(self, axes: Axes, side: str, ticks: int | None = None) -> None:
        """Give matplotlib's `axes` this axis as its `side`, ``x`` or ``y``, after all is drawn.

        `ticks` is how many there may be, if there is little room.
        """
        from matplotlib import ticker  # noqa: PLC0415 - slow; only pictures need it

        own: MatplotlibAxis = axes.xaxis if side == "x" else axes.yaxis
        longest = self.longest_title if side == "x" else min(self.longest_title, LONGEST_UPRIGHT)
        own.set_label_text(raw(self.title, longest))
        if self.categories:
            names = [raw(name, self.longest) for name in self.named.values()]
            own.set_ticks(list(self.named), names)
            axes.set(**{f"{side}lim": self.limits})
        elif self.log:
            if not math.isfinite(getattr(axes.dataLim, f"minpos{side}")):
                axes.set(**{f"{side}lim": (1, 10)})  # nothing to show, as in plotly
            getattr(axes, f"set_{side}scale")("log", nonpositive="mask")
            low, high = getattr(axes, f"get_{side}lim")()
            own.set_major_locator(_log_locator(math.log10(high) - math.log10(low), ticks))
            own.set_major_formatter(ticker.FuncFormatter(_power))
            own.set_minor_formatter(ticker.NullFormatter())
        else:
            low, high = getattr(axes, f"get_{side}lim")()
            if self.whole and high - low < 1:  # one value: fractions around it would mislead
                axes.set(**{f"{side}lim": (round(low) - 0.5, round(low) + 0.5)})
            own.set_major_locator(_locator(ticks, whole=self.whole))


def _locator(ticks: int | None, *, whole: bool = False) -> Locator:
    from matplotlib import ticker  # noqa: PLC0415 - as above

    steps = (1, 2, 2.5, 5, 10)
    return ticker.MaxNLocator(ticks or "auto", steps=steps, integer=whole, min_n_ticks=1)


def _log_locator(decades: float, ticks: int | None) -> Locator:
    from matplotlib import ticker  # noqa: PLC0415 - as above

    if decades < FEW_DECADES / 4:
        return _locator(ticks or 5)
    if decades < FEW_DECADES:
        return ticker.LogLocator(subs=(1, 2, 3, 5))
    return ticker.LogLocator(numticks=ticks)


def _power(value: float, _: object) -> str:
    """Return the label of a value on a logarithmic axis: without mathematics in the text."""
    if value <= 0:  # smaller than any number
        return "0"
    exponent = math.log10(value)
    if abs(exponent) < 2 or not math.isclose(exponent, round(exponent), abs_tol=1e-9):  # noqa: PLR2004 - 0.1, 1, 10
        return f"{value:g}"
    return f"10{str(round(exponent)).translate(_SUPERSCRIPTS)}"
