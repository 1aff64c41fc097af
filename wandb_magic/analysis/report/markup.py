"""HTML building blocks. Everything from a sweep goes through `text`, so it cannot be markup."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from wandb_magic.analysis.report.redaction import redact

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
LONGEST = 200


def text(value: object, longest: int | None = None) -> str:
    """Return any text as HTML: without secrets, escape sequences and control characters."""
    plain = _CONTROL.sub("�", redact(str(value)))
    if longest is not None and len(plain) > longest:
        plain = f"{plain[: longest - 1]}…"
    return html.escape(plain.encode("utf-8", "replace").decode("utf-8"))


def script(value: object) -> str:
    """Return JSON that is safe in a script element, whatever texts it contains."""
    raw = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for character, safe in {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}.items():
        raw = raw.replace(character, safe)
    return raw  # ASCII: U+2028 is escaped by json


def section(name: str, title: str, *parts: str) -> str:
    """Return a section of the page; `parts` are HTML."""
    return f'<section id="{name}"><h2>{html.escape(title)}</h2>{"".join(parts)}</section>'


def block(code: str) -> str:
    """Return a preformatted text."""
    return f'<pre tabindex="0"><code>{text(code)}</code></pre>'


def pairs(rows: Iterable[tuple[str, object]]) -> str:
    """Return a list of names and values."""
    items = (f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in rows)
    return f"<dl>{''.join(items)}</dl>"


def number(value: float | None, digits: int = 5) -> str:
    """Return a number in readable form."""
    return "" if value is None else f"{value:.{digits}g}"


def cell(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a cell of the table, with its sort key."""
    if value is None:
        return "<td></td>"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        shown = number(value) if isinstance(value, float) else text(value, LONGEST)
        key = f' data-v="{value!r:.40}"' if _sortable(value) else ""
        return f'<td class="n"{key}>{shown}</td>'
    shown = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return f"<td>{text(shown, LONGEST)}</td>"


def heads(names: Sequence[str], numeric: Sequence[bool]) -> str:
    """Return the head of a sortable table; `numeric` marks the columns of numbers."""
    cells = (
        f'<th scope="col"{" class=n" if is_numeric else ""}>'
        f'<button type="button">{text(name, 60)}</button></th>'
        for name, is_numeric in zip(names, numeric, strict=True)
    )
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def _sortable(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
