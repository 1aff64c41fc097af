"""The launch summary of a sweep: what was captured, shown when it starts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from wandb_magic.analysis.escape_sequences import plain_line
from wandb_magic.api._sweep import Sweep
from wandb_magic.bundle import CapturedVariable, CaptureSummary
from wandb_magic.display import css, formatting
from wandb_magic.records import SweepRecord
from wandb_magic.wandb_client import web_address

MAX_SETTINGS = 8  # settings of the notebook that are listed
MAX_VARIABLES = 5  # variables that are listed, the largest first


def text(sweep: Sweep) -> str:
    """Return the summary with the sweep's name, for front ends that show nothing else of it."""
    record = sweep.status().sweep
    pages = [sweep.url] if sweep.url is not None else []
    return "\n".join((f"sweep {_title(record)}", *pages, *lines(sweep)))


def lines(sweep: Sweep) -> list[str]:
    """Return the lines of the summary."""
    details = [f"in {_display_path(sweep)}", *map(plain_line, sweep.status().sweep.notices)]
    if sweep.contents is None:
        return details
    return [_captured_variables(sweep.contents), *_notebook_state(sweep.contents), *details]


def html(sweep: Sweep, summary: Sequence[str] | None = None) -> str:
    """Return the summary as HTML; `summary` has its lines, if they are known."""
    shown = lines(sweep) if summary is None else summary
    body = "<br>".join((*_link(sweep.url), *map(escape, shown)))
    return f'<div style="{css.TEXT};{css.MUTED}">{body}</div>'


def _link(url: str | None) -> list[str]:
    address = web_address(url)
    if address is None:
        return []
    escaped = escape(address)
    return [f'<a href="{escaped}" target="_blank" rel="noreferrer">{escaped}</a>']


def _title(record: SweepRecord) -> str:
    name = plain_line(record.name)
    return record.id if name == record.id else f"{name} ({record.id})"


def _display_path(sweep: Sweep) -> str:
    cwd = Path.cwd()
    return str(sweep.path.relative_to(cwd) if sweep.path.is_relative_to(cwd) else sweep.path)


def _captured_variables(contents: CaptureSummary) -> str:
    # The bundle only names modules: each process imports them itself.
    items = [item for item in contents.variables if item.kind != "module"]
    if not items:
        return "no variables captured"
    by_size = sorted(items, key=lambda item: item.size, reverse=True)
    named = ", ".join(_describe_variable(item) for item in by_size[:MAX_VARIABLES])
    more = len(by_size) - MAX_VARIABLES
    rest = f", {more} more" if more > 0 else ""
    return f"captured {formatting.size(contents.size)}: {named}{rest}"


def _notebook_state(contents: CaptureSummary) -> list[str]:
    """Return which settings of the notebook are applied in runs, and which are not."""
    lines = []
    if contents.cells:
        cells = ", ".join(f"{label} ({_first_line(text)})" for label, text in contents.cells)
        lines.append(f"each run also executes: {cells}")
    if contents.carried:
        lines.append(f"set in runs as in the notebook: {_join_names(contents.carried)}")
    if contents.left:
        lines.append(f"not set in runs: {_join_names(contents.left)}")
    return lines


def _first_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    more = "; …" if len(lines) > 1 else ""
    return f"{formatting.truncate(lines[0], 60)}{more}" if lines else ""


def _join_names(names: tuple[str, ...]) -> str:
    more = len(names) - MAX_SETTINGS
    return "; ".join(names[:MAX_SETTINGS]) + (f"; {more} more" if more > 0 else "")


def _describe_variable(item: CapturedVariable) -> str:
    return f"{item.name} ({formatting.truncate(item.kind, 40)}, {formatting.size(item.size)})"
