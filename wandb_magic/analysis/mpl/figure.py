"""A figure of plotly's that brings its own picture along.

plotly's own figures leave a saved notebook either four megabytes of JavaScript or nothing that can
be seen without it. This one never puts HTML into a notebook.
"""

from __future__ import annotations

from typing import Any, ClassVar

import plotly.graph_objects as go

from wandb_magic.analysis.mpl.plotly_values import compact, plain
from wandb_magic.analysis.mpl.renderer import HEIGHT, WIDTH, png

PLOTLY = "application/vnd.plotly.v1+json"
CONFIG = {
    "displaylogo": False,
    # plotly.js 4 would offer to upload the data.
    "modeBarButtonsToRemove": ["sendChartToCloud", "sendDataToCloud"],
    "plotlyServerURL": "",
}
Json = dict[str, Any]


class Figure(go.Figure):  # type: ignore[misc] # plotly has no types
    """A ``plotly.graph_objects.Figure`` with a static fallback.

    It takes and does what plotly's own does. `Figure(other)` gives any figure the fallback.
    """

    # plotly's would be asked before what is below, or beside it, and bring a page of HTML.
    _ipython_display_: ClassVar[None] = None
    _repr_html_: ClassVar[None] = None

    def _repr_mimebundle_(
        self,
        include: object = None,  # noqa: ARG002 - IPython's; it chooses by itself
        exclude: object = None,  # noqa: ARG002 - as above
        **_: object,
    ) -> tuple[Json, Json]:
        return bundle(self.to_dict(), repr(self))

    def __repr__(self) -> str:
        title = plain(self.layout.title.text or "")
        count = len(self.data)
        return f"<Figure {title!r}: {count} {'trace' if count == 1 else 'traces'}>"

    def png(self, scale: float = 1.5) -> bytes:
        """Return the picture as PNG, drawn by matplotlib; `scale` in dots for each CSS pixel."""
        return png(self.to_dict(), scale)

    def compact(self) -> Json:
        """Return the figure as small JSON: plain lists, six digits."""
        held: Json = compact(self.to_dict())
        return held

    def show(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - plotly's
        """Show it: in a notebook with its picture, elsewhere or with arguments as plotly does."""
        from IPython.core.getipython import get_ipython  # noqa: PLC0415 - not in every process
        from IPython.display import display  # noqa: PLC0415 - as above

        if args or kwargs or getattr(get_ipython(), "kernel", None) is None:
            super().show(*args, **kwargs)
        else:
            display(self)


def bundle(figure: Json, text: str) -> tuple[Json, Json]:
    """Return what a notebook gets, by type, and how large the picture is in CSS pixels."""
    layout = figure.get("layout", {})
    size = {"width": layout.get("width", WIDTH), "height": layout.get("height", HEIGHT)}
    plot = {**compact(figure), "config": CONFIG}
    return {PLOTLY: plot, "image/png": png(figure), "text/plain": text}, {"image/png": size}
