"""Pickles values that cloudpickle refuses, copies needlessly, or recreates as something else.

- What Python pickles only by name, which a run's ``__main__`` does not have yet, and weak
  references.
- Objects that pickle refuses but whose libraries can serialize them.
- NumPy arrays that pickle would copy: memory maps and views of other arrays.
- Tensors: storages are mapped like any buffer, and CUDA waits until after the fork. A GPU tensor
  is captured in main memory and returns to its device in each run, because the process that forks
  must not initialise CUDA. Tensors that share a storage also share it there.

A library is never imported here before the user has imported it. The pickles name functions of
`unpickler` and `type_reconstructors`, which recreate the values. Classes are in `type_reducers`.
"""

from __future__ import annotations

import functools
import importlib
import io
import mmap
import pickle
import sys
import tempfile
import typing
import warnings
import weakref
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from wandb_magic.bundle.type_reconstructors import dead_reference, weak
from wandb_magic.bundle.unpickler import (
    array_view,
    boosting_matrix,
    cached_function,
    code_of_file,
    in_storage,
    late_tensor,
    memory_map,
    over_storage,
    script_module,
    torch_storage,
    typed_storage,
)

Reduced = tuple[Any, ...]


def reduce_definition(obj: Any) -> Reduced | None:  # noqa: ANN401 - any object is asked about
    """Return how to pickle a wrapped function or a new type by value; None for anything else."""
    if isinstance(obj, functools.cached_property):
        # Up to Python 3.11, it holds a lock.
        return functools.cached_property, (obj.func,), {"attrname": obj.attrname}
    if getattr(obj, "__module__", "") == "__main__":
        if isinstance(obj, functools._lru_cache_wrapper):  # noqa: SLF001 - what `lru_cache` makes
            return cached_function, (obj.__wrapped__, obj.cache_parameters())
        if isinstance(obj, typing.NewType):
            return typing.NewType, (obj.__name__, obj.__supertype__)
    return None


def reduce_weak(obj: Any) -> Reduced | None:  # noqa: ANN401 - any object is asked about
    """Return how to pickle a weak reference or a weak collection; None for anything else."""
    kind = type(obj)
    if kind in weakref.ProxyTypes:
        return weak, (weakref.proxy, obj.__repr__.__self__)
    if issubclass(kind, weakref.ref):
        target = obj()
        callback = (obj.__callback__,) if obj.__callback__ and kind is weakref.ref else ()
        return (dead_reference, ()) if target is None else (weak, (kind, target, *callback))
    if issubclass(kind, (weakref.WeakKeyDictionary, weakref.WeakValueDictionary)):
        return weak, (kind, dict(obj))  # `singledispatch` keeps one
    if issubclass(kind, weakref.WeakSet):
        return weak, (kind, list(obj))
    return None


def reduce_iterator(obj: Any) -> Reduced | None:  # noqa: ANN401 - any object is asked about
    """Return how to pickle an iterator of `itertools`, which warns; None for anything else."""
    if type(obj).__module__ != "itertools" or isinstance(obj, type):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reduced: Reduced = obj.__reduce__()
    return reduced


def reduce_module(obj: Any) -> Reduced | None:  # noqa: ANN401 - any object is asked about
    """Return how to import a module of a custom type; None for anything else.

    ``torch.classes`` is one, and cloudpickle encounters it wherever a function uses ``torch`` and
    something named ``classes``.
    """
    if not isinstance(obj, ModuleType) or type(obj) is ModuleType:
        return None
    # Its `__name__` may differ from the name it is imported by.
    for name in (
        obj.__name__,
        *(name for name, each in sys.modules.copy().items() if each is obj),
    ):
        if sys.modules.get(name) is obj:
            return importlib.import_module, (name,)
    return None


def reduce_code(code: CodeType, make: Any, arguments: Reduced) -> Reduced:  # noqa: ANN401 - cloudpickle's
    """Return how to pickle code that keeps its file name, whatever cloudpickle does with that.

    `linecache` finds the text of the cell by this name, for tracebacks and `inspect`.
    """
    return code_of_file, (make, arguments, code.co_filename)


