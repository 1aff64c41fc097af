"""Inline styles with JupyterLab's fonts and colours, and fallbacks for every other front end.

All styles are inline, because a saved notebook has no style sheet, and nothing is fetched.
"""

TEXT = (
    "font-family:var(--jp-ui-font-family,system-ui,sans-serif);"
    "font-size:var(--jp-ui-font-size1,13px);line-height:1.5;"
    "color:var(--jp-ui-font-color1,inherit)"
)
MUTED = "opacity:.75"
FIGURES = "font-variant-numeric:tabular-nums"
LINE = "var(--jp-brand-color1,#1976d2)"
_GOOD = "var(--jp-success-color1,#388e3c)"
_BAD = "var(--jp-error-color1,#d32f2f)"
_WARN = "var(--jp-warn-color1,#f57c00)"
_QUIET = "var(--jp-ui-font-color2,#808080)"
COLORS = {
    "pending": _QUIET,
    "running": LINE,
    "paused": _WARN,
    "stopping": _WARN,
    "finished": _GOOD,
    "stopped": _QUIET,
    "pruned": _QUIET,
    "failed": _BAD,
    "killed": _BAD,
    "lost": _BAD,
    "died": _BAD,
}
