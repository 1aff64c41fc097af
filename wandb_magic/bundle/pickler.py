"""The pickler: cloudpickle that preserves the notebook's namespace, its buffers and its tensors.

- Functions of the notebook share one namespace, the one that the cell will run in.
- Large buffers (arrays, tensors) go to a separate file through pickle's protocol 5, so that the
  reader maps them instead of copying them.

Pickles are read only by the processes of the same user's sweep, from a folder with mode 0700.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Collection
from types import CellType, CodeType, FunctionType
from typing import Any, BinaryIO

import cloudpickle

from wandb_magic.bundle.reducers import (
    ArrayReducer,
    TensorReducer,
    reduce_code,
    reduce_definition,
    reduce_iterator,
    reduce_library_object,
    reduce_module,
    reduce_weak,
)
from wandb_magic.bundle.type_reducers import (
    ClassReducer,
    TypeParameterReducer,
    reduce_library_method,
)
from wandb_magic.bundle.unpickler import namespace_of_run

MIN_BUFFER = 4096  # bytes; smaller buffers stay in the pickle


class Pickler(cloudpickle.Pickler):  # type: ignore[misc] # cloudpickle is not typed
    """Pickles variables one after another with one memo, so that shared objects stay shared.

    Parameters
    ----------
    stream
        Where the pickles go.
    namespace
        The user's namespace: functions that use it as their globals will use the run's instead.
    buffers
        Called with each large buffer's contents.
    without
        Names of the namespace that functions must not pull in.

    Attributes
    ----------
    definitions
        The functions and classes that were pickled by value.
    filenames
        The file names in the pickled code.
    last
        The object that was reduced last: where pickling stops with an error, its cause.
    """

    def __init__(
        self,
        stream: BinaryIO | io.RawIOBase,
        namespace: dict[str, Any],
        buffers: Callable[[memoryview], None],
        without: Collection[str] = (),
    ) -> None:
        super().__init__(stream, protocol=5, buffer_callback=self._is_out_of_band)
        self.namespace = namespace
        self._buffers = buffers
        self._without = without
        # cloudpickle rebuilds functions with equal globals on one dict: make that dict ours.
        self.globals_ref[id(namespace)] = _RunNamespace(__name__="__main__")
        self._classes = ClassReducer(super().reducer_override)
        self._reducers = (
            reduce_definition,
            reduce_module,
            reduce_library_object,
            reduce_weak,
            reduce_iterator,
            self._classes.reduce_instance,
            TypeParameterReducer().reduce,
            ArrayReducer().reduce,
            TensorReducer().reduce,
        )
        self._cells: dict[int, CellType] = {}
        self.filenames: set[str] = set()
        self.definitions: list[Any] = []
        self.last: object = None

    def reducer_override(self, obj: Any) -> Any:  # noqa: ANN401 - pickle's own signature
        """Reduce what needs special treatment; leave everything else to cloudpickle."""
        self.last = obj
        if isinstance(obj, CodeType):
            return self._reduce_code(obj)
        if not isinstance(obj, (type, FunctionType)):
            for reduce in self._reducers:
                reduced = reduce(obj)
                if reduced is not None:
                    return reduced
        if isinstance(obj, FunctionType):
            reduced = reduce_library_method(obj)
            if reduced is not None:
                return reduced
        reduced = super().reducer_override(obj)
        if not isinstance(reduced, tuple):
            return reduced  # by name
        self.definitions.append(obj)
        if isinstance(obj, FunctionType):
            return self._reduce_function(obj, *reduced)
        return self._classes.reduce(obj, reduced)

    def _reduce_code(self, code: CodeType) -> tuple[Any, ...]:
        self.filenames.add(code.co_filename)
        return reduce_code(code, *self.dispatch_table[CodeType](code))

    def _reduce_function(
        self,
        function: FunctionType,
        make: Any,  # noqa: ANN401 - cloudpickle's own
        arguments: tuple[Any, ...],
        state: tuple[dict[str, Any], dict[str, Any]],
        *rest: Any,  # noqa: ANN401 - cloudpickle's own
    ) -> tuple[Any, ...]:
        """Change how cloudpickle reduces a function: what it pulls in, and what it shares."""
        if function.__globals__ is self.namespace:
            for name in self._without:
                state[1]["__globals__"].pop(name, None)
        if getattr(function, "__type_params__", ()):  # from Python 3.12
            state[1]["__type_params__"] = function.__type_params__  # type: ignore[attr-defined]
        # cloudpickle gives each function new cells; a `nonlocal` shared by two needs one cell.
        closure = tuple(
            self._cells.setdefault(id(cell), CellType()) for cell in function.__closure__ or ()
        )
        return (make, (*arguments[:-1], closure or None), state, *rest)

    def _is_out_of_band(self, buffer: pickle.PickleBuffer) -> bool:
        try:
            view = buffer.raw()
        except BufferError:  # not contiguous
            return True
        if view.nbytes < MIN_BUFFER:
            return True
        self._buffers(view)
        return False


class ComparingPickler(Pickler):
    """Pickles equal values to equal bytes, although each kernel names its cells differently."""

    def _reduce_code(self, code: CodeType) -> tuple[Any, ...]:
        reduced: tuple[Any, ...] = self.dispatch_table[CodeType](code.replace(co_filename=""))
        return reduced


class _RunNamespace(dict[str, Any]):
    """Stands for the namespace of the run, whatever that will contain."""

    def __reduce__(self) -> tuple[Callable[[], dict[str, Any]], tuple[()]]:
        return namespace_of_run, ()


def can_pickle(
    obj: Any,  # noqa: ANN401 - any value
    namespace: dict[str, Any],
    without: Collection[str] = (),
    secrets: Collection[bytes] = (),
) -> bool:
    """Return whether `obj` can be pickled by itself, and contains none of the `secrets`."""
    stream = _SecretScanner(secrets)
    try:
        Pickler(stream, namespace, lambda _view: None, without).dump(obj)
    except Exception:  # noqa: BLE001 - a user's class may raise anything in __reduce__
        return False
    return not stream.found


class _SecretScanner(io.RawIOBase):
    """Discards the bytes written to it, but searches them for words."""

    def __init__(self, words: Collection[bytes]) -> None:
        self._words = words
        self._overlap = max(map(len, words), default=1) - 1
        self._tail = b""
        self.found = False

    def write(self, data: Any) -> int:  # noqa: ANN401 - io's own signature
        if self._words:
            text = self._tail + bytes(data)
            self.found = self.found or any(word in text for word in self._words)
            self._tail = text[-self._overlap :]
        return len(data)
