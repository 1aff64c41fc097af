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

from wandb_magic.bundle.cells import numbered_cells, parse_source, side_effects
from wandb_magic.bundle.code_analysis import analyze_cell
from wandb_magic.bundle.namespace import MISSING, NotebookNamespace

_OURS = "wandb_magic"


@dataclass(frozen=True)
class NotebookCell:
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
        return parse_source(self.text)

    @cached_property
    def bound_names(self) -> frozenset[str]:
        """The names that it binds, at its top level."""
        return analyze_cell(self.tree).bound

    @cached_property
    def changed_names(self) -> frozenset[str]:
        """The names whose values it may change: by an attribute, an item, or a method."""
        assignments, calls = side_effects(self.text)
        return frozenset(
            {each.root for each in assignments} | {call.root for call in calls if call.path}
        )


@dataclass(frozen=True)
class RerunPlan:
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
    cell = _defining_cells(_cells(namespace)).get(name)
    return cell.label if cell is not None else ""


def plan_rerun(
    notebook: NotebookNamespace, values: Mapping[str, Any], is_picklable: Callable[[object], bool]
) -> RerunPlan:
    """Find the cells that make again what cannot be pickled.

    Parameters
    ----------
    notebook
        The notebook.
    values
        What is to go along.
    is_picklable
        Tells whether a value can.
    """
    cells = _cells(notebook.namespace)
    binders = _defining_cells(cells)
    waiting = [name for name, value in values.items() if name and not is_picklable(value)]
    chosen: dict[int, NotebookCell] = {}
    needed: dict[str, Any] = {}
    while waiting:
        binder = binders.get(name := waiting.pop())
        if binder is None:
            continue
        changing = [
            cell for cell in cells if cell.number > binder.number and name in cell.changed_names
        ]
        for cell in (binder, *changing):
            if cell.number in chosen:
                continue
            chosen[cell.number] = cell
            for need in analyze_cell(cell.tree, notebook.dependencies_of_name).needed:
                value = notebook.resolve(need)
                if value is MISSING or binders.get(need) is cell:
                    continue
                if is_picklable(value):
                    needed[need] = value
                else:
                    waiting.append(need)
    names = frozenset(name for name, cell in binders.items() if cell.number in chosen)
    ordered = [chosen[number] for number in sorted(chosen)]
    return RerunPlan(
        tuple((cell.label, _rerun_source(cell, notebook)) for cell in ordered),
        names,
        {name: value for name, value in needed.items() if name not in names},
    )


def _cells(namespace: Mapping[str, Any]) -> list[NotebookCell]:
    return [NotebookCell(*each) for each in numbered_cells(namespace)]


def _defining_cells(cells: list[NotebookCell]) -> dict[str, NotebookCell]:
    """Return the cell that bound each name last."""
    return {name: cell for cell in cells for name in cell.bound_names}


def _rerun_source(cell: NotebookCell, notebook: NotebookNamespace) -> str:
    """Return a cell's text without what means nothing in a run: IPython's magics, and sweeps."""
    lines = cell.text.splitlines()
    for node in cell.tree.body:
        if any(map(notebook.is_of_ipython, _names(node))) or any(
            _is_ours(notebook.namespace.get(name)) for name in _names(node)
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