def reduce_library_object(obj: Any) -> Reduced | None:  # noqa: ANN401 - any object is asked about
    """Return how to pickle an object in its library's own format; None for anything else."""
    module = type(obj).__module__
    if module.startswith("torch."):
        return _reduce_torch(obj)
    if module.startswith("xgboost."):
        return _reduce_xgboost(obj)
    return None


def _reduce_torch(obj: Any) -> Reduced | None:  # noqa: ANN401 - torch is optional
    jit: Any = sys.modules.get("torch.jit")
    if jit is not None and isinstance(obj, (jit.ScriptModule, jit.ScriptFunction)):
        stream = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecated: the user has already been warned
            jit.save(obj, stream)
        return script_module, (stream.getvalue(),)
    data: Any = sys.modules.get("torch.utils.data")
    loader: Any = getattr(data, "DataLoader", ())
    if isinstance(obj, loader) and obj._iterator is not None:  # noqa: SLF001 - no other way to find out
        # Its workers are processes of the kernel: the run starts its own.
        reduced: Any = obj.__reduce_ex__(4)
        return (*reduced[:2], {**reduced[2], "_iterator": None}, *reduced[3:])
    return None


def _reduce_xgboost(obj: Any) -> Reduced | None:  # noqa: ANN401 - xgboost is optional
    xgboost: Any = sys.modules.get("xgboost")
    if type(obj) is not getattr(xgboost, "DMatrix", None):
        return None  # a quantile matrix has no file format
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "matrix"
        obj.save_binary(str(file))
        data = file.read_bytes()
    return boosting_matrix, (data, obj.feature_names, obj.feature_types)


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


class TensorReducer:
    """Reduces the tensors of one bundle."""

    def __init__(self) -> None:
        # Every access creates a new wrapper; keeping one per storage keeps its views together.
        self._storages: dict[tuple[str, int], Any] = {}
        self._on_cpu: dict[int, Any] = {}

    def reduce(self, obj: Any) -> Reduced | None:  # noqa: ANN401 - any object is asked about
        """Return how to pickle a tensor or a storage; None for what torch or pickle does well."""
        torch: Any = sys.modules.get("torch")
        if not hasattr(torch, "UntypedStorage"):
            return None
        if isinstance(obj, torch.Tensor) and obj.is_cuda:
            return self._reduce_cuda(torch, obj)
        if isinstance(obj, torch.storage.TypedStorage):
            untyped = obj._untyped_storage  # noqa: SLF001 - `untyped()` warns the user
            if untyped.device.type == "cpu":
                return typed_storage, (self._shared_storage(untyped), obj.dtype)
        if isinstance(obj, torch.UntypedStorage) and obj.device.type == "cpu":
            if not len(obj):
                return torch.UntypedStorage, (0,)
            view = torch.tensor([], dtype=torch.uint8).set_(self._shared_storage(obj))
            return torch_storage, (pickle.PickleBuffer(view.numpy()),)
        return None

    def _shared_storage(self, storage: Any) -> Any:  # noqa: ANN401 - torch is optional
        if not len(storage):
            return storage
        return self._storages.setdefault((str(storage.device), storage.data_ptr()), storage)

    def _reduce_cuda(self, torch: Any, tensor: Any) -> Reduced:  # noqa: ANN401 - torch is optional
        if in_storage(tensor):
            storage = self._shared_storage(tensor.untyped_storage())
            if id(storage) not in self._on_cpu:
                self._on_cpu[id(storage)] = storage.cpu()
            data = over_storage(self._on_cpu[id(storage)], tensor)
        else:
            data = tensor.detach().cpu()
        if isinstance(tensor, torch.nn.Parameter):
            data = torch.nn.Parameter(data, requires_grad=tensor.requires_grad)
        else:
            data.requires_grad_(tensor.requires_grad)
        data.__dict__.update(tensor.__dict__)
        return late_tensor, (data, str(tensor.device))
