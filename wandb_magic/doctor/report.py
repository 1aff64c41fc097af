"""Reports diagnostics as text, as escaped HTML and as JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from wandb_magic.display import css
from wandb_magic.display.states import Tone
from wandb_magic.doctor.diagnostics import Diagnostic, Level, Section

LEVEL_SYMBOLS = {Level.OK: "✓", Level.NOTE: "!", Level.PROBLEM: "✗"}
_LEVEL_COLORS = {
    Level.OK: css.COLORS[Tone.GOOD],
    Level.NOTE: css.COLORS[Tone.WARNING],
    Level.PROBLEM: css.COLORS[Tone.BAD],
}
_CELL = "padding:1px 12px 1px 0;text-align:left;vertical-align:top;border:none"
_CODE = (
    "margin:2px 0;padding:2px 6px;white-space:pre-wrap;user-select:all;"
    "background:var(--jp-layout-color2,rgba(128,128,128,.15))"
)


def text(sections: Sequence[Section]) -> str:
    """Return the diagnostics as lines of text, each remedy below its diagnostic."""
    lines = []
    for section in sections:
        lines.append(section.subject)
        for diagnostic in section.diagnostics:
            lines.append(f"  {LEVEL_SYMBOLS[diagnostic.level]} {diagnostic.text}")
            lines += [f"      {line}" for line in diagnostic.remedy.splitlines()]
    return "\n".join([*lines, "", conclusion(sections)])


def html(sections: Sequence[Section]) -> str:
    """Return the diagnostics as an HTML table."""
    rows = "".join(
        _row("" if row else section.subject, diagnostic)
        for section in sections
        for row, diagnostic in enumerate(section.diagnostics)
    )
    return (
        f'<div style="{css.TEXT}"><table style="border-collapse:collapse;margin:0">{rows}'
        f"</table><div>{escape(conclusion(sections))}</div></div>"
    )


def to_json(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """Return the diagnostics as JSON values."""
    return [
        {
            "subject": section.subject,
            "level": diagnostic.level.value,
            "text": diagnostic.text,
            "remedy": diagnostic.remedy,
        }
        for section in sections
        for diagnostic in section.diagnostics
    ]


def conclusion(sections: Sequence[Section]) -> str:
    """Return a summary in one sentence."""
    levels = [diagnostic.level for section in sections for diagnostic in section.diagnostics]
    counts = [
        f"{count} {level.value}{'' if count == 1 else 's'}"
        for level in (Level.PROBLEM, Level.NOTE)
        if (count := levels.count(level))
    ]
    return f"Found: {', '.join(counts)}." if counts else "All is well."


def has_problems(sections: Sequence[Section]) -> bool:
    """Return whether any diagnostic is a problem."""
    return any(section.level is Level.PROBLEM for section in sections)


def _row(subject: str, diagnostic: Diagnostic) -> str:
    symbol = (
        f'<span style="color:{_LEVEL_COLORS[diagnostic.level]}" title="{diagnostic.level.value}">'
        f"{LEVEL_SYMBOLS[diagnostic.level]}</span>"
    )
    remedy = f'<pre style="{_CODE}">{escape(diagnostic.remedy)}</pre>' if diagnostic.remedy else ""
    cells = (f"<b>{escape(subject)}</b>", symbol, escape(diagnostic.text) + remedy)
    columns = "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells)
    return f'<tr style="background:none">{columns}</tr>'
