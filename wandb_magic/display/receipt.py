"""What a sweep took along, shown when it starts."""

from __future__ import annotations

from html import escape
from pathlib import Path

from wandb_magic.bundle import Contents, Item
from wandb_magic.display import style, words
from wandb_magic.records import SweepRecord
from wandb_magic.remote import web_address
from wandb_magic.verbs.handle import Sweep

MENTIONED = 8  # settings of the notebook that are named
SHOWN = 5  # variables that are named, the largest first


def text(sweep: Sweep) -> str:
    """Return the receipt with the sweep's name, where nothing else is shown of the sweep."""
    record = sweep.status().sweep
    pages = [sweep.url] if sweep.url is not None else []
    return "\n".join((f"sweep {_named(record)}", *pages, *lines(sweep)))


def lines(sweep: Sweep) -> list[str]:
    """Return the receipt line by line."""
    found = [f"in {_place(sweep)}", *sweep.status().sweep.notices]
    if sweep.contents is None:
        return found
    return [_luggage(sweep.contents), *_state(sweep.contents), *found]


def html(sweep: Sweep) -> str:
    """Return the receipt as HTML."""
    body = "<br>".join((*_link(sweep.url), *map(escape, lines(sweep))))
    return f'<div style="{style.TEXT};{style.MUTED}">{body}</div>'


def _link(url: str | None) -> list[str]:
    address = web_address(url)
    if address is None:
        return []
    shown = escape(address)
    return [f'<a href="{shown}" target="_blank" rel="noreferrer">{shown}</a>']


def _named(record: SweepRecord) -> str:
    return record.id if record.name == record.id else f"{record.name} ({record.id})"


def _place(sweep: Sweep) -> str:
    here = Path.cwd()
    return str(sweep.path.relative_to(here) if sweep.path.is_relative_to(here) else sweep.path)


def _luggage(contents: Contents) -> str:
    # Modules are only named in the bundle: each process imports its own.
    items = [item for item in contents.items if item.kind != "module"]
    if not items:
        return "no variables go along"
    by_size = sorted(items, key=lambda item: item.size, reverse=True)
    named = ", ".join(_item(item) for item in by_size[:SHOWN])
    more = len(by_size) - SHOWN
    rest = f", {more} more" if more > 0 else ""
    return f"{words.size(contents.size)} go along: {named}{rest}"


def _state(contents: Contents) -> list[str]:
    """Return what of the notebook's settings goes along, and what does not."""
    lines = []
    if contents.cells:
        told = ", ".join(f"{label} ({_first_line(text)})" for label, text in contents.cells)
        lines.append(f"each run executes again: {told}")
    if contents.carried:
        lines.append(f"set in runs as in the notebook: {_listed(contents.carried)}")
    if contents.left:
        lines.append(f"not set in runs: {_listed(contents.left)}")
    return lines


def _first_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    more = "; …" if len(lines) > 1 else ""
    return f"{words.shortened(lines[0], 60)}{more}" if lines else ""


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - MENTIONED
    return "; ".join(names[:MENTIONED]) + (f"; {more} more" if more > 0 else "")


def _item(item: Item) -> str:
    return f"{item.name} ({words.shortened(item.kind, 40)}, {words.size(item.size)})"
