"""The style of all plots: the panel's colours, one layout, texts that cannot become markup."""

from __future__ import annotations

import html
import re
from typing import Any

import plotly.graph_objects as go

from wandb_magic.analysis.mpl import Figure
from wandb_magic.records import RunRecord, RunState

# Okabe, Ito: Color Universal Design (2008), as in the panel; black is used for text.
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8a7a00")
STATES = {
    RunState.FINISHED: "#009e73",
    RunState.PRUNED: "#e69f00",
    RunState.FAILED: "#d55e00",
    RunState.KILLED: "#8c3a00",
    RunState.STOPPED: "#8f8f8f",
    RunState.LOST: "#cc79a7",
    RunState.RUNNING: "#0072b2",
    RunState.PENDING: "#bdbdbd",
}
GREY = "rgba(128,128,128,0.45)"
FAINT = "rgba(128,128,128,0.28)"
MANY = 60  # with more lines than this, each is drawn fainter
HEIGHT = 420
LONGEST = 60
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?")
_GRID = {
    "gridcolor": "rgba(128,128,128,0.18)",
    "linecolor": "rgba(128,128,128,0.6)",
    "showline": True,
    "ticks": "outside",
    "tickcolor": "rgba(128,128,128,0.6)",
    "zeroline": False,
    "automargin": True,
}
TEMPLATE = go.layout.Template(
    layout={
        "colorway": PALETTE,
        "font": {"size": 12},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "xaxis": _GRID,
        "yaxis": _GRID,
        "title": {"x": 0, "xref": "container", "pad": {"l": 12}, "font": {"size": 16}},
        "margin": {"l": 60, "r": 20, "t": 84, "b": 50},
        "hovermode": "closest",
        "colorscale": {"sequential": "Viridis"},
        "bargap": 0.25,
    }
)


LEGEND = {
    "itemsizing": "constant",
    "orientation": "h",
    "x": 1,
    "xanchor": "right",
    "y": 1.01,
    "yanchor": "bottom",
}


def label(text: object, longest: int = LONGEST) -> str:
    """Return a user's text for a figure: short, one line, and without markup.

    plotly interprets tags and links in texts as markup, so these are escaped.
    """
    return html.escape(raw(text, longest), quote=False)


def raw(text: object, longest: int = LONGEST) -> str:
    """Return the same unescaped, for the few places where plotly uses a text literally."""
    flat = _CONTROL.sub(" ", _ESCAPE.sub("", str(text))).strip()
    return flat if len(flat) <= longest else f"{flat[: longest - 1]}…"


def run_label(run: RunRecord) -> str:
    """Return the name of a run in a legend or a tooltip."""
    attempt = f", attempt {run.attempt}" if run.attempt else ""
    return f"run {run.number} ({run.id}{attempt})"


def figure(title: str, note: str = "", *, x: str = "", y: str = "", **layout: Any) -> Figure:  # noqa: ANN401 - plotly's
    """Return an empty figure; `title`, `note`, `x` and `y` are already markup."""
    plot = Figure(
        layout={
            "template": TEMPLATE,
            "height": HEIGHT,
            "title": {"text": title, **({"subtitle": {"text": note}} if note else {})},
            "legend": LEGEND,
            **layout,
        }
    )
    if x:
        plot.update_xaxes(title=x)
    if y:
        plot.update_yaxes(title=y)
    return plot


def objective_colorscale(values: list[float], *, maximize: bool) -> dict[str, Any]:
    """Return the colour scale of objectives: better values are darker.

    With many values, the worst twentieth looks the same: one diverged run must not fade the rest.
    """
    ordered = sorted(values)
    cut = len(ordered) // 20
    low, high = ordered[cut if maximize else 0], ordered[-1 if maximize else -1 - cut]
    if low == high:
        low, high = ordered[0], ordered[-1]
    return {"colorscale": "Viridis", "reversescale": maximize, "cmin": low, "cmax": high}
