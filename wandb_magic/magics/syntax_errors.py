"""A syntax error in the cell of a sweep, shown as IPython shows one in any other cell."""

from __future__ import annotations

import traceback


class CellError(Exception):
    """Stands for a syntax error: with one, IPython would show its way through this package."""

    def __init__(self, message: str, lines: list[str]) -> None:
        super().__init__(message)
        self._lines = lines

    def _render_traceback_(self) -> list[str]:
        return self._lines


def as_cell_error(error: SyntaxError, cell: str, count: int) -> CellError:
    """Return the error for IPython to show: where in the cell, and what is wrong there.

    Parameters
    ----------
    error
        What the parser or the compiler raised.
    cell
        The cell's text, with the magic's line first.
    count
        The cell's number.
    """
    lines = ["", *cell.split("\n")]
    number = error.lineno or 0
    if number >= len(lines):  # an end that does not come
        number = error.lineno = len(lines) - 1
    if not (error.text or "").strip():  # the compiler has none
        error.text = lines[number]
    first, *rest = traceback.format_exception_only(type(error), error)
    if not first.startswith("  File"):
        first, rest = "", [first, *rest]
    place = [f"  Cell In[{count}], line {number}"] if number else []
    text = "".join([*(f"{each}\n" for each in place), *rest])
    # IPython knows an error by the name of its class.
    kind: type[CellError] = type(type(error).__name__, (CellError,), {})
    return kind(error.msg, text.splitlines())
