"""Recreates variables from a bundle's pickles and buffers.

Pickles name the functions of this module and of `type_reconstructors`. Both import nothing else
from this package, because an exported run includes their files unchanged: there they need
cloudpickle, and numpy or torch where variables do. They start no process, and run no code except
what the pickles name.
"""

from __future__ import annotations

import functools
import importlib
import io
import mmap
import pickle
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

_PACKAGE_PREFIX = "wandb_magic.bundle."  # modules by which pickles have named these functions


class Unpickler(pickle.Unpickler):
    """Reads a bundle's pickles, one after another.

    Parameters
    ----------
    stream
        The pickles.
    buffers
        Their large buffers, in order.
    namespace
        The globals for the functions of the notebook; ``__main__``'s by default.
    """

    def __init__(
        self,
        stream: mmap.mmap,
        buffers: Sequence[memoryview],
        namespace: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(stream, buffers=buffers)
        self._namespace = namespace

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - whatever is named
        """Find what a pickle names; functions of this package are found here."""
        renamed = importlib.import_module(f"{__package__}.pickle_names").RENAMED
        module = renamed.get(module, module)
        if not module.startswith(_PACKAGE_PREFIX):
            return super().find_class(module, name)
        if name == "namespace_of_run" and self._namespace is not None:
            return lambda: self._namespace
        if module.endswith(".type_reconstructors"):
            return getattr(importlib.import_module(f"{__package__}.type_reconstructors"), name)
        return globals()[name]


def load(
    variables: Path,
    buffers: Path,
    spans: Sequence[tuple[int, int]],
    names: Sequence[str],
    namespace: dict[str, Any] | None = None,
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Return, for each variable in order, its name and a function that reads it; call each one.

    The files are mapped immediately, and may be closed before the first variable is read.

    Parameters
    ----------
    variables, buffers
        The files with the pickles and their buffers.
    spans
        Offset and size of each buffer.
    names
        The names of the variables, in the order of their pickles.
    namespace
        The globals for the functions of the notebook; ``__main__``'s by default.
    """
    if not names:
        return iter(())
    views = map_buffers(buffers, spans)
    with variables.open("rb") as file:
        # Each fork continues from here independently; a file's position would be shared.
        stream = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return _read(stream, Unpickler(stream, views, namespace), names)


def _read(
    stream: mmap.mmap, unpickler: Unpickler, names: Sequence[str]
) -> Iterator[tuple[str, Callable[[], Any]]]:
    with stream:
        for name in names:
            yield name, unpickler.load


def map_buffers(path: Path, spans: Sequence[tuple[int, int]]) -> list[memoryview]:
    """Map a buffer file copy-on-write: processes share its pages until one changes them."""
    if not spans:
        return []
    with path.open("rb") as file:
        view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    return [view[start : start + size] for start, size in spans]


def namespace_of_run() -> dict[str, Any]:
    """Return the namespace that the cell runs in: the run's ``__main__``."""
    return vars(sys.modules["__main__"])


def memory_map(*arguments: Any) -> Any:  # noqa: ANN401 - numpy is optional
    """Return an array that maps its own file."""
    import numpy as np  # noqa: PLC0415 - only where the bundle holds arrays

    filename, dtype, mode, offset, shape, order = arguments
    return np.memmap(filename, dtype=dtype, mode=mode, offset=offset, shape=shape, order=order)


def array_view(base: Any, shape: Any, *layout: Any) -> Any:  # noqa: ANN401 - numpy is optional
    """Return a view of an array."""
    import numpy as np  # noqa: PLC0415 - only where the bundle holds arrays

    dtype, start, strides, writeable = layout
    view = np.ndarray(shape, dtype, base, start, strides)
    view.flags.writeable = writeable
    return view


def cached_function(function: Any, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - any callable
    """Return a function with a cache."""
    return functools.lru_cache(**parameters)(function)


def code_of_file(make: Any, arguments: Any, filename: str) -> Any:  # noqa: ANN401 - cloudpickle's own
    """Return code with the name of the file it is from."""
    return make(*arguments).replace(co_filename=filename)


def torch_storage(buffer: Any) -> Any:  # noqa: ANN401 - torch is optional
    """Return the storage of tensors over a buffer."""
    torch = _torch()
    return torch.frombuffer(buffer, dtype=torch.uint8).untyped_storage()


def typed_storage(untyped: Any, dtype: Any) -> Any:  # noqa: ANN401 - torch is optional
    """Return a storage with the type of its elements."""
    return _torch().storage.TypedStorage(wrap_storage=untyped, dtype=dtype, _internal=True)


def script_module(data: bytes) -> Any:  # noqa: ANN401 - torch is optional
    """Return a TorchScript module or function."""
    _torch()
    jit = sys.modules["torch.jit"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated: the user has already been warned
        return jit.load(io.BytesIO(data), map_location="cpu")


def boosting_matrix(data: bytes, names: Any, types: Any) -> Any:  # noqa: ANN401 - xgboost is optional
    """Return an XGBoost matrix from its binary format."""
    xgboost: Any = importlib.import_module("xgboost")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "matrix"
        file.write_bytes(data)
        matrix = xgboost.DMatrix(str(file))
    matrix.feature_names, matrix.feature_types = names, types
    return matrix


_late_tensors: list[
    tuple[Any, str]
] = []  # tensors of this process that are not on their device yet


def late_tensor(tensor: Any, device: str) -> Any:  # noqa: ANN401 - torch is optional
    """Return a tensor that is to move to its device later; see `move_late_tensors`."""
    _late_tensors.append((tensor, device))
    return tensor


def move_late_tensors() -> None:
    """Move the bundle's CUDA tensors to their devices; call it in the run, after the fork."""
    storages: dict[tuple[int, str], Any] = {}
    while _late_tensors:
        tensor, device = _late_tensors.pop()
        if in_storage(tensor):
            storage = tensor.untyped_storage()
            key = (storage.data_ptr(), device)
            if key not in storages:
                storages[key] = storage.to(device=device)
            tensor.data = over_storage(storages[key], tensor)
        else:
            tensor.data = tensor.data.to(device)


def in_storage(tensor: Any) -> bool:  # noqa: ANN401 - torch is optional
    """Return whether a tensor's elements are plainly in a storage."""
    return tensor.layout is _torch().strided and not tensor.is_quantized and tensor.numel() > 0


def over_storage(storage: Any, like: Any) -> Any:  # noqa: ANN401 - torch is optional
    """Return a tensor over a storage, with the layout of another tensor."""
    tensor = _torch().empty(0, dtype=like.dtype, device=storage.device)
    return tensor.set_(storage, like.storage_offset(), like.shape, like.stride())


def _torch() -> Any:  # noqa: ANN401 - torch is optional
    import torch  # noqa: PLC0415 - only where the bundle holds tensors

    return torch
