"""What a verb has to say, before anybody knows where it will be shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CommandResult:
    """What a verb has to say.

    Attributes
    ----------
    text
        For people.
    data
        As a JSON value, where there is one.
    frame
        Gives it as a frame, where that says it best.
    html
        For a notebook, where it says more than the text.
    is_error
        Whether it is bad news, which a program should hear by the exit code.
    """

    text: str
    data: object = None
    frame: Callable[[], pd.DataFrame] | None = None
    html: str = ""
    is_error: bool = False
