"""Pieces of HTML. Whatever comes from a sweep passes `text` here, and so is nothing but text."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from wandb_magic.analysis.report.redaction import redact

_ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
LONGEST = 200


def text(value: object, longest: int | None = None) -> str:
    """Return a text of anybody's as HTML: without secrets, colours of terminals and control."""
    plain = _CONTROL.sub("�", _ESCAPE.sub("", redact(str(value))))
    if longest is not None and len(plain) > longest:
        plain = f"{plain[: longest - 1]}…"
    return html.escape(plain.encode("utf-8", "replace").decode("utf-8"))


def script(value: object) -> str:
    """Return JSON that can stand in a script element, whatever texts it holds."""
    raw = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for found, safe in {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}.items():
        raw = raw.replace(found, safe)
    return raw  # ASCII: U+2028 is escaped by json


def section(name: str, title: str, *parts: str) -> str:
    """Return a part of the page; `parts` are HTML."""
    return f'<section id="{name}"><h2>{html.escape(title)}</h2>{"".join(parts)}</section>'


def block(code: str) -> str:
    """Return a text with its lines as they are."""
    return f'<pre tabindex="0"><code>{text(code)}</code></pre>'


def pairs(rows: Iterable[tuple[str, object]]) -> str:
    """Return names and their values."""
    found = (f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in rows)
    return f"<dl>{''.join(found)}</dl>"


def number(value: float | None, digits: int = 5) -> str:
    """Return a number for people."""
    return "" if value is None else f"{value:.{digits}g}"


def cell(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a cell of the table, with what it is sorted by."""
    if value is None:
        return "<td></td>"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        shown = number(value) if isinstance(value, float) else text(value, LONGEST)
        key = f' data-v="{value!r:.40}"' if _sortable(value) else ""
        return f'<td class="n"{key}>{shown}</td>'
    shown = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return f"<td>{text(shown, LONGEST)}</td>"


def heads(names: Sequence[str], numeric: Sequence[bool]) -> str:
    """Return the head of a table whose columns can be sorted; `numeric` are those of numbers."""
    found = (
        f'<th scope="col"{" class=n" if right else ""}>'
        f'<button type="button">{text(name, 60)}</button></th>'
        for name, right in zip(names, numeric, strict=True)
    )
    return f"<thead><tr>{''.join(found)}</tr></thead>"


def _sortable(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
