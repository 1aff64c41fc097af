"""Short answers: no more than an assistant can afford to read, with a cursor for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wandb_magic.analysis.escape_sequences import plain_line
from wandb_magic.analysis.report.redaction import redact
from wandb_magic.arguments import ArgumentError

MAX_BYTES = 3600
"""The longest answer: some 1,500 tokens, which have 2.4 bytes in tables of numbers, or more."""

_RESERVED = 80  # bytes for the line with the cursor
_MAX_LINE = 300


def page(lines: Sequence[str], cursor: str = "") -> str:
    """Return as many lines as fit, from a cursor on, and the cursor of the next answer.

    Parameters
    ----------
    lines
        All lines of the answer.
    cursor
        What the last answer said; "" for the first.

    Raises
    ------
    ArgumentError
        If it is not a cursor of an earlier answer.
    """
    begin = position(cursor, len(lines))
    size, shown = 0, list[str]()
    for line in lines[begin:]:
        text = clean(line)
        size += len(text.encode()) + 1
        if size > MAX_BYTES - _RESERVED:
            break
        shown.append(text)
    end = begin + len(shown)
    if end < len(lines):
        shown.append(f"(lines {begin + 1} to {end} of {len(lines)}; more: cursor {end})")
    return "\n".join(shown) or "(nothing)"


def position(cursor: str, maximum: int) -> int:
    """Return the position that a cursor stands for.

    Raises
    ------
    ArgumentError
        If it is not a cursor of an earlier answer.
    """
    if not cursor:
        return 0
    if not cursor.isdecimal() or not cursor.isascii() or len(cursor) > 15:  # noqa: PLR2004 - digits
        raise ArgumentError("cursor: pass the number that the last answer gave, or leave it out")
    return min(int(cursor), maximum)


def clean(line: str, length: int = _MAX_LINE) -> str:
    """Return a line without secrets and control characters, cut after `length` characters."""
    text = plain_line(redact(line[: 4 * length]))
    indent = " " * (len(line) - len(line.lstrip(" ")))
    text = f"{indent[:8]}{text}"
    return text if len(text) <= length else f"{text[: length - 1]}…"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table as lines with a bar between columns, and no padding, which costs tokens."""
    return [" | ".join(header), *(" | ".join(row) for row in rows)]
