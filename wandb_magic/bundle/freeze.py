"""Freezes a cell or a function, with the variables that it uses, into a folder.

This runs in the kernel, between the user's Shift-Enter and the cell's reply: it takes no lock,
imports nothing slow, and does not change the user's objects.
"""

from __future__ import annotations

import inspect
import linecache
import os
import platform
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from wandb_magic.bundle import library_state
from wandb_magic.bundle.bundle_writer import BundleWriter, describe_function
from wandb_magic.bundle.bytecode import attributes_of, imports_of, sets_environment
from wandb_magic.bundle.cell_syntax import compile_cell, parse_cell
from wandb_magic.bundle.code_analysis import CellReferences, analyze_cell, analyze_value
from wandb_magic.bundle.entry_function import check_callable
from wandb_magic.bundle.manifest import (
    ENTRY,
    Kind,
    Manifest,
    cell_path,
    inheritable_environment,
    recordable_environment,
    scheduler_path,
)
from wandb_magic.bundle.namespace import MISSING, REPLACED, NotebookNamespace, with_submodules
from wandb_magic.bundle.notebook_state import NotebookState, find_state
from wandb_magic.bundle.pickler import can_pickle
from wandb_magic.bundle.reducers import is_base_array
from wandb_magic.bundle.rerun_cells import RerunPlan, plan_rerun
from wandb_magic.bundle.signature import sign
from wandb_magic.errors import BundleError
from wandb_magic.paths import FOLDER_MODE, open_private

NO_STATE = NotebookState({}, [], [], [])
SHORTEST_SECRET = 8  # characters: shorter values would match in any text


@dataclass(frozen=True)
class CapturedVariable:
    """One captured variable: its name, what it is, and its size in bytes."""

    name: str
    kind: str
    size: int


@dataclass(frozen=True)
class CaptureSummary:
    """What a sweep has captured, for the user to see before it starts.

    Attributes
    ----------
    variables
        The variables.
    carried
        What the notebook has set on modules and libraries that is also set in the runs.
    left
        What was detected but not captured, with the reason.
    cells
        The label and text of each cell that every run executes again.
    """

    variables: tuple[CapturedVariable, ...]
    carried: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    cells: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> int:
        """The total size in bytes."""
        return sum(item.size for item in self.variables)


