"""Cells of the notebook that each run executes again, for what cannot be handed over.

A database connection, a dataset of TensorFlow's, a thread pool cannot be pickled, but the cell
that made it can make it again. Which cells that takes is read from their texts; nothing is
executed here. What they need in turn goes along, or is made again, too.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import FunctionType, ModuleType
from typing import Any

from wandb_magic.bundle.cells import effects_of, numbered_cells, parsed
from wandb_magic.bundle.names import analyse
from wandb_magic.bundle.outside import MISSING, Outside

_OURS = "wandb_magic"


@dataclass(frozen=True)
class Cell:
    """A cell that was executed: its number in the history and its text."""

    number: int
    text: str

    @property
    def label(self) -> str:
        """The cell as IPython names it."""
        return f"In[{self.number}]"

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return parsed(self.text)

    @cached_property
    def bound(self) -> frozenset[str]:
        """The names that it binds, at its top level."""
        return analyse(self.tree).bound

    @cached_property
    def changed(self) -> frozenset[str]:
        """The names whose values it may change: by an attribute, an item, or a method."""
        assignments, calls = effects_of(self.text)
        return frozenset(
            {each.root for each in assignments} | {call.root for call in calls if call.path}
        )


@dataclass(frozen=True)
class Rerun:
    """What is to be executed again.

    Attributes
    ----------
    cells
        Label and text of each cell, in order.
    names
        The names that they bind for the run, which do not go along.
    values
        The variables that they need.
    """

    cells: tuple[tuple[str, str], ...] = ()
    names: frozenset[str] = frozenset()
    values: Mapping[str, Any] = field(default_factory=dict)


def defining_cell(namespace: Mapping[str, Any], name: str) -> str:
    """Return the label of the cell that bound a name last; "" if there is none."""
    cell = _binders(_cells(namespace)).get(name)
    return cell.label if cell is not None else ""


def find_cells(
    outside: Outside, values: Mapping[str, Any], is_picklable: Callable[[object], bool]
) -> Rerun:
    """Find the cells that make again what cannot be pickled.

    Parameters
    ----------
    outside
        The notebook.
    values
        What is to go along.
    is_picklable
        Tells whether a value can.
    """
    cells = _cells(outside.namespace)
    binders = _binders(cells)
    waiting = [name for name, value in values.items() if name and not is_picklable(value)]
    chosen: dict[int, Cell] = {}
    needed: dict[str, Any] = {}
    while waiting:
        binder = binders.get(name := waiting.pop())
        if binder is None:
            continue
        changing = [cell for cell in cells if cell.number > binder.number and name in cell.changed]
        for cell in (binder, *changing):
            if cell.number in chosen:
                continue
            chosen[cell.number] = cell
            for need in analyse(cell.tree, outside.behind_name).needed:
                value = outside.look_up(need)
                if value is MISSING or binders.get(need) is cell:
                    continue
                if is_picklable(value):
                    needed[need] = value
                else:
                    waiting.append(need)
    names = frozenset(name for name, cell in binders.items() if cell.number in chosen)
    ordered = [chosen[number] for number in sorted(chosen)]
    return Rerun(
        tuple((cell.label, _kept(cell, outside)) for cell in ordered),
        names,
        {name: value for name, value in needed.items() if name not in names},
    )


def _cells(namespace: Mapping[str, Any]) -> list[Cell]:
    return [Cell(*each) for each in numbered_cells(namespace)]


def _binders(cells: list[Cell]) -> dict[str, Cell]:
    """Return the cell that bound each name last."""
    return {name: cell for cell in cells for name in cell.bound}


def _kept(cell: Cell, outside: Outside) -> str:
    """Return a cell's text without what means nothing in a run: IPython's magics, and sweeps."""
    lines = cell.text.splitlines()
    for node in cell.tree.body:
        if any(map(outside.is_of_ipython, _names(node))) or any(
            _is_ours(outside.namespace.get(name)) for name in _names(node)
        ):
            for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[number] = ""
    return "\n".join(lines) + "\n"


def _names(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.Import):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in each.names)


def _is_ours(value: object) -> bool:
    if isinstance(value, ModuleType):
        home = value.__name__
    elif isinstance(value, (FunctionType, type)):
        home = str(value.__module__)
    else:
        home = str(type(value).__module__)
    return home.partition(".")[0] == _OURS
