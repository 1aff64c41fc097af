"""Reading a bundle in the process that forks the runs.

It imports and unpickles, and runs no user computation: a parent that has used its thread pools, or
CUDA, would leave its children hanging.
"""

from __future__ import annotations

import contextlib
import linecache
import os
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

from wandb_magic.bundle import library_state
from wandb_magic.bundle.manifest import (
    ENTRY,
    Kind,
    Manifest,
    buffers_path,
    cell_path,
    variables_path,
)
from wandb_magic.bundle.rebuilding import load, move_late_tensors
from wandb_magic.bundle.syntax import compile_cell, parse
from wandb_magic.errors import BundleError


@dataclass(frozen=True)
class Thawed:
    """What a run executes: a cell's code or a function, in the module ``__main__``."""

    kind: Kind
    module: types.ModuleType
    code: CodeType | None
    function: Callable[[], object] | None

    def execute(self) -> object:
        """Execute it, in the run; a coroutine (top-level ``await``) is returned to be awaited."""
        library_state.complete()
        move_late_tensors()
        if self.function is not None:
            return self.function()
        assert self.code is not None
        return eval(self.code, self.module.__dict__)  # noqa: S307 - the user's own cell


def thaw(folder: Path) -> Thawed:
    """Read a bundle: paths, modules, variables; its module becomes ``__main__``.

    Raises
    ------
    BundleError
        If a variable cannot be read here: which one, and what to do.
    """
    manifest = Manifest.read(folder)
    os.chdir(manifest.directory)
    sys.path[:] = [*manifest.path, *(entry for entry in sys.path if entry not in manifest.path)]
    for filename, text in manifest.sources.items():
        remember_source(filename, text)
    # No `__file__`, as in a kernel: `multiprocessing` would execute it again in its workers.
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    sys.argv = [""]
    code = None
    if manifest.kind == "cell":
        filename = str(cell_path(folder))
        text = cell_path(folder).read_text(encoding="utf-8")
        remember_source(filename, text)
        code = compile_cell(parse(text, filename), filename)
    import_early(manifest)
    function = read_variables(folder, manifest, module.__dict__)
    return Thawed(manifest.kind, module, code, function)


def remember_source(filename: str, text: str) -> None:
    """Let tracebacks show the lines of a cell, whatever becomes of its file."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)


def import_early(manifest: Manifest) -> None:
    """Import what the code will."""
    for name, parts in manifest.imports.items():
        # What fails is perhaps never reached, or guarded by the user's own `try`: if not, the
        # run says so.
        with contextlib.suppress(Exception):
            __import__(name, fromlist=parts)


def read_variables(
    folder: Path,
    manifest: Manifest,
    values: dict[str, Any],
    namespace: dict[str, Any] | None = None,
) -> Callable[[], object] | None:
    """Read a bundle's variables into `values`; return the function to call, if there is one.

    Parameters
    ----------
    folder, manifest
        The bundle.
    values
        Gets the variables by name.
    namespace
        The globals of the notebook's functions; ``__main__``'s by default.

    Raises
    ------
    BundleError
        If a variable cannot be read here: which one, and what to do.
    """
    function = None
    names = [variable.name for variable in manifest.variables]
    places = (variables_path(folder), buffers_path(folder), manifest.spans)
    for name, read in load(*places, names, namespace):
        try:
            value: Any = read()
        except Exception as error:
            if name == library_state.STATE:
                raise BundleError(_unreadable_state(manifest, error)) from error
            raise BundleError(
                f"variable {name or 'function'!r} was handed over, but cannot be read in a "
                f"new process ({type(error).__name__}: {error}): create it in the cell "
                f"itself, or leave it out with --exclude {name}"
            ) from error
        if name == library_state.STATE:
            library_state.restore(*value)
        elif name == ENTRY:
            function = value
        else:
            values[name] = value
    return function


def _unreadable_state(manifest: Manifest, error: Exception) -> str:
    return (
        f"what the notebook has set on modules ({', '.join(manifest.carried)}) cannot be read in "
        f"a new process ({type(error).__name__}: {error}): set it in the cell itself, and leave "
        "it out by its name, with --exclude module.name"
    )