def freeze(  # noqa: PLR0913 - each is a choice of the user, and has a default
    folder: Path,
    *,
    cell: str | None = None,
    function: Callable[[], object] | None = None,
    namespace: dict[str, Any] | None = None,
    exclude: Collection[str] = (),
    include: Collection[str] = (),
    environment: Mapping[str, str] | None = None,
    rerun_cells: bool = False,
    random_state: bool = False,
    directory: str | None = None,
    scheduler: str = "",
) -> CaptureSummary:
    """Freeze what each run is to execute.

    Parameters
    ----------
    folder
        The folder of the bundle; it is created with mode 0700.
    cell, function
        The text of the cell, or the function to call without arguments; with neither, the runs
        execute the command of the spec.
    namespace
        Where names are looked up; the function's globals, or ``__main__``'s, by default.
    exclude
        Names not to capture.
    include
        Names to capture, whether or not the code uses them.
    environment
        Environment variables for the runs, in addition to those of this process.
    rerun_cells
        Whether runs execute again the cells that define what cannot be pickled.
    random_state
        Whether runs begin with the state of this process's global random generators.
    directory
        The working directory of the runs; this process's by default.
    scheduler
        The text of the user's functions that choose the parameters, if there are any.

    Raises
    ------
    BundleError
        If a name is not defined, a variable cannot be pickled, or the cell has IPython syntax.
    SyntaxError
        If the cell is not Python.
    """
    if namespace is None:
        namespace = getattr(function, "__globals__", None) or vars(sys.modules["__main__"])
    notebook = NotebookNamespace(namespace, exclude)
    _check_included(include, notebook)
    kind: Kind = "command"
    codes: list[CodeType] = []
    names = CellReferences({}, frozenset(), frozenset())
    values: dict[str, Any] = {}
    if cell is not None:
        kind = "cell"
        filename = str(cell_path(folder))
        tree = parse_cell(cell, filename)
        codes = [compile_cell(tree, filename)]
        names = analyze_cell(tree, notebook.dependencies_of_name, notebook.mentions, include)
        _check_defined(names, notebook)
    elif function is not None:
        check_callable(function)
        kind = "function"
        names = analyze_value(
            notebook.dependencies(function), notebook.dependencies_of_name, include
        )
        values = {ENTRY: function}
    captured = {**_captured_values(names, notebook), **values}
    rerun = _find_rerun(notebook, captured) if rerun_cells else RerunPlan()
    if rerun.names:
        notebook = NotebookNamespace(namespace, {*exclude, *rerun.names})
        values = {**_captured_values(names, notebook), **rerun.values, **values}
    else:
        values = captured
    # Arrays come before their views, so that these can stay views.
    values = dict(sorted(values.items(), key=lambda item: not is_base_array(item[1])))
    folder.mkdir(mode=FOLDER_MODE, parents=True)
    _write_texts({cell_path(folder): cell or "", scheduler_path(folder): scheduler})
    without = {*notebook.exclude, *REPLACED, *names.bound, *names.optional} - set(values)
    state = (
        _find_notebook_state(
            notebook, values, codes, without, {**os.environ, **(environment or {})}
        )
        if kind != "command"
        else NO_STATE
    )
    with closing(BundleWriter(folder, notebook, without)) as writer:
        if state.switches or state.attributes:
            # This comes first: reading variables may depend on it.
            writer.add(
                library_state.STATE, (state.switches, [tuple(each) for each in state.attributes])
            )
        for name, value in values.items():
            writer.add(name, value)
        writer.add_definitions()
    definitions = writer.pickler.definitions
    codes += [each.__code__ for each in definitions if isinstance(each, FunctionType)]
    mentioned = frozenset().union(*map(attributes_of, codes))
    modules = with_submodules(values.values(), mentioned)
    imported = imports_of(codes)
    generators = library_state.random_state() if random_state else {}
    carried = (*state.carried, *_describe_generators(generators))
    Manifest(
        kind=kind,
        python=platform.python_version(),
        directory=directory or str(Path.cwd()),
        path=tuple(os.path.abspath(entry) for entry in sys.path),  # noqa: PTH100 - keeps symlinks
        imports={**{name: [] for name in modules}, **imported},
        variables=tuple(writer.variables),
        spans=tuple(writer.buffers.spans),
        sources=_sources(writer.pickler.filenames),
        environment=recordable_environment(
            {**inheritable_environment(os.environ), **(environment or {})}
        ),
        left=_names_left_behind(notebook, names.bound, {each.name for each in writer.variables}),
        executable=sys.executable,
        notebook=os.environ.get("JPY_SESSION_NAME", ""),
        carried=carried,
        cells=rerun.cells,
        random_state=generators,
        imports_in_run=tuple(sorted({*imported} - {*modules})) if sets_environment(codes) else (),
        function_source=_function_source(function) if kind == "function" else "",
    ).write(folder)
    sign(folder)
    items = (
        CapturedVariable(each.name or describe_function(function), each.kind, each.size)
        for each in writer.variables
        if each.name != library_state.STATE
    )
    return CaptureSummary(tuple(items), carried, tuple(state.left), rerun.cells)


def _write_texts(texts: Mapping[Path, str]) -> None:
    for path, text in texts.items():
        if text:
            with open_private(path, "wb") as file:
                file.write(text.encode())


def _describe_generators(generators: Mapping[str, Any]) -> Iterator[str]:
    """Yield the description of the captured random state in a launch summary."""
    if generators:
        yield f"random state ({', '.join(generators)})"


