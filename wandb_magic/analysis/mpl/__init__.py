"""Plotly's figures that a saved notebook shows anywhere.

A `Figure` gives a front end two things: the interactive plot, and the same as a picture. Where
nothing can show the first (a viewer without JavaScript, GitHub, a Jupyter server without plotly)
the second is seen. Nothing here knows a sweep, needs a browser, or touches pyplot's state.
"""

from wandb_magic.analysis.mpl.figure import Figure

__all__ = ["Figure"]
