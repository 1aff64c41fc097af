"""Numbers as colours: one scale for both drawings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wandb_magic.analysis.plots.style import label, raw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

LONGEST_TITLE = 20


@dataclass(frozen=True)
class ColorScale:
    """A scale of colours, viridis.

    Attributes
    ----------
    title
        The text at its bar.
    low, high
        The numbers at its ends; what lies outside has the colour of the end.
    reverse
        Whether larger numbers are darker, not smaller ones.
    whole
        Whether all numbers are whole.
    """

    title: str
    low: float
    high: float
    reverse: bool
    whole: bool = False

    @classmethod
    def of_objective(cls, title: str, values: Sequence[float], *, maximize: bool) -> ColorScale:
        """Return the scale of objectives: better values are darker.

        With many values, the worst twentieth looks the same: one diverged run must not fade the
        rest.
        """
        ordered = sorted(values)
        cut = len(ordered) // 20
        low, high = ordered[cut if maximize else 0], ordered[-1 if maximize else -1 - cut]
        if low == high:
            low, high = ordered[0], ordered[-1]
        return cls(title, low, high, reverse=maximize)

    def marker(self) -> dict[str, Any]:
        """Return the scale as plotly's, of markers and lines."""
        scale = {"colorscale": "Viridis", "reversescale": self.reverse}
        return {**scale, "cmin": self.low, "cmax": self.high}

    def bar(self) -> dict[str, Any]:
        """Return plotly's bar beside the plot, which explains the colours."""
        return {"title": {"text": label(self.title, LONGEST_TITLE)}, "thickness": 12}

    def mappable(self) -> ScalarMappable:
        """Return the scale as matplotlib's."""
        from matplotlib import cm, colormaps, colors  # noqa: PLC0415 - slow; only pictures need it

        high = self.high if self.high > self.low else self.low + 1
        viridis = colormaps["viridis_r" if self.reverse else "viridis"]
        return cm.ScalarMappable(colors.Normalize(self.low, high), viridis)

    def draw_bar(self, figure: Figure, axes: Sequence[Axes]) -> None:
        """Draw matplotlib's bar beside `axes`."""
        from matplotlib import ticker  # noqa: PLC0415 - as above

        bar = figure.colorbar(self.mappable(), ax=list(axes), aspect=30, pad=0.01)
        bar.outline.set(visible=False)
        bar.ax.set_title(raw(self.title, LONGEST_TITLE), fontsize=8, loc="right")
        bar.ax.tick_params(labelsize=8)
        if self.whole:
            bar.locator = ticker.MaxNLocator("auto", steps=(1, 2, 5, 10), integer=True)
            bar.update_ticks()
