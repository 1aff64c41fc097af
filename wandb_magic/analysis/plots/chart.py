"""What a plot shows, before it is drawn: the one source of both its drawings.

A chart holds numbers and plain texts. plotly draws it for a page, and matplotlib draws it as a
picture; neither is derived from the other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Chart(ABC):
    """A plot's data.

    Attributes
    ----------
    title, note
        What it shows, and on which runs it is based. All texts are plain: each drawing shortens
        them, and escapes them where it needs to.
    """

    title: str
    note: str = ""

    @abstractmethod
    def draw_plotly(self) -> go.Figure:
        """Return the interactive drawing."""

    @abstractmethod
    def draw_matplotlib(self, figure: Figure) -> None:
        """Draw the same on an empty figure, except for the title and the note."""
