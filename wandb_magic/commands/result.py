"""The result of a verb, independent of where it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CommandResult:
    """The result of a verb.

    Attributes
    ----------
    text
        Human-readable text.
    data
        The same as a JSON value, if available.
    frame
        Returns a frame, for results that are best shown as one.
    html
        HTML for a notebook, if it shows more than the text.
    is_error
        Whether it reports a problem, which the exit code then indicates.
    """

    text: str
    data: object = None
    frame: Callable[[], pd.DataFrame] | None = None
    html: str = ""
    is_error: bool = False
