"""Pickles NumPy arrays that pickle would copy needlessly: memory maps and views of other arrays.

numpy is never imported here before the user has imported it.
"""

from __future__ import annotations

import mmap
import sys
from typing import Any

from wandb_magic.bundle.unpickler import array_view, memory_map

Reduced = tuple[Any, ...]


def is_base_array(obj: Any) -> bool:  # noqa: ANN401 - any object is asked about
    """Return whether an object is an array that others may be views of."""
    numpy: Any = sys.modules.get("numpy")
    return type(obj) is getattr(numpy, "ndarray", None) and obj.base is None


class ArrayReducer:
    """Reduces the arrays of one bundle.

    A view of an array that is also captured remains a view of it, as in the notebook.
    """

    def __init__(self) -> None:
        self._base_arrays: dict[int, Any] = {}

    def reduce(self, obj: Any) -> Reduced | None:  # noqa: ANN401 - any object is asked about
        """Return how to pickle an array; None for arrays that numpy pickles well."""
        numpy: Any = sys.modules.get("numpy")
        if not hasattr(numpy, "ndarray"):
            return None
        if type(obj) is numpy.memmap and _is_full_memmap(obj):
            mode = obj.mode.replace("w", "r")  # "w+" would empty the file
            order = "C" if obj.flags.c_contiguous else "F"
            return memory_map, (str(obj.filename), obj.dtype, mode, obj.offset, obj.shape, order)
        if type(obj) is not numpy.ndarray or obj.dtype.hasobject:
            return None
        if is_base_array(obj):
            self._base_arrays[id(obj)] = obj
        elif id(obj.base) in self._base_arrays:
            start = obj.__array_interface__["data"][0] - obj.base.__array_interface__["data"][0]
            layout = (obj.dtype, start, obj.strides, obj.flags.writeable)
            return array_view, (obj.base, obj.shape, *layout)
        return None


def _is_full_memmap(array: Any) -> bool:  # noqa: ANN401 - numpy is optional
    # A private map ("c") may hold changes that its file does not.
    return isinstance(array.base, mmap.mmap) and array.filename is not None and array.mode != "c"
