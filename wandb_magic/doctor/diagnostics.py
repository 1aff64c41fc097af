"""What the doctor finds, free of how it was found and of how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad a finding is."""

    OK = "ok"
    NOTE = "note"  # it works, but not as well, or not as one might think
    PROBLEM = "problem"  # it will fail


@dataclass(frozen=True)
class Diagnostic:
    """One thing that was found.

    Attributes
    ----------
    level
        How bad it is.
    text
        One sentence, without its full stop.
    remedy
        What to paste into a cell or a terminal, wherever the doctor was asked; "" if all is well.
    """

    level: Level
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Section:
    """All that was found about one subject."""

    subject: str
    diagnostics: tuple[Diagnostic, ...]

    @property
    def level(self) -> Level:
        """The worst level in it."""
        levels = [finding.level for finding in self.diagnostics]
        return max(levels, key=list(Level).index, default=Level.OK)


def ok(text: str) -> Diagnostic:
    """Return a finding that calls for nothing."""
    return Diagnostic(Level.OK, text)


def note(text: str, remedy: str) -> Diagnostic:
    """Return a finding that calls for thought."""
    return Diagnostic(Level.NOTE, text, remedy)


def problem(text: str, remedy: str) -> Diagnostic:
    """Return a finding that calls for a remedy."""
    return Diagnostic(Level.PROBLEM, text, remedy)
