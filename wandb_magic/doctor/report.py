"""What was found, as text, as HTML and as JSON values. Whatever was found is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from wandb_magic.display import style
from wandb_magic.doctor.findings import Finding, Level, Section

MARKS = {Level.OK: "✓", Level.NOTE: "!", Level.PROBLEM: "✗"}
_COLOURS = {
    Level.OK: style.COLOURS["finished"],
    Level.NOTE: style.COLOURS["paused"],
    Level.PROBLEM: style.COLOURS["failed"],
}
_CELL = "padding:1px 12px 1px 0;text-align:left;vertical-align:top;border:none"
_CODE = (
    "margin:2px 0;padding:2px 6px;white-space:pre-wrap;user-select:all;"
    "background:var(--jp-layout-color2,rgba(128,128,128,.15))"
)


def text(sections: Sequence[Section]) -> str:
    """Return what was found as lines, each remedy below its finding."""
    lines = []
    for section in sections:
        lines.append(section.subject)
        for finding in section.findings:
            lines.append(f"  {MARKS[finding.level]} {finding.text}")
            lines += [f"      {line}" for line in finding.remedy.splitlines()]
    return "\n".join([*lines, "", verdict(sections)])


def html(sections: Sequence[Section]) -> str:
    """Return what was found as a table."""
    rows = "".join(
        _row("" if row else section.subject, finding)
        for section in sections
        for row, finding in enumerate(section.findings)
    )
    return (
        f'<div style="{style.TEXT}"><table style="border-collapse:collapse;margin:0">{rows}'
        f"</table><div>{escape(verdict(sections))}</div></div>"
    )


def data(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """Return what was found as JSON values, a finding each."""
    return [
        {
            "subject": section.subject,
            "level": finding.level.value,
            "text": finding.text,
            "remedy": finding.remedy,
        }
        for section in sections
        for finding in section.findings
    ]


def verdict(sections: Sequence[Section]) -> str:
    """Return all of it in a sentence."""
    levels = [finding.level for section in sections for finding in section.findings]
    counts = [
        f"{count} {level.value}{'' if count == 1 else 's'}"
        for level in (Level.PROBLEM, Level.NOTE)
        if (count := levels.count(level))
    ]
    return f"Found: {', '.join(counts)}." if counts else "All is well."


def wrong(sections: Sequence[Section]) -> bool:
    """Tell whether there is a problem."""
    return any(section.level is Level.PROBLEM for section in sections)


def _row(subject: str, finding: Finding) -> str:
    mark = (
        f'<span style="color:{_COLOURS[finding.level]}" title="{finding.level.value}">'
        f"{MARKS[finding.level]}</span>"
    )
    remedy = f'<pre style="{_CODE}">{escape(finding.remedy)}</pre>' if finding.remedy else ""
    cells = (f"<b>{escape(subject)}</b>", mark, escape(finding.text) + remedy)
    columns = "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells)
    return f'<tr style="background:none">{columns}</tr>'
