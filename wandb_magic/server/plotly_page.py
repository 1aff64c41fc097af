"""Draws a plotly figure that a run has logged, as a page that loads nothing.

The page holds the figure and the plotly.js of the server's own plotly package, which is only read,
not imported. Like every file of a run, it is sandboxed in an origin of its own.
"""

from __future__ import annotations

import json
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

MAX_FIGURE = 1 << 26  # bytes; browsers draw nothing larger
_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Figure</title>
<style>
html, body, #figure { height: 100%; margin: 0; background: #fff; color: #111; }
p { font: 13px sans-serif; padding: 8px; margin: 0; }
</style>
<body>
"""
_SCRIPT = """
const show = reason => {
  document.body.innerHTML = "<p role='alert'></p>";
  document.body.firstChild.textContent = "This figure cannot be drawn: " + reason;
};
try {
  const { data, layout = {}, frames = [] } = JSON.parse(FIGURE);
  delete layout.width;
  delete layout.height;
  const config = { responsive: true, displaylogo: false, showSendToCloud: false };
  Plotly.newPlot("figure", { data, layout: { ...layout, autosize: true }, frames, config })
    .catch(error => show(error.message));
} catch (error) {
  show(error.message);
}
"""


def plotly_page(figure: BinaryIO) -> str:
    """Return the page of a figure in plotly's JSON; one that says why if it cannot be drawn."""
    with figure:
        content = figure.read(MAX_FIGURE + 1)
    if len(content) > MAX_FIGURE:
        return _message(f"This figure is larger than {MAX_FIGURE >> 20} MiB: download it.")
    library = _plotly_js()
    if library is None:
        return _message(
            "The environment of the Jupyter server has no plotly to draw this figure with: "
            "run `pip install plotly` there, and open it again."
        )
    # As a string, the figure cannot end the script, whatever it contains.
    text = json.dumps(content.decode("utf-8", "replace")).replace("<", "\\u003c")
    script = _SCRIPT.replace("FIGURE", text)
    return f'{_PAGE}<div id="figure"></div>\n<script>{library}</script>\n<script>{script}</script>'


def _message(text: str) -> str:
    return f'{_PAGE}<p role="alert">{escape(text)}</p>'


def _plotly_js() -> str | None:
    spec = find_spec("plotly")
    for folder in spec.submodule_search_locations or () if spec is not None else ():
        file = Path(folder) / "package_data" / "plotly.min.js"
        if file.is_file():
            return file.read_text(encoding="utf-8")
    return None
