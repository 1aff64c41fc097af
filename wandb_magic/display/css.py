"""Inline styles with JupyterLab's fonts and colours, and fallbacks for every other front end.

All styles are inline, because a saved notebook has no style sheet, and nothing is fetched.
"""

from wandb_magic.display.states import Tone

TEXT = (
    "font-family:var(--jp-ui-font-family,system-ui,sans-serif);"
    "font-size:var(--jp-ui-font-size1,13px);line-height:1.5;"
    "color:var(--jp-ui-font-color1,inherit)"
)
MUTED = "opacity:.75"
FIGURES = "font-variant-numeric:tabular-nums"
LINE = "var(--jp-brand-color1,#1976d2)"
COLORS = {
    Tone.QUIET: "var(--jp-ui-font-color2,#808080)",
    Tone.ACTIVE: LINE,
    Tone.GOOD: "var(--jp-success-color1,#388e3c)",
    Tone.WARNING: "var(--jp-warn-color1,#f57c00)",
    Tone.BAD: "var(--jp-error-color1,#d32f2f)",
}
