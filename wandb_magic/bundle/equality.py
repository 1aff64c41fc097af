"""Compares two values of a variable, or two bundles, by their pickles."""

from __future__ import annotations

import filecmp
import io
from pathlib import Path
from typing import Any

from wandb_magic.bundle.manifest import Manifest, buffers_path, cell_path, variables_path
from wandb_magic.bundle.pickler import ComparingPickler


def values_equal(one: object, other: object, namespace: dict[str, Any]) -> bool:
    """Return whether two values are the same object, or pickle to the same bytes.

    Values that cannot be pickled, or that are composed differently, count as different.

    Parameters
    ----------
    one, other
        The values.
    namespace
        The globals of the notebook's functions.
    """
    if one is other:
        return True
    if type(one) is not type(other):
        # A class that was pickled by value is not the same object as the original.
        return False
    try:
        return _pickled(one, namespace) == _pickled(other, namespace)
    except Exception:  # noqa: BLE001 - a user's class may raise anything in __reduce__
        return False


def bundles_equal(one: Path, other: Path) -> bool:
    """Return whether the bundles in two folders execute the same code on the same variables."""
    first, second = Manifest.read(one), Manifest.read(other)
    if (first.kind, first.directory, first.spans) != (second.kind, second.directory, second.spans):
        return False
    return all(
        filecmp.cmp(path_of(one), path_of(other), shallow=False)
        if path_of(one).exists() and path_of(other).exists()
        else path_of(one).exists() == path_of(other).exists()
        for path_of in (cell_path, variables_path, buffers_path)
    )


def _pickled(value: object, namespace: dict[str, Any]) -> tuple[bytes, list[memoryview]]:
    stream, buffers = io.BytesIO(), list[memoryview]()
    ComparingPickler(stream, namespace, buffers.append).dump(value)
    return stream.getvalue(), buffers
