"""A plotly figure that a saved notebook shows anywhere.

A notebook gets the interactive plot and, of our own charts, the same as a picture. Where nothing
can show the first (a viewer without JavaScript, GitHub, a Jupyter server without plotly) the
second is seen. plotly's own figures leave a saved notebook either four megabytes of JavaScript or
nothing that can be seen without it; this one never puts HTML into a notebook.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import plotly.graph_objects as go

from wandb_magic.analysis.plots.chart import Chart
from wandb_magic.analysis.plots.style import HEIGHT, LONGEST_TITLE, WIDTH, label
from wandb_magic.errors import UnsupportedError

PLOTLY = "application/vnd.plotly.v1+json"
CONFIG = {
    "displaylogo": False,
    # plotly.js 4 would offer to upload the data.
    "modeBarButtonsToRemove": ["sendChartToCloud", "sendDataToCloud"],
    "plotlyServerURL": "",
}
DIGITS = 6
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_TAG = re.compile(r"</?(a|b|i|em|s|u|strong|span|sub|sup)( [^<>]*)?>", re.IGNORECASE)
FOREIGN = "this plot has no picture, because sweep.plot did not draw it"
CHANGED = "this plot has no picture, because it was changed after sweep.plot drew it"
Json = dict[str, Any]


class Figure(go.Figure):  # type: ignore[misc] # plotly has no types
    """A ``plotly.graph_objects.Figure`` which, if `sweep.plot` drew it, has a picture as well.

    It takes and does what plotly's own does. The picture follows the title, the width and the
    height; after any other change there is none, because it would show something else.
    """

    # plotly's would be asked before what is below, or beside it, and bring a page of HTML.
    _ipython_display_: ClassVar[None] = None
    _repr_html_: ClassVar[None] = None

    _chart: Chart | None = None
    _drawn = ""

    @classmethod
    def of_chart(cls, chart: Chart) -> Figure:
        """Return the figure of one of our charts."""
        figure = cls(chart.draw_plotly())
        figure._chart = chart
        figure._drawn = figure._state()
        return figure

    def __reduce__(self) -> tuple[Any, ...]:
        return (*super().__reduce__()[:2], {"_chart": self._chart, "_drawn": self._drawn})

    def _repr_mimebundle_(
        self,
        include: object = None,  # noqa: ARG002 - IPython's; it chooses by itself
        exclude: object = None,  # noqa: ARG002 - as above
        **_: object,
    ) -> tuple[Json, Json]:
        plot = {**self.compact(), "config": CONFIG}
        reason = self._why_no_picture()
        if reason:
            text = f"{self!r}: {reason}; to see it, install plotly where the Jupyter server runs"
            return {PLOTLY: plot, "text/plain": text}, {}
        width, height = self._size
        picture = {"image/png": self.png()}
        return {PLOTLY: plot, **picture, "text/plain": repr(self)}, {
            "image/png": {"width": width, "height": height}
        }

    def __repr__(self) -> str:
        count = len(self.data)
        traces = "1 trace" if count == 1 else f"{count} traces"
        return f"<Figure {_plain(self.layout.title.text)!r}: {traces}>"

    def png(self, scale: float = 1.5) -> bytes:
        """Return the picture as PNG, drawn by matplotlib; `scale` in dots for each CSS pixel.

        Raises
        ------
        UnsupportedError
            If `sweep.plot` did not draw this figure, or if it was changed since.
        """
        from wandb_magic.analysis.plots.picture import png  # noqa: PLC0415 - matplotlib is slow

        reason = self._why_no_picture()
        if reason or self._chart is None:
            raise UnsupportedError(f"{reason}: save it with write_image, which needs Chrome")
        chart, title = self._chart, self.layout.title.text
        if title != label(chart.title, LONGEST_TITLE):
            chart = replace(chart, title=_plain(title))
        width, height = self._size
        return png(chart, width=width, height=height, scale=scale)

    def compact(self) -> Json:
        """Return the figure as small JSON for every plotly.js: plain lists, six digits."""
        parts = {"data": [each.to_plotly_json() for each in self.data]}
        frames = [each.to_plotly_json() for each in self.frames]
        layout = self.layout.to_plotly_json()
        compacted: Json = _compact(
            {**parts, "layout": layout, **({"frames": frames} if frames else {})}
        )
        return compacted

    def show(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - plotly's
        """Show it: in a notebook with its picture, elsewhere or with arguments as plotly does."""
        from IPython.core.getipython import get_ipython  # noqa: PLC0415 - not in every process
        from IPython.display import display  # noqa: PLC0415 - as above

        if args or kwargs or getattr(get_ipython(), "kernel", None) is None:
            super().show(*args, **kwargs)
        else:
            display(self)

    @property
    def _size(self) -> tuple[float, float]:
        return self.layout.width or WIDTH, self.layout.height or HEIGHT

    def _why_no_picture(self) -> str:
        """Return the reason why there is no picture, or an empty text if there is one."""
        if self._chart is None:
            return FOREIGN
        return "" if self._drawn == self._state() else CHANGED

    def _state(self) -> str:
        """Return everything in the figure that its picture does not follow."""
        figure = self.compact()
        layout = {
            key: each
            for key, each in figure.pop("layout").items()
            if key not in ("width", "height")
        }
        title = {key: each for key, each in layout.pop("title", {}).items() if key != "text"}
        return json.dumps([figure, {**layout, "title": title}], sort_keys=True)


def _compact(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return JSON without arrays, NaN and needless digits."""
    if isinstance(value, np.ndarray):
        value = (
            value.astype("datetime64[us]").astype(str) if value.dtype.kind == "M" else value
        ).tolist()
    if isinstance(value, (list, tuple)):
        return [_compact(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _compact(each) for key, each in value.items() if each is not None}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _plain(title: str | None) -> str:
    """Return a title of plotly's without its markup."""
    return html.unescape(_TAG.sub("", _BREAK.sub(" ", title or "")))
