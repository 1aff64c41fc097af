"""Reading a bundle into a process that has a life of its own: a kernel, say.

Unlike `thaw`, it makes nothing ``__main__``, goes to no other folder, and leaves the variables
that are there alone: what it read is for the caller to use. What the notebook had set on modules
and libraries is set here, too.
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
    """What was in a bundle.

    Attributes
    ----------
    manifest
        Its table of contents.
    cell
        The cell's text; "" if it is none.
    values
        The variables.
    function
        The function that each run calls, if it is one.
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
        What the functions of the notebook get as their globals. Reading a function may set names
        there that the function uses.
    statement
        What the bundle must be; see `signature.open_signed`.

    Raises
    ------
    BundleError
        If a variable cannot be read here, or code that goes along needs another Python.
    UntrustedError
        If it was not written by this user.
    """
    with open_signed(folder, statement) as bundle:
        return _load(bundle, namespace)


def _load(bundle: OpenBundle, namespace: dict[str, Any]) -> LoadedBundle:
    folder, manifest = bundle.folder, bundle.manifest
    made, here = minor_version(manifest.python), minor_version(platform.python_version())
    if made != here and contains_code(folder):
        raise BundleError(
            f"the functions of the notebook went along as code of Python {made}, which this "
            f"Python {here} cannot read: use a kernel with Python {made}"
        )
    # The notebook's own modules lie beside it; what is known here comes first.
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
    """Return the minor version of a Python: 3.12 of 3.12.1."""
    return ".".join(version.split(".")[:2])
