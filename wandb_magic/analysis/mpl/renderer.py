"""A figure of plotly's as a picture, drawn by matplotlib from the figure's own traces.

It need not look the same to the pixel, and it may leave out what a picture has no use for. It
uses neither pyplot nor the user's settings of matplotlib, and tells nobody of a font that lacks a
letter.
"""

from __future__ import annotations

import io
import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import ticker
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from wandb_magic.analysis.mpl.cartesian import cartesian
from wandb_magic.analysis.mpl.colorscale import ColorAxis
from wandb_magic.analysis.mpl.parallel import parallel
from wandb_magic.analysis.mpl.plotly_values import number, plain, values

Json = dict[str, Any]
WIDTH, HEIGHT = 760, 420  # CSS pixels, of a figure that does not say
INCH = 96
EDGE = 10  # CSS pixels around everything
LEGEND = 8  # the most entries that a picture has room for
PARCOORDS_EDGE = 0.04
LETTER = 5.5  # CSS pixels
NARROW = 240
_STYLE: Any = {
    "font.size": 9,
    "text.parse_math": False,
    "text.usetex": False,
    "axes.edgecolor": "0.6",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.xmargin": 0.02,
    "grid.color": "0.9",
    "grid.linewidth": 0.6,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.formatter.useoffset": False,
}


