"""The doctor's diagnostics, independent of how they are made and shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """The severity of a diagnostic."""

    OK = "ok"
    NOTE = "note"  # it works, but not as well, or not as one might expect
    PROBLEM = "problem"  # it will fail


@dataclass(frozen=True)
class Diagnostic:
    """One result of a check.

    Attributes
    ----------
    level
        The severity.
    text
        One sentence, without the full stop.
    remedy
        What to paste into the cell or terminal where the doctor runs; "" if all is well.
    """

    level: Level
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Section:
    """The diagnostics of one subject."""

    subject: str
    diagnostics: tuple[Diagnostic, ...]

    @property
    def level(self) -> Level:
        """The worst level of its diagnostics."""
        levels = [diagnostic.level for diagnostic in self.diagnostics]
        return max(levels, key=list(Level).index, default=Level.OK)


def ok(text: str) -> Diagnostic:
    """Return a diagnostic that needs no action."""
    return Diagnostic(Level.OK, text)


def note(text: str, remedy: str) -> Diagnostic:
    """Return a diagnostic that may need action."""
    return Diagnostic(Level.NOTE, text, remedy)


def problem(text: str, remedy: str) -> Diagnostic:
    """Return a diagnostic that needs a remedy."""
    return Diagnostic(Level.PROBLEM, text, remedy)
