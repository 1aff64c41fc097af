"""The note below a truncated output: how much is shown, and how to see the rest."""

from __future__ import annotations

from html import escape
from pathlib import Path
from urllib.parse import quote

from wandb_magic.api._log_reader import Tail
from wandb_magic.display import css, formatting


def text(path: Path, tail: Tail) -> str:
    """Return the note as one line."""
    return f"{_describe_tail(tail)} {_display_path(path)}"


def html(path: Path, tail: Tail) -> str:
    """Return the note with a link to the file, where a notebook can open it."""
    display_path = _display_path(path)
    label = escape(str(display_path))
    if not display_path.is_absolute():
        label = f'<a href="{escape(quote(str(display_path)))}" target="_blank">{label}</a>'
    return f'<div style="{css.TEXT};{css.MUTED}">{escape(_describe_tail(tail))} {label}</div>'


def _describe_tail(tail: Tail) -> str:
    shown = formatting.size(tail.size - tail.begin)
    return f"the last {shown} of {formatting.size(tail.size)}; --all shows all of it, which is in"


def _display_path(path: Path) -> Path:
    cwd = Path.cwd()
    return path.relative_to(cwd) if path.is_relative_to(cwd) else path
