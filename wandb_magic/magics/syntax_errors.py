"""Shows a syntax error in a sweep's cell as IPython shows one in any other cell."""

from __future__ import annotations

import traceback


class CellError(Exception):
    """Replaces a syntax error, for which IPython would show frames of this package."""

    def __init__(self, message: str, lines: list[str]) -> None:
        super().__init__(message)
        self._lines = lines

    def _render_traceback_(self) -> list[str]:
        return self._lines


def as_cell_error(error: SyntaxError, cell: str, count: int) -> CellError:
    """Return the error for IPython to show: the place in the cell, and what is wrong.

    Parameters
    ----------
    error
        The error that the parser or the compiler raised.
    cell
        The cell's text, with the magic's line first.
    count
        The cell's execution count.
    """
    lines = ["", *cell.split("\n")]
    number = error.lineno or 0
    if number >= len(lines):  # the end of the cell is missing
        number = error.lineno = len(lines) - 1
    if not (error.text or "").strip():  # the compiler does not set it
        error.text = lines[number]
    first, *rest = traceback.format_exception_only(type(error), error)
    if not first.startswith("  File"):
        first, rest = "", [first, *rest]
    location = [f"  Cell In[{count}], line {number}"] if number else []
    text = "".join([*(f"{line}\n" for line in location), *rest])
    # IPython shows the name of the error's class.
    kind: type[CellError] = type(type(error).__name__, (CellError,), {})
    return kind(error.msg, text.splitlines())
