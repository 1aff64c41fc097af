"""What stands below the end of a long output: that there is more, and how to see it."""

from __future__ import annotations

from html import escape
from pathlib import Path
from urllib.parse import quote

from wandb_magic.display import style, words
from wandb_magic.verbs.logs import Tail


def text(path: Path, tail: Tail) -> str:
    """Return the note as one line."""
    return f"{_said(tail)} {_place(path)}"


def html(path: Path, tail: Tail) -> str:
    """Return the note with a link to the file, where a notebook can open it."""
    place = _place(path)
    shown = escape(str(place))
    if not place.is_absolute():
        shown = f'<a href="{escape(quote(str(place)))}" target="_blank">{shown}</a>'
    return f'<div style="{style.TEXT};{style.MUTED}">{escape(_said(tail))} {shown}</div>'


def _said(tail: Tail) -> str:
    left = words.size(tail.size - tail.begin)
    return f"the last {left} of {words.size(tail.size)}; --all shows all of it, which is in"


def _place(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
