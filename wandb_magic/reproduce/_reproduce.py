"""Restores a run in a namespace: its variables, and the cell that runs it again.

A name that had another value gets the run's; the old value is kept and reported.
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
from wandb_magic.bundle.manifest import split_magic
from wandb_magic.errors import SweepStateError
from wandb_magic.reproduce.package_versions import version_differences
from wandb_magic.reproduce.replay import running_shell
from wandb_magic.reproduce.source_run import SourceRun

LAMBDA_NAME = "reproduced"  # for a function that has no name of its own
_BUILTIN_NAMES = frozenset({"__builtins__"})


@dataclass(frozen=True)
class ReproducedRun:
    """The result of `reproduce`.

    Attributes
    ----------
    title
        The title of the run.
    code
        The cell that runs it again.
    names
        The names that were set.
    replaced
        The values that these names had before, where they were different.
    notes
        What is different from the sweep: versions, the folder.
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
    """Restore a run's variables in a namespace, and return the cell that runs it.

    Parameters
    ----------
    source_run
        The run.
    namespace
        Where to restore the variables; the notebook's functions use it as their globals.
    attached
        The text by which `attach` finds the sweep.
    statement
        What its bundle must match.

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
    previous = dict(namespace)
    bundle = load_bundle(source_run.paths.bundle, namespace, statement)
    values = dict(bundle.values)
    if bundle.function is not None:
        values[_name(bundle.function)] = bundle.function
    # Reading a function also sets what it uses.
    for name, value in namespace.items():
        if name not in _BUILTIN_NAMES and (name not in previous or previous[name] is not value):
            values.setdefault(name, value)
    replaced = {
        name: previous[name]
        for name, value in values.items()
        if name in previous and not values_equal(previous[name], value, namespace)
    }
    namespace.update(values)
    return ReproducedRun(
        title=source_run.title,
        code=_cell(source_run, bundle, attached),
        names=tuple(
            sorted(name for name in values if not _is_unchanged_module(previous, name, values))
        ),
        replaced=replaced,
        notes=tuple(_notes(source_run)),
    )


def show(reproduced: ReproducedRun) -> None:
    """Print what was done, and provide the cell: as the next one in a notebook, else as text."""
    shell: Any = running_shell()
    print(reproduced, flush=True)  # noqa: T201 - the caller must learn which names were set
    if shell is None:
        print(reproduced.code, flush=True)  # noqa: T201 - there is no other place for it
    else:
        shell.set_next_input(reproduced.code)


def _is_unchanged_module(
    previous: Mapping[str, Any], name: str, values: Mapping[str, Any]
) -> bool:
    return isinstance(values[name], ModuleType) and previous.get(name) is values[name]


def _name(function: object) -> str:
    name = getattr(function, "__name__", LAMBDA_NAME)
    return name if name.isidentifier() else LAMBDA_NAME


def _cell(source_run: SourceRun, bundle: LoadedBundle, attached: str) -> str:
    start = (
        f"# {source_run.title}: its seed and parameters, as an offline run of its own\n"
        "import wandb_magic\n"
        f"wandb_magic.attach({attached!r}).replay({source_run.run.id!r})\n\n"
    )
    start += "".join(f"{text.strip()}\n\n" for _, text in bundle.manifest.cells)
    if bundle.function is not None:
        call = f"{_name(bundle.function)}()"
        is_async = inspect.iscoroutinefunction(bundle.function)
        return start + (f"await {call}" if is_async else call)
    _, code = split_magic(bundle.cell)
    # `splitlines` would also split where Python does not, at a form feed for example.
    lines = code.split("\n")
    position = _lines_of_future(code)
    future = "".join(f"{line}\n" for line in lines[:position])
    return future + start + "\n".join(lines[position:]).rstrip("\n")


def _lines_of_future(cell: str) -> int:
    """Return the last line of a cell's ``from __future__`` imports, which must come first."""
    line_numbers = [
        node.end_lineno or 0
        for node in ast.parse(strip_ipython(cell)).body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]
    return max(line_numbers, default=0)


def _notes(source_run: SourceRun) -> list[str]:
    notes = []
    if changed := version_differences(source_run):
        notes.append(f"other versions than in the sweep: {', '.join(changed)}")
    if source_run.manifest.carried:
        notes.append(f"set as it was: {', '.join(source_run.manifest.carried)}")
    directory = source_run.manifest.directory
    if Path(directory) != Path.cwd():
        notes.append(f"it ran in {directory}, and this is {Path.cwd()}")
    return notes
