"""Loads a bundle in the fork server, or in a run of its own.

It imports and unpickles, and runs no user computation: a parent that has used thread pools or CUDA
would leave its children hanging.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import linecache
import os
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any

from wandb_magic.bundle import library_state, plain_shell
from wandb_magic.bundle.cell_syntax import compile_cell, parse_cell
from wandb_magic.bundle.manifest import (
    ENTRY,
    Kind,
    Manifest,
    buffers_path,
    cell_path,
    variables_path,
)
from wandb_magic.bundle.signature import OpenBundle, open_signed
from wandb_magic.bundle.unpickler import load, move_late_tensors
from wandb_magic.errors import BundleError

OnStep = Callable[[str, str], None]
"""Called after each step with its kind, ``import`` or ``variable``, and the name."""


class VariableReader:
    """Reads a bundle's variables, one after another.

    Parameters
    ----------
    bundle
        The open bundle; it may be closed once the reader is created.
    values
        Receives the variables by name.
    namespace
        The globals of the notebook's functions; ``__main__``'s by default.

    Attributes
    ----------
    function
        The function to call, once it has been read; None if there is none.
    """

    def __init__(
        self,
        bundle: OpenBundle,
        values: dict[str, Any],
        namespace: dict[str, Any] | None = None,
    ) -> None:
        self.function: Callable[[], object] | None = None
        self._manifest = bundle.manifest
        self._values = values
        self._names = [variable.name for variable in bundle.manifest.variables]
        files = (variables_path(bundle.folder).name, buffers_path(bundle.folder).name)
        variables, buffers = (bundle.path(name) for name in files)
        names = tuple(self._names)
        self._unread = load(variables, buffers, bundle.manifest.spans, names, namespace)

    def read(self, before: str | None = None, on_step: OnStep = lambda *_: None) -> None:
        """Read the variables that have not been read: all of them, or those before a variable.

        A pickle may refer to an earlier one, so everything after a variable that is left for later
        must be left as well.

        Raises
        ------
        BundleError
            If a variable cannot be read here: which one, and what to do.
        """
        while self._names and self._names[0] != before:
            name, read = next(self._unread)
            del self._names[0]
            try:
                value: Any = read()
            except Exception as error:
                if name == library_state.STATE:
                    raise BundleError(_state_error(self._manifest, error)) from error
                raise BundleError(
                    f"variable {name or 'function'!r} was handed over, but cannot be read in a "
                    f"new process ({type(error).__name__}: {error}): create it in the cell "
                    f"itself, or leave it out with --exclude {name}"
                ) from error
            if name == library_state.STATE:
                library_state.restore(*value)
            elif name == ENTRY:
                self.function = value
            else:
                self._values[name] = value
            on_step("variable", name)


@dataclass(frozen=True)
class Entrypoint:
    """What a run executes: a cell's code or a function, in the module ``__main__``."""

    kind: Kind
    module: types.ModuleType
    code: CodeType | None
    variables: VariableReader
    cells: tuple[CodeType, ...] = ()
    random_state: Mapping[str, Any] = field(default_factory=dict)

    def execute(self) -> object:
        """Execute it, in the run; a coroutine (top-level ``await``) is returned to be awaited."""
        self.variables.read()
        library_state.set_random_state(self.random_state)
        library_state.apply_pending()
        move_late_tensors()
        run_cells(self.cells, self.module.__dict__)
        if self.variables.function is not None:
            return self.variables.function()
        assert self.code is not None
        return eval(self.code, self.module.__dict__)  # noqa: S307 - the user's own cell


def thaw(
    folder: Path, *, late: str | None = None, on_step: OnStep = lambda *_: None
) -> Entrypoint:
    """Load a bundle: paths, modules, variables; its module becomes ``__main__``.

    Parameters
    ----------
    folder
        The bundle.
    late
        The first variable that each run is to read itself.
    on_step
        Called after each import and each variable.

    Raises
    ------
    BundleError
        If a variable cannot be read here: which one, and what to do.
    UntrustedError
        If it was not written by this user.
    """
    with open_signed(folder) as bundle:
        return _load(bundle, late, on_step)


def _load(bundle: OpenBundle, late: str | None, on_step: OnStep) -> Entrypoint:
    folder, manifest = bundle.folder, bundle.manifest
    os.chdir(manifest.working_directory)
    sys.path[:] = [*manifest.path, *(entry for entry in sys.path if entry not in manifest.path)]
    for filename, text in manifest.sources.items():
        cache_source(filename, text)
    # No `__file__`, as in a kernel: `multiprocessing` would execute that again in its workers.
    module = types.ModuleType("__main__")
    module.__dict__["get_ipython"] = plain_shell.get_ipython
    sys.modules["__main__"] = module
    sys.argv = [""]
    code = None
    if manifest.kind == "cell":
        filename = str(cell_path(folder))
        text = bundle.text(cell_path(folder).name)
        cache_source(filename, text)
        code = compile_cell(parse_cell(text, filename), filename)
    import_early(manifest, on_step)
    variables = VariableReader(bundle, module.__dict__)
    variables.read(late, on_step)
    cells = []
    for label, text in manifest.cells:
        cache_source(f"<{label}>", text)
        cells.append(compile_cell(parse_cell(text, f"<{label}>"), f"<{label}>"))
    return Entrypoint(manifest.kind, module, code, variables, tuple(cells), manifest.random_state)


def run_cells(cells: Sequence[CodeType], namespace: dict[str, Any]) -> None:
    """Execute notebook cells again; what was handed over keeps its value."""
    handed_over = dict(namespace)
    for code in cells:
        result = eval(code, namespace)  # noqa: S307 - the user's own cell
        if inspect.iscoroutine(result):
            asyncio.run(result)
    if cells:
        namespace.update(handed_over)


def cache_source(filename: str, text: str) -> None:
    """Let tracebacks show the lines of a cell, whatever happens to its file."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)


def import_early(manifest: Manifest, on_step: OnStep = lambda *_: None) -> None:
    """Import what the code will import."""
    for name, parts in manifest.early_imports.items():
        # A failing import may never be reached, or be guarded by the user's own `try`: if not,
        # the run reports it.
        with contextlib.suppress(Exception):
            __import__(name, fromlist=parts)
        on_step("import", name)


def _state_error(manifest: Manifest, error: Exception) -> str:
    return (
        f"what the notebook has set on modules ({', '.join(manifest.carried)}) cannot be read in "
        f"a new process ({type(error).__name__}: {error}): set it in the cell itself, and exclude "
        "it by its name, with --exclude module.name"
    )
