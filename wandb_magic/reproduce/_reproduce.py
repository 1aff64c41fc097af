"""Putting a run into a namespace: its variables, and the cell that runs it again.

A name that had another value gets the run's, and the old value is kept and named.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from wandb_magic.bundle import LoadedBundle, SignedStatement, load_bundle, values_equal
from wandb_magic.bundle.cell_syntax import strip_ipython
from wandb_magic.errors import SweepStateError
from wandb_magic.reproduce.package_versions import version_differences
from wandb_magic.reproduce.replay import running_shell
from wandb_magic.reproduce.source_run import SourceRun

MAGIC = "# %%wandb_sweep"  # the line that stands for the magic's own in a bundle's cell
LAMBDA_NAME = "reproduced"  # for a function that has no name of its own
_BUILTIN_NAMES = frozenset({"__builtins__"})


@dataclass(frozen=True)
class ReproducedRun:
    """What `reproduce` did.

    Attributes
    ----------
    title
        Which run it is.
    code
        The cell that runs it again.
    names
        The names that were set.
    replaced
        The values that some of these names had before, where they were others.
    notes
        What is not as it was: versions, the folder.
    """

    title: str
    code: str
    names: tuple[str, ...]
    replaced: Mapping[str, Any] = field(repr=False)
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Reproduced {self.title}>"

    def __str__(self) -> str:
        lines = [f"{self.title[0].upper()}{self.title[1:]}"]
        if self.names:
            lines.append(f"set: {', '.join(self.names)}")
        if self.replaced:
            lines.append(
                f"had another value, which .replaced keeps: {', '.join(sorted(self.replaced))}"
            )
        return "\n".join([*lines, *self.notes])


def reproduce(
    source_run: SourceRun, namespace: dict[str, Any], attached: str, statement: SignedStatement
) -> ReproducedRun:
    """Put a run's variables into a namespace, and return the cell that runs it.

    Parameters
    ----------
    source_run
        The run.
    namespace
        Where the variables go; the functions of the notebook use it as their globals.
    attached
        What `attach` finds the sweep by.
    statement
        What its bundle must be.

    Raises
    ------
    SweepStateError
        If it executes a program, or its code is not here.
    BundleError
        If a variable cannot be read here.
    """
    if source_run.manifest.kind == "command":
        raise SweepStateError(
            f"{source_run.title} executes a program, which has no cell: export() writes it as a "
            "script"
        )
    before = dict(namespace)
    recalled = load_bundle(source_run.paths.bundle, namespace, statement)
    values = dict(recalled.values)
    if recalled.function is not None:
        values[_name(recalled.function)] = recalled.function
    # Reading a function sets what it uses, too.
    for name, value in namespace.items():
        if name not in _BUILTIN_NAMES and (name not in before or before[name] is not value):
            values.setdefault(name, value)
    replaced = {
        name: before[name]
        for name, value in values.items()
        if name in before and not values_equal(before[name], value, namespace)
    }
    namespace.update(values)
    return ReproducedRun(
        title=source_run.title,
        code=_cell(source_run, recalled, attached),
        names=tuple(
            sorted(name for name in values if not _is_unchanged_module(before, name, values))
        ),
        replaced=replaced,
        notes=tuple(_notes(source_run)),
    )


def show(reproduced: ReproducedRun) -> None:
    """Say what was done, and offer the cell: as the next one in a notebook, else as text."""
    shell: Any = running_shell()
    print(reproduced, flush=True)  # noqa: T201 - whoever called it must hear which names were set
    if shell is None:
        print(reproduced.code, flush=True)  # noqa: T201 - there is no other place for it
    else:
        shell.set_next_input(reproduced.code)


def _is_unchanged_module(before: Mapping[str, Any], name: str, values: Mapping[str, Any]) -> bool:
    return isinstance(values[name], ModuleType) and before.get(name) is values[name]


def _name(function: object) -> str:
    name = getattr(function, "__name__", LAMBDA_NAME)
    return name if name.isidentifier() else LAMBDA_NAME


def _cell(source_run: SourceRun, recalled: LoadedBundle, attached: str) -> str:
    start = (
        f"# {source_run.title}: its seed and parameters, as an offline run of its own\n"
        "import wandb_magic\n"
        f"wandb_magic.attach({attached!r}).replay({source_run.run.id!r})\n\n"
    )
    start += "".join(f"{text.strip()}\n\n" for _, text in recalled.manifest.cells)
    if recalled.function is not None:
        called = f"{_name(recalled.function)}()"
        waits = inspect.iscoroutinefunction(recalled.function)
        return start + (f"await {called}" if waits else called)
    lines = recalled.cell.splitlines(keepends=True)
    if lines and lines[0].startswith(MAGIC):
        del lines[0]
    first = _lines_of_future("".join(lines))
    return "".join(lines[:first]) + start + "".join(lines[first:]).rstrip("\n")


def _lines_of_future(cell: str) -> int:
    """Return how many lines a cell's ``from __future__`` takes, which must be the first."""
    found = [
        node.end_lineno or 0
        for node in ast.parse(strip_ipython(cell)).body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]
    return max(found, default=0)


def _notes(source_run: SourceRun) -> list[str]:
    notes = []
    if changed := version_differences(source_run):
        notes.append(f"other versions than then: {', '.join(changed)}")
    if source_run.manifest.carried:
        notes.append(f"set as it was: {', '.join(source_run.manifest.carried)}")
    there = source_run.manifest.directory
    if Path(there) != Path.cwd():
        notes.append(f"it ran in {there}, and this is {Path.cwd()}")
    return notes
