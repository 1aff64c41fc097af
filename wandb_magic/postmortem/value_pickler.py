"""Pickles the variables of a failed run, as many and as much of each as the limits allow.

What cannot be pickled is replaced where it is, so that a list with one lock in it is still a list.
Large arrays, tensors and tables are cut to their first rows; tensors come to main memory; secrets
are masked.
"""

from __future__ import annotations

import io
import os
import reprlib
import sys
import threading
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, cast

from wandb_magic.bundle.pickler import Pickler
from wandb_magic.postmortem.limits import LimitError, Limits
from wandb_magic.postmortem.restored import (
    RestoredConfig,
    RestoredRun,
    Unrestored,
    restore_exception,
    restore_module,
)
from wandb_magic.postmortem.secret_mask import SecretMask

_LONGEST_REPR = 2000
_MAX_ATTRIBUTES = 100
_ROWS = 1000  # how many items of a large collection are kept at first
_CHUNK = 1 << 16
# A copy of what they hold would act on this machine: end a process, remove a file, close a socket.
_OF_PROCESS = ("_thread", "asyncio", "concurrent", "multiprocessing", "socket", "subprocess")
_SPECIAL: Mapping[type, Callable[[Any], tuple[Any, ...]]] = {
    type(threading.Lock()): lambda _: (threading.Lock, ()),
    type(threading.RLock()): lambda _: (threading.RLock, ()),
    memoryview: lambda view: (memoryview, (view.tobytes(),)),
    types.MappingProxyType: lambda view: (types.MappingProxyType, (dict(view),)),
    type(os.environ): lambda environment: (dict, (dict(environment),)),
}


@dataclass(frozen=True)
class PickledValue:
    """A pickled value.

    Attributes
    ----------
    data
        The pickle.
    buffers
        Its large buffers, in order.
    note
        What was left out; "" if nothing was.
    """

    data: bytes
    buffers: tuple[memoryview, ...]
    note: str = ""

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.data) + sum(each.nbytes for each in self.buffers)