def _find_rerun(notebook: NotebookNamespace, values: Mapping[str, Any]) -> RerunPlan:
    """Return the cells to execute again, in place of what cannot be pickled."""

    def is_picklable(value: object) -> bool:
        return can_pickle(value, notebook.namespace, values.keys())

    return plan_rerun(notebook, values, is_picklable)


def _find_notebook_state(
    notebook: NotebookNamespace,
    values: Mapping[str, Any],
    codes: list[CodeType],
    without: Collection[str],
    environment: Mapping[str, str],
) -> NotebookState:
    """Return what the notebook has set outside its variables, without secrets of `environment`."""
    namespace = notebook.namespace
    if namespace.get("__name__") != "__main__":  # a function of a module, started by a notebook
        namespace = vars(sys.modules["__main__"])

    recordable = recordable_environment(environment)
    secrets = {
        value.encode(errors="surrogateescape")
        for name, value in environment.items()
        if name not in recordable and len(value) >= SHORTEST_SECRET
    }

    def is_picklable(value: object) -> bool:
        return can_pickle(value, notebook.namespace, without, secrets)

    imports = imports_of(codes)
    return find_state(namespace, values.values(), imports, notebook.exclude, is_picklable)


def _check_included(include: Collection[str], notebook: NotebookNamespace) -> None:
    for name in include:
        if name in notebook.exclude:
            raise BundleError(f"{name!r} is both included and excluded: choose one")
        if notebook.resolve(name) is MISSING:
            raise BundleError(
                f"--include {name}: the notebook has no {name!r}: run the cell that defines it "
                "first, or write the name as it is in the notebook"
            )


def _check_defined(names: CellReferences, notebook: NotebookNamespace) -> None:
    for name, line in names.needed.items():
        if line and name not in notebook.exclude and notebook.resolve(name) is MISSING:
            remedy = (
                "import it in the cell: `import wandb`"
                if name == "wandb"
                else "run the cell that defines it first"
                f" (or add --exclude {name} if this line is never reached)"
            )
            raise BundleError(f"line {line}: name {name!r} is not defined: {remedy}")


def _captured_values(names: CellReferences, notebook: NotebookNamespace) -> dict[str, Any]:
    """Return the variables to capture; those that the cell may bind itself only if possible."""
    needed = {name: notebook.resolve(name) for name in names.needed}
    optional = {
        name: value
        for name in sorted(names.optional)
        if (value := notebook.resolve(name)) is not MISSING
        and can_pickle(value, notebook.namespace, names.bound)
    }
    available = {name: value for name, value in needed.items() if value is not MISSING}
    return {**available, **optional}


def _names_left_behind(
    notebook: NotebookNamespace, bound: Collection[str], captured: Collection[str]
) -> tuple[str, ...]:
    """Return the names of the notebook that are not captured, for the runs' messages."""
    return tuple(
        name
        for name in notebook.namespace
        if isinstance(name, str)
        and not (name.startswith("_") or name in captured or name in bound or name in REPLACED)
        and name not in ("In", "Out")
    )


def _function_source(function: object) -> str:
    """Return the text of a function, or of the class of a callable object; "" without one."""
    function = getattr(function, "objective_function", function)
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function) if isinstance(function, FunctionType) else function
    is_readable = inspect.isroutine(function) or inspect.isclass(function)
    try:
        return inspect.getsource(function if is_readable else type(function))  # type: ignore[arg-type]
    except (OSError, TypeError):  # no source, or not in Python
        return ""


def _sources(filenames: Collection[str]) -> dict[str, str]:
    """Return the text of the cells that the code comes from, for the runs' tracebacks."""
    sources = {
        name: "".join(linecache.getlines(name)) for name in filenames if not _is_permanent(name)
    }
    return {name: text for name, text in sources.items() if text}


def _is_permanent(filename: str) -> bool:
    """Return whether a file still exists when the runs need it; that of a cell does not."""
    entry = linecache.cache.get(filename, ())
    is_cached_text = len(entry) > 1 and entry[1] is None  # the text was put there, without a file
    return not is_cached_text and Path(filename).is_file()
