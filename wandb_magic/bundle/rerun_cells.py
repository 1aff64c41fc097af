"""Finds the notebook cells that each run executes again to recreate what cannot be handed over.

A database connection, a TensorFlow dataset or a thread pool cannot be pickled, but the cell that
created it can create it again. The cells are determined from their source; nothing is executed
here. What they need in turn is captured, or also recreated.
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
    """An executed cell: its number in the history and its text."""

    number: int
    text: str

    @property
    def label(self) -> str:
        """The cell's name in IPython."""
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
    """The cells to execute again.

    Attributes
    ----------
    cells
        Label and text of each cell, in order.
    names
        The names that they bind for the run, which are not captured.
    values
        The variables that they need.
    """

    cells: tuple[tuple[str, str], ...] = ()
    names: frozenset[str] = frozenset()
    values: Mapping[str, Any] = field(default_factory=dict)


def defining_cell(namespace: Mapping[str, Any], name: str) -> str:
    """Return the label of the cell that last bound a name; "" if there is none."""
    cell = _defining_cells(_cells(namespace)).get(name)
    return cell.label if cell is not None else ""


def plan_rerun(
    notebook: NotebookNamespace, values: Mapping[str, Any], is_picklable: Callable[[object], bool]
) -> RerunPlan:
    """Find the cells that recreate what cannot be pickled.

    Parameters
    ----------
    notebook
        The notebook.
    values
        The variables to capture.
    is_picklable
        Returns whether a value can be pickled.
    """
    cells = _cells(notebook.namespace)
    definitions = _defining_cells(cells)
    pending = [name for name, value in values.items() if name and not is_picklable(value)]
    cells_by_number: dict[int, NotebookCell] = {}
    needed: dict[str, Any] = {}
    while pending:
        definition = definitions.get(name := pending.pop())
        if definition is None:
            continue
        modifiers = [
            cell
            for cell in cells
            if cell.number > definition.number and name in cell.changed_names
        ]
        for cell in (definition, *modifiers):
            if cell.number in cells_by_number:
                continue
            cells_by_number[cell.number] = cell
            for dependency in analyze_cell(cell.tree, notebook.dependencies_of_name).needed:
                value = notebook.resolve(dependency)
                if value is MISSING or definitions.get(dependency) is cell:
                    continue
                if is_picklable(value):
                    needed[dependency] = value
                else:
                    pending.append(dependency)
    names = frozenset(name for name, cell in definitions.items() if cell.number in cells_by_number)
    ordered = [cells_by_number[number] for number in sorted(cells_by_number)]
    return RerunPlan(
        tuple((cell.label, _rerun_source(cell, notebook)) for cell in ordered),
        names,
        {name: value for name, value in needed.items() if name not in names},
    )


def _cells(namespace: Mapping[str, Any]) -> list[NotebookCell]:
    return [NotebookCell(*each) for each in numbered_cells(namespace)]


def _defining_cells(cells: list[NotebookCell]) -> dict[str, NotebookCell]:
    """Return, for each name, the cell that last bound it."""
    return {name: cell for cell in cells for name in cell.bound_names}


def _rerun_source(cell: NotebookCell, notebook: NotebookNamespace) -> str:
    """Return a cell's text without what has no meaning in a run: magics and sweeps."""
    lines = cell.text.splitlines()
    for node in cell.tree.body:
        if any(map(notebook.is_of_ipython, _names(node))) or any(
            _is_ours(notebook.namespace.get(name)) for name in _names(node)
        ):
            for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[number] = ""
    return "\n".join(lines) + "\n"


def _names(node: ast.AST) -> Iterator[str]:
    for child in ast.walk(node):
        if isinstance(child, ast.Name):
            yield child.id
        elif isinstance(child, ast.Import):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in child.names)


def _is_ours(value: object) -> bool:
    if isinstance(value, ModuleType):
        module = value.__name__
    elif isinstance(value, (FunctionType, type)):
        module = str(value.__module__)
    else:
        module = str(type(value).__module__)
    return module.partition(".")[0] == _OURS