def pickle_value(
    value: Any,  # noqa: ANN401 - any value
    name: str,
    namespace: dict[str, Any],
    mask: SecretMask,
    limits: Limits,
) -> PickledValue:
    """Pickle a variable.

    Parameters
    ----------
    value, name
        The variable.
    namespace
        The globals of the functions of the notebook.
    mask
        Masks the secrets in it.
    limits
        What remains of the time and the size.

    Raises
    ------
    LimitError
        If there is neither time nor space for any of it.
    """
    cut, total = value, None
    while True:
        limits.begin_value()
        mask.forget()
        try:
            pickled = _pickle(cut, name, namespace, mask, limits)
        except LimitError:
            if total is None:
                total = _length(value)
            length = min(_ROWS, (_length(cut) or 0) // 8)
            if not total or not length:
                raise
            cut = _head(value, length)
            continue
        if total is None:
            return pickled
        return PickledValue(
            pickled.data, pickled.buffers, f"the first {_length(cut):,} of {total:,}"
        )


def describe_value(value: Any, name: str, mask: SecretMask) -> str:  # noqa: ANN401 - any value
    """Return the repr of a variable, shortened and without secrets."""
    value = mask.value(value, name) if type(value) in (str, bytes) else value
    try:
        text = _REPR.repr(value)
    except Exception as error:  # noqa: BLE001 - a user's `__repr__` may raise anything
        text = f"<{type_name(value)} whose repr raises {type(error).__name__}>"
    if len(text) > _LONGEST_REPR:
        text = f"{text[:_LONGEST_REPR]}…"
    return mask.text(text)


def type_name(value: Any) -> str:  # noqa: ANN401 - any value
    """Return the name of a value's type; with its module, unless it is built in."""
    kind = type(value)
    module = getattr(kind, "__module__", "")
    name = getattr(kind, "__qualname__", kind.__name__)
    return name if module in ("builtins", "__main__") else f"{module}.{name}"


def _repr_of_all() -> reprlib.Repr:
    shortener = reprlib.Repr()
    shortener.maxlevel = 6
    shortener.maxdict = shortener.maxlist = shortener.maxtuple = shortener.maxset = 20
    shortener.maxfrozenset = shortener.maxdeque = shortener.maxarray = 20
    shortener.maxstring = shortener.maxlong = 400
    shortener.maxother = _LONGEST_REPR
    return shortener


_REPR = _repr_of_all()


def _pickle(
    value: Any,  # noqa: ANN401 - any value
    name: str,
    namespace: dict[str, Any],
    mask: SecretMask,
    limits: Limits,
) -> PickledValue:
    stream = _LimitedStream(limits)
    pickler = _ValuePickler(stream, namespace, mask, limits)
    try:
        pickler.dump(mask.value(value, name))
    except LimitError:
        raise
    except Exception as error:
        # Nothing can be replaced where it is: nested too deeply, for example.
        raise LimitError(f"{type(error).__name__} when it was pickled") from error
    return PickledValue(stream.getvalue(), tuple(pickler.views), "; ".join(pickler.notes))


def _length(value: Any) -> int | None:  # noqa: ANN401 - any value
    """Return the length of a plain collection or text; None for anything else."""
    if type(value) in (str, bytes, bytearray, list, tuple, set, frozenset, dict):
        return len(value)
    return None


def _head(value: Any, length: int) -> Any:  # noqa: ANN401 - a plain collection or text
    if isinstance(value, dict):
        return dict(islice(value.items(), length))
    if isinstance(value, (set, frozenset)):
        return type(value)(islice(value, length))
    return value[:length]


class _LimitedStream(io.RawIOBase):
    """Collects a pickle, and ends it when the limits are reached."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: Any) -> int:  # noqa: ANN401 - io's own signature
        part = bytes(data)
        self._size += len(part)
        self._limits.check()
        if self._size > max(self._limits.largest, 0):
            raise LimitError("it is too large")
        self._parts.append(part)
        return len(part)

    def getvalue(self) -> bytes:
        return b"".join(self._parts)


class _ValuePickler(Pickler):
    """Pickles one variable; each object that cannot be pickled is replaced where it is."""

    def __init__(
        self, stream: _LimitedStream, namespace: dict[str, Any], mask: SecretMask, limits: Limits
    ) -> None:
        super().__init__(cast("BinaryIO", stream), namespace, self._add_view)
        self._mask = mask
        self._limits = limits
        self._kept: list[Any] = []  # pickle's memo goes by address
        self._pending = 0
        self.views: list[memoryview] = []
        self.notes: list[str] = []

    def reducer_override(self, obj: Any) -> Any:  # noqa: ANN401 - pickle's own signature
        """Reduce what needs treatment of its own; replace what cannot be pickled."""
        self._limits.check()
        try:
            reduced = self._reduce(obj)
        except LimitError:
            raise
        except Exception:  # noqa: BLE001 - a user's class may raise anything in __reduce__
            return self._replace(obj)
        return reduced

    def _reduce(self, obj: Any) -> Any:  # noqa: ANN401 - as above
        if (special := _reduce_special(obj)) is not None:
            return self._masked(special)
        if _belongs_to_process(obj):
            return self._replace(obj)
        smaller = self._mask_code(obj) if isinstance(obj, types.CodeType) else self._cut(obj)
        if smaller is not obj:
            self._kept.append(smaller)
            obj = smaller
        reduced = super().reducer_override(obj)
        if reduced is NotImplemented:
            if isinstance(obj, (type, types.FunctionType)):
                return reduced  # by name
            own = self.dispatch_table.get(type(obj))
            reduced = obj.__reduce_ex__(5) if own is None else own(obj)
        return reduced if isinstance(obj, types.CodeType) else self._masked(reduced)

    def _mask_code(self, code: types.CodeType) -> types.CodeType:
        constants = self._mask.value(code.co_consts)
        return code if constants is code.co_consts else code.replace(co_consts=constants)

    def _masked(self, reduced: Any) -> Any:  # noqa: ANN401 - as above
        """Mask the secrets in the state of an object."""
        if not isinstance(reduced, tuple):
            return reduced
        make, arguments, *rest = reduced
        parts: list[Any] = [make, self._mask.value(arguments), *rest]
        if len(parts) > 2 and parts[2] is not None:  # noqa: PLR2004 - the state, in pickle's protocol
            parts[2] = self._mask.value(parts[2])
        if len(parts) > 3 and parts[3] is not None:  # noqa: PLR2004 - the items of a list
            parts[3] = map(self._mask.value, parts[3])
        if len(parts) > 4 and parts[4] is not None:  # noqa: PLR2004 - the items of a mapping
            parts[4] = self._items(parts[4])
        self._kept.append(parts)
        return tuple(parts)

    def _items(self, pairs: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        for key, value in pairs:
            masked = self._mask.item(key, value)
            self._kept.append(masked)
            yield key, masked

    def _replace(self, obj: Any) -> Any:  # noqa: ANN401 - as above
        """Return what stands for an object: its type, its repr, and its attributes."""
        attributes: dict[str, Any] = {}
        state = getattr(obj, "__dict__", None)
        if isinstance(state, dict) and not isinstance(obj, (type, types.ModuleType)):
            plain = ((key, each) for key, each in state.items() if _is_plain(each))
            attributes = self._mask.value(dict(islice(plain, _MAX_ATTRIBUTES)))
            self._kept.append(attributes)
        return Unrestored, (type_name(obj), describe_value(obj, "", self._mask), attributes)

    def _cut(self, obj: Any) -> Any:  # noqa: ANN401 - as above
        """Return an array, tensor or table, or the first rows of one that is too large."""
        limit = self._limits.largest - self._pending
        numpy: Any = sys.modules.get("numpy")
        if _is_a(obj, numpy, "ndarray"):
            if type(obj) is getattr(numpy, "memmap", None):
                obj = numpy.asarray(obj)  # its file may be removed
            return self._rows(obj, obj.nbytes, limit, lambda rows: obj[:rows].copy())
        torch: Any = sys.modules.get("torch")
        if _is_a(obj, torch, "Tensor"):
            return self._cut_tensor(torch, obj, limit)
        pandas: Any = sys.modules.get("pandas")
        if _is_a(obj, pandas, "DataFrame") or _is_a(obj, pandas, "Series"):
            usage = obj.memory_usage(index=True)
            size = int(usage if isinstance(obj, pandas.Series) else usage.sum())
            return self._rows(obj, size, limit, lambda rows: obj.head(rows).copy())
        return obj

    def _rows(
        self,
        obj: Any,  # noqa: ANN401 - as above
        size: int,
        limit: int,
        head: Callable[[int], Any],
    ) -> Any:  # noqa: ANN401 - as above
        if size <= max(limit, _CHUNK) or not getattr(obj, "shape", ()) or not len(obj):
            return obj
        rows = max(0, int(len(obj) * (limit / 2) / size))
        self.notes.append(f"the first {rows:,} of {len(obj):,} rows")
        return head(rows)

    def _cut_tensor(self, torch: Any, obj: Any, limit: int) -> Any:  # noqa: ANN401 - torch is optional
        if obj.layout is not torch.strided or obj.is_quantized:
            return obj
        data = obj.detach()
        size = data.numel() * data.element_size()
        smaller = self._rows(data, size, limit, lambda rows: data[:rows])
        if smaller is data and data.device.type == "cpu":
            if data.untyped_storage().nbytes() <= 2 * size + _CHUNK:
                return obj
            smaller = data.clone()  # not everything of which it is a view
        elif smaller is not data:
            smaller = smaller.clone()
        smaller = smaller.cpu()
        if isinstance(obj, torch.nn.Parameter):
            return torch.nn.Parameter(smaller, requires_grad=obj.requires_grad)
        return smaller.requires_grad_(obj.requires_grad) if obj.requires_grad else smaller

    def _add_view(self, view: memoryview) -> None:
        self._pending += view.nbytes
        self._limits.check()
        if self._pending > self._limits.size:
            raise LimitError("it is too large")
        self.views.append(view)


def _is_a(obj: object, module: object, name: str) -> bool:
    """Return whether an object is an instance of a class of a module that may not be loaded."""
    return isinstance(obj, getattr(module, name, ()))


def _is_plain(value: object) -> bool:
    """Return whether an attribute may be kept of an object that cannot be."""
    return isinstance(value, (str, bytes, int, float, bool, type(None), list, dict, tuple))


def _belongs_to_process(obj: Any) -> bool:  # noqa: ANN401 - any object
    """Return whether an object stands for something that only its own process has."""
    kind = type(obj)
    if isinstance(obj, (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        return False
    if isinstance(obj, threading.Thread):
        return True
    module = str(getattr(kind, "__module__", ""))
    if module.partition(".")[0] in _OF_PROCESS and not isinstance(obj, BaseException):
        return True
    if isinstance(obj, io.IOBase) and not isinstance(obj, (io.BytesIO, io.StringIO)):
        return True
    # Whatever it does when it is collected, it would do here as well.
    return getattr(kind, "__del__", None) is not None and not isinstance(obj, (io.IOBase, type))


def _reduce_special(obj: Any) -> Any:  # noqa: ANN401 - any object
    """Return how to pickle what pickle refuses, or would take more of than is wanted."""
    kind = type(obj)
    if kind in _SPECIAL:
        return _SPECIAL[kind](obj)
    if isinstance(obj, types.ModuleType) and sys.modules.get(obj.__name__) is obj:
        return restore_module, (obj.__name__,)
    if isinstance(obj, BaseException):
        return restore_exception, (kind, tuple(obj.args), dict(vars(obj)))
    if str(kind.__module__).partition(".")[0] == "wandb":
        return _reduce_wandb(obj)
    return None


def _reduce_wandb(obj: Any) -> Any:  # noqa: ANN401 - wandb is not imported here
    wandb: Any = sys.modules.get("wandb")
    if _is_a(obj, wandb, "Run"):
        # An ended run prints a warning instead of its summary.
        has_ended = getattr(obj, "_is_finished", False)
        config, summary = _plain(obj.config), {} if has_ended else _plain(obj.summary)
        return RestoredRun, (str(obj.id), str(obj.name or ""), config, summary)
    if type(obj).__name__ in ("Config", "Summary"):
        return RestoredConfig, (_plain(obj),)
    return None


def _plain(mapping: Any) -> dict[str, Any]:  # noqa: ANN401 - wandb's own
    try:
        return {str(key): value for key, value in dict(mapping).items()}
    except Exception:  # noqa: BLE001 - an ended run may refuse
        return {}
