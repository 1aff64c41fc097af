"""Loads a bundle into a process with another purpose, such as a kernel.

Unlike `thaw`, it does not replace ``__main__``, change the working directory, or touch existing
variables: the caller decides what to do with what was read. What the notebook had set on modules
and libraries is set here as well.
"""

from __future__ import annotations

import linecache
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wandb_magic.bundle import library_state
from wandb_magic.bundle.manifest import Manifest, cell_path
from wandb_magic.bundle.pickle_opcodes import contains_code
from wandb_magic.bundle.signature import OpenBundle, SignedStatement, open_signed
from wandb_magic.bundle.thaw import VariableReader, cache_source, import_early
from wandb_magic.bundle.unpickler import move_late_tensors
from wandb_magic.errors import BundleError


@dataclass(frozen=True)
class LoadedBundle:
    """The contents of a bundle.

    Attributes
    ----------
    manifest
        The bundle's table of contents.
    cell
        The cell's text; "" if the bundle is not a cell.
    values
        The variables.
    function
        The function that each run calls; None if the bundle is not a function.
    """

    manifest: Manifest
    cell: str
    values: dict[str, Any]
    function: Callable[[], object] | None


def load_bundle(
    folder: Path, namespace: dict[str, Any], statement: SignedStatement | None = None
) -> LoadedBundle:
    """Read a bundle.

    Parameters
    ----------
    folder
        The bundle.
    namespace
        The globals for the functions of the notebook. Reading a function may set names there that
        the function uses.
    statement
        What the bundle must match; see `signature.open_signed`.

    Raises
    ------
    BundleError
        If a variable cannot be read here, or captured code needs another Python.
    UntrustedError
        If it was not written by this user.
    """
    with open_signed(folder, statement) as bundle:
        return _load(bundle, namespace)


def _load(bundle: OpenBundle, namespace: dict[str, Any]) -> LoadedBundle:
    folder, manifest = bundle.folder, bundle.manifest
    captured_version, current_version = (
        minor_version(manifest.python),
        minor_version(platform.python_version()),
    )
    if captured_version != current_version and contains_code(folder):
        raise BundleError(
            f"the notebook's functions were captured as bytecode of Python {captured_version}, "
            f"which this Python {current_version} cannot read: "
            f"use a kernel with Python {captured_version}"
        )
    # The notebook's own modules are next to it; the paths of this process take precedence.
    sys.path += [entry for entry in manifest.path if entry not in sys.path]
    for filename, text in manifest.sources.items():
        if filename not in linecache.cache:
            cache_source(filename, text)
    import_early(manifest)
    values: dict[str, Any] = {}
    variables = VariableReader(bundle, values, namespace)
    variables.read()
    library_state.apply_pending()
    move_late_tensors()
    cell = bundle.text(cell_path(folder).name) if manifest.kind == "cell" else ""
    return LoadedBundle(manifest, cell, values, variables.function)


def minor_version(version: str) -> str:
    """Return a Python version without the patch level: 3.12 for 3.12.1."""
    return ".".join(version.split(".")[:2])
