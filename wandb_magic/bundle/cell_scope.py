"""Tracks what a cell has bound and read so far, and determines what it needs from outside.

A name that the cell certainly binds before reading it is the cell's own: ``with wandb.init() as
run`` must not capture an old ``run``, not even for a notebook function that reads it and is called
in the cell. What a function reads counts where the function is used.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from wandb_magic.bundle.bytecode import GIVEN, GlobalNames

# A cell that uses one of these may read or bind names that its text does not show.
OPEN = frozenset({"dir", "eval", "exec", "globals", "locals", "vars"})
_PREDEFINED = (
    frozenset(dir(builtins)) | GIVEN | {"exit", "get_ipython", "quit"}
)  # IPython replaces these with its own


@dataclass(frozen=True)
class CellReferences:
    """The names that a cell reads and binds.

    Attributes
    ----------
    needed
        Names that must come from outside, the dependencies of a name before it. The value is the
        line that first reads the name; 0 where the cell can do without it.
    optional
        Names that the cell may have bound when it reads them, or that only strings mention: they
        are captured if possible.
    bound
        Names that the cell, or a function that it uses, binds anywhere.
    """

    needed: dict[str, int]
    optional: frozenset[str]
    bound: frozenset[str]


class CellScope:
    """The scope of a cell while the cell is analysed from top to bottom.

    Parameters
    ----------
    dependencies
        Returns the names that the outside value of a name reads and stores when it is used.
    """

    def __init__(self, dependencies: Callable[[str], GlobalNames]) -> None:
        self._dependencies = dependencies
        self.bound: set[str] = set()
        self.bound_somewhere: set[str] = set()
        self.needed: dict[str, int] = {}
        self._perhaps: set[str] = set()
        self._mentioned: set[str] = set()
        self.open_ended = False
        self._inside: dict[
            str, list[GlobalNames]
        ] = {}  # what the cell's functions and classes read
        self._seen: set[str] = set()
        self._later = False
        self._perhaps_later: set[str] = set()

    def finish(self) -> CellReferences:
        """Count what was defined but never read, as if it were read at the end."""
        with self.later():
            for name in tuple(self._inside):
                self.read(name, 0)
        may_be_missing = _PREDEFINED | (self._perhaps_later & self.bound_somewhere)
        needed = {
            name: 0 if self.open_ended or name in may_be_missing else line
            for name, line in self.needed.items()
            if name not in GIVEN
        }
        optional = (self._perhaps | self._mentioned) - set(needed)
        return CellReferences(needed, frozenset(optional), frozenset(self.bound_somewhere))

    def read(self, name: str, line: int) -> None:
        """Record that a name is read now, with everything that its value reads when it is used."""
        self._seen.clear()
        self._read(name, line)

    def use(self, used: GlobalNames, line: int | None = None) -> None:
        """Record what a function reads: at its own line, or at none if it is not the cell's."""
        self._seen.clear()
        self._use(used, line)

    @contextmanager
    def later(self) -> Iterator[None]:
        """Treat reads as possibly reached only after a later line of the cell, as in a loop."""
        before, self._later = self._later, True
        yield
        self._later = before

    def _read(self, name: str, line: int) -> None:
        if name in self._seen:  # counted, or about to be: its dependencies come first
            if name in self.needed:
                self.needed[name] = self.needed[name] or line
            return
        self._seen.add(name)
        self.open_ended |= name in OPEN
        for used in self._inside.get(name, ()):
            self._use(used, None)
        if name not in self.bound:
            self._use(self._dependencies(name), 0)
        if name in self.bound_somewhere:
            if name not in self.bound:
                self._perhaps.add(name)
        else:
            self.needed[name] = self.needed.get(name) or line
            if self._later:
                self._perhaps_later.add(name)

    def _use(self, used: GlobalNames, line: int | None) -> None:
        self.bound_somewhere |= used.stores
        for name, own_line in used.reads.items():
            self._read(name, own_line if line is None else line)
        self.mention(used.mentions)

    def mention(self, names: Iterable[str]) -> None:
        """Record names that strings mention: captured if possible, with their dependencies."""
        for name in names:
            if name not in self.bound and name not in self._mentioned:
                self._mentioned.add(name)
                self._use(self._dependencies(name), 0)

    def include(self, names: Iterable[str]) -> None:
        """Record names that the user requests."""
        for name in names:
            self.use(self._dependencies(name), 0)
            self.needed.setdefault(name, 0)

    def define(self, name: str, inside: GlobalNames) -> None:
        """Store what a function or class of the cell reads, for when it is used."""
        self._inside.setdefault(name, []).append(inside)
        self.bound_somewhere |= inside.stores

    def bind(self, *names: str | None) -> None:
        """Record names as bound from this point on."""
        for name in names:
            if name:
                self.bound.add(name)
                self.bound_somewhere.add(name)
