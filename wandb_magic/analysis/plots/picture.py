"""Draws a chart as a PNG, with matplotlib.

It uses neither pyplot nor the user's settings of matplotlib, and needs no browser.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from wandb_magic.analysis.plots.chart import Chart
from wandb_magic.analysis.plots.style import HEIGHT, LONGEST_TITLE, WIDTH, raw

INCH = 96  # CSS pixels
EDGE = 10  # CSS pixels around everything
TITLE, NOTE = 11.0, 8.5  # points
LINE = 1.8  # the height of a line, in CSS pixels for each point of the font
LETTER = 0.85  # the width of a letter, as above
# Fonts that have the letters which matplotlib's own lacks. Those that are installed are used.
FALLBACK_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "PingFang SC"),
    *("Hiragino Sans", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "WenQuanYi Zen Hei"),
    *("WenQuanYi Micro Hei", "Arial Unicode MS", "Noto Sans Devanagari", "Noto Sans Thai"),
    *("Noto Sans Symbols", "Noto Sans Symbols 2", "Symbola"),
)
STYLE: Any = {
    "font.size": 9,
    "text.parse_math": False,
    "text.usetex": False,
    "axes.edgecolor": "0.6",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.xmargin": 0.03,
    "grid.color": "0.9",
    "grid.linewidth": 0.6,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.formatter.useoffset": False,
}


def png(
    chart: Chart, *, width: float = WIDTH, height: float = HEIGHT, scale: float = 1.5
) -> bytes:
    """Return a chart as PNG; `width` and `height` in CSS pixels, `scale` in dots for each."""
    with settings():
        figure = drawn(chart, width, height)
        figure.set_dpi(INCH * scale)
        return _encoded(figure)


@contextmanager
def settings() -> Iterator[None]:
    """Use our own settings of matplotlib, and accept what a chart may hold."""
    with mpl.rc_context(), warnings.catch_warnings(), np.errstate(all="ignore"):
        # A letter that no installed font has is drawn as a box.
        warnings.filterwarnings(
            "ignore", message=r"Glyph \d+ .*missing from", category=UserWarning
        )
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        mpl.rcParams["font.family"] = ["DejaVu Sans", *_installed(FALLBACK_FONTS)]
        yield


def drawn(chart: Chart, width: float = WIDTH, height: float = HEIGHT) -> Figure:
    """Return a chart as matplotlib's figure; call this, and draw the figure, within `settings`."""
    figure = Figure(figsize=(width / INCH, height / INCH))
    top = _draw_title(figure, chart, width, height)
    pad, side = EDGE / INCH / 2, EDGE / width / 2
    area = (side, 0, 1 - 2 * side, 1 - top / height)
    figure.set_layout_engine("constrained", rect=area, w_pad=pad, h_pad=pad, wspace=0.01)
    chart.draw_matplotlib(figure)
    return figure


def _draw_title(figure: Figure, chart: Chart, width: float, height: float) -> float:
    """Write the title and the note; return how high they are, in CSS pixels."""
    top = float(EDGE)
    for text, size, color in ((chart.title, TITLE, "0"), (chart.note, NOTE, "0.4")):
        columns = max(10, int((width - 2 * EDGE) / size / LETTER))
        lines = textwrap.wrap(raw(text, LONGEST_TITLE), columns)
        place = EDGE / width, 1 - top / height
        if lines:
            figure.text(*place, "\n".join(lines), va="top", fontsize=size, color=color)
        top += len(lines) * size * LINE
    return top


def _installed(families: tuple[str, ...]) -> list[str]:
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return [family for family in families if family in installed]


def _encoded(figure: Figure) -> bytes:
    """Return a PNG of 256 colours: a quarter of the size, and nobody sees a difference."""
    from PIL import Image  # noqa: PLC0415 - matplotlib depends on it

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    file = io.BytesIO()
    pixels.quantize(256, dither=Image.Dither.NONE).save(file, "png", optimize=True)
    return file.getvalue()