def png(figure: Json, scale: float = 1.5) -> bytes:
    """Return the picture of a figure, given as plotly's dict; `scale` in dots a CSS pixel."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        drawn = _drawn(figure)
        drawn.set_dpi(INCH * scale)
        return _encoded(drawn)


def _encoded(drawn: Figure) -> bytes:
    """Return a PNG of 256 colours: a quarter of the size, and nobody sees a difference."""
    from PIL import Image  # noqa: PLC0415 - matplotlib brings it

    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    pixels = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    file = io.BytesIO()
    pixels.quantize(256, dither=Image.Dither.NONE).save(file, "png", optimize=True)
    return file.getvalue()


def _drawn(held: Json) -> Figure:
    layout = held.get("layout", {})
    size = layout.get("width") or WIDTH, layout.get("height") or HEIGHT
    figure = Figure(figsize=(size[0] / INCH, size[1] / INCH))
    FigureCanvasAgg(figure)
    traces = [each for each in held.get("data", []) if each.get("visible", True) is True]
    shades = [
        shade
        for shade in itertools.chain(
            cartesian(figure, traces, layout), _whole(figure, traces, layout)
        )
        if shade is not None and shade.bar
    ]
    _arrange(figure, layout, shades[:1])
    return figure


def _whole(figure: Figure, traces: list[Json], layout: Json) -> Iterator[ColorAxis | None]:
    for trace in traces:
        if trace.get("type") == "parcoords":
            axes = figure.add_axes((0, 0, 1, 1), label="parcoords")
            axes.set_gid("whole")
            yield parallel(trace, axes, layout)


def _arrange(figure: Figure, layout: Json, shades: list[ColorAxis]) -> None:
    """Put title, axes, colour bar and legend where nothing covers anything else."""
    width, height = figure.get_size_inches() * INCH
    title = layout.get("title") or {}
    text = plain(title.get("text") or "" if isinstance(title, dict) else title)
    note = (
        plain((title.get("subtitle") or {}).get("text") or "") if isinstance(title, dict) else ""
    )
    top = EDGE
    if text:
        figure.text(EDGE / width, 1 - EDGE / height, text, va="top", fontsize=11)
        top += 22 + 16 * text.count("\n")
    if note:
        figure.text(EDGE / width, 1 - top / height, note, va="top", fontsize=8.5, color="0.4")
        top += 18
    bar = None
    if shades:
        bar = figure.add_axes((0, 0, 1, 1), label="bar")
        bar.set_gid("bar")
        figure.colorbar(shades[0].mappable, cax=bar)
        if shades[0].ticks:
            names = shades[0].names or [f"{tick:.4g}" for tick in shades[0].ticks]
            bar.set_yticks(shades[0].ticks, names)
        bar.set_title(shades[0].title, fontsize=8, loc="left")
        bar.tick_params(labelsize=8)
    legend = _legend(figure, layout)
    edge = {"left": 50.0, "right": 20.0, "top": float(top + 10), "bottom": 40.0}
    for _ in range(2):  # what sticks out is only known once everything has a place
        area = (
            edge["left"] / width,
            edge["bottom"] / height,
            1 - edge["right"] / width,
            1 - edge["top"] / height,
        )
        _place(figure, layout, area, width)
        _turn(figure, width)
        if legend is not None:
            legend.set_bbox_to_anchor((area[2] + (90 if bar else 12) / width, area[3]))
        covered = _covered(figure, legend)
        edge["left"] += EDGE - covered.x0
        edge["bottom"] += EDGE - covered.y0
        edge["right"] += covered.x1 - (width - EDGE)
        edge["top"] += covered.y1 - (height - top)
        edge = {name: max(0.0, size) for name, size in edge.items()}
    _annotate(figure, layout)


def _place(figure: Figure, layout: Json, area: tuple[float, ...], width: float) -> None:
    left, bottom, right, top = area
    across, up = max(right - left, 0.1), max(top - bottom, 0.1)
    for axes in figure.axes:
        if axes.get_gid() == "bar":
            axes.set_position((right + 16 / width, bottom, 12 / width, up))
            continue
        x0, x1, y0, y1 = 0.0, 1.0, 0.0, 1.0
        if axes.get_gid() == "cartesian":
            x, y = str(axes.get_label()).split()
            x0, x1 = layout.get(f"xaxis{x[1:]}", {}).get("domain") or (0, 1)
            y0, y1 = layout.get(f"yaxis{y[1:]}", {}).get("domain") or (0, 1)
        else:
            x0, x1 = PARCOORDS_EDGE, 1 - PARCOORDS_EDGE
        axes.set_position(
            (left + x0 * across, bottom + y0 * up, (x1 - x0) * across, (y1 - y0) * up)
        )


def _turn(figure: Figure, width: float) -> None:
    """Turn the names of categories that would cover each other, and thin out numbers."""
    for axes in figure.axes:
        names = [label for label in axes.get_xticklabels() if label.get_text()]
        known = axes.get_gid() == "cartesian" and isinstance(
            axes.xaxis.get_major_locator(), ticker.FixedLocator
        )
        room = axes.get_position().width * width
        if axes.get_xscale() == "log" and room < NARROW:
            axes.xaxis.set_major_locator(ticker.LogLocator(numticks=3))
        if known and sum(len(label.get_text()) + 2 for label in names) * LETTER > room:
            for label in names:
                label.set(rotation=30, ha="right", rotation_mode="anchor")


def _covered(figure: Figure, legend: Any) -> Bbox:  # noqa: ANN401 - a legend, or None
    """Return what everything but the title covers, in CSS pixels."""
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined] # Agg's has one
    # What lies inside needs no measuring, and would take seconds where there are contours.
    boxes = [axes.get_tightbbox(renderer, bbox_extra_artists=axes.texts) for axes in figure.axes]
    if legend is not None:
        boxes.append(legend.get_window_extent(renderer))
    covered = Bbox.union([box for box in boxes if box is not None] or [figure.bbox])
    ratio = INCH / figure.dpi
    return Bbox(covered.get_points() * ratio)


def _legend(figure: Figure, layout: Json) -> Any:  # noqa: ANN401 - matplotlib's, or None
    if layout.get("showlegend") is False:
        return None
    entries: dict[str, Any] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    least = 1 if layout.get("showlegend") else 2
    if not least <= len(entries) <= LEGEND:
        return None
    names = [name if len(name) < 30 else f"{name[:28]}…" for name in entries]  # noqa: PLR2004
    return figure.legend(list(entries.values()), names, loc="upper left")


def _annotate(figure: Figure, layout: Json) -> None:
    """Write what plotly writes on the paper, as the titles of parts are."""
    places = [axes.get_position() for axes in figure.axes if axes.get_gid() != "bar"]
    if not places:
        return
    paper = Bbox.union(places)
    for note in values(layout.get("annotations")):
        if note.get("xref", "paper") == note.get("yref", "paper") == "paper":
            at = number(note.get("x")), number(note.get("y"))
            figure.text(
                paper.x0 + at[0] * paper.width,
                paper.y0 + at[1] * paper.height,
                plain(note.get("text") or ""),
                ha={"left": "left", "right": "right"}.get(note.get("xanchor", ""), "center"),
                va={"bottom": "bottom", "top": "top"}.get(note.get("yanchor", ""), "center"),
                fontsize=9,
            )
