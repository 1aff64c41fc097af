"""The style of all plots: the panel's colours, one layout, texts that cannot become markup."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from wandb_magic.analysis.escape_sequences import plain_line
from wandb_magic.analysis.plots.chart import Chart
from wandb_magic.records import RunRecord, RunState

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
GREY = "#808080"
STRONG, FAINT = 0.45, 0.28  # opacities of what is in the background
MANY = 60  # with more lines than this, each is drawn fainter
BAR = 0.75  # the width of a bar, of the distance between two
WIDTH, HEIGHT = 760, 420  # CSS pixels; plotly's width is that of the page
LONGEST_ENTRY = 40
ROW = 110  # characters in one row of the legend of a picture
MOST_ENTRIES = 12  # in the legend of a picture
LONGEST = 60
LONGEST_TITLE = 140
LONGEST_LINE = 100  # in a tooltip
MOST_CHARACTERS = 10_000  # of a text that is shortened later
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


def flat(text: object) -> str:
    """Return a user's text for a chart: one line without control characters, in full."""
    readable = str(text)[:MOST_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
    return plain_line(readable)


def label(text: object, longest: int = LONGEST) -> str:
    """Return a text for plotly: short, one line, and without markup.

    plotly interprets tags and links in texts as markup, so these are escaped.
    """
    return html.escape(raw(text, longest), quote=False)


def raw(text: object, longest: int = LONGEST) -> str:
    """Return the same unescaped: for matplotlib, and where plotly uses a text literally.

    A long text keeps its end, in which the names of nested parameters differ.
    """
    line = flat(text)
    if len(line) <= longest:
        return line
    end = longest // 3
    return f"{line[: longest - end - 1]}…{line[len(line) - end :]}"


def tooltip_texts(texts: Sequence[str]) -> list[str]:
    """Return texts for plotly's tooltips; these may have several lines."""
    lines = (text.split("\n") for text in texts)
    return ["<br>".join(label(line, LONGEST_LINE) for line in each) for each in lines]


def css(color: str, alpha: float = 1.0) -> str:
    """Return a colour, ``#rrggbb``, for plotly."""
    if alpha == 1:
        return color
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return f"rgba({red},{green},{blue},{alpha:g})"


def run_label(run: RunRecord) -> str:
    """Return the name of a run in a legend or a tooltip."""
    attempt = f", attempt {run.attempt}" if run.attempt else ""
    return f"run {run.number} ({flat(run.id)}{attempt})"


def run_count(count: int) -> str:
    """Return how many runs there are, in words."""
    return "1 run" if count == 1 else f"{count:,} runs"


def plotly_figure(chart: Chart, traces: Sequence[Any], **layout: Any) -> go.Figure:  # noqa: ANN401 - plotly's
    """Return plotly's figure of a chart, in our style."""
    title = {"text": label(chart.title, LONGEST_TITLE)}
    subtitle = {"subtitle": {"text": label(chart.note, LONGEST_TITLE)}} if chart.note else {}
    return go.Figure(
        data=traces,
        layout={
            "template": TEMPLATE,
            "height": HEIGHT,
            "title": {**title, **subtitle},
            "legend": LEGEND,
            **layout,
        },
    )


def draw_legend(axes: Axes, entries: Mapping[str, Any]) -> None:
    """Draw matplotlib's legend above `axes`: what is on top comes last, as in plotly's."""
    names = [raw(name, LONGEST_ENTRY) for name in entries]
    if not names:
        return
    hidden = max(0, len(names) - MOST_ENTRIES)
    columns = max(1, ROW // (max(map(len, names)) + 6))
    axes.legend(
        list(entries.values())[hidden:],
        # matplotlib leaves out what begins with an underscore.
        [f" {name}" if name.startswith("_") else name for name in names[hidden:]],
        loc="lower right",
        bbox_to_anchor=(1, 1),
        borderaxespad=0.2,
        ncols=min(columns, len(names) - hidden),
        title=f"the last {MOST_ENTRIES} of {len(names)}" if hidden else None,
    )
