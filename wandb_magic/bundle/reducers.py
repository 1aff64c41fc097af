"""Pickles by value what Python pickles only by name, which a run's ``__main__`` does not have yet.

Also modules of a custom type: cloudpickle supports only plain ones.
"""

from __future__ import annotations

import functools
import importlib
import sys
import typing
import warnings
import weakref
from types import CodeType, ModuleType
from typing import Any

from wandb_magic.bundle.type_reconstructors import dead_reference, weak
from wandb_magic.bundle.unpickler import cached_function, code_of_file

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
    for name in (obj.__name__, *(name for name, each in list(sys.modules.items()) if each is obj)):
        if sys.modules.get(name) is obj:
            return importlib.import_module, (name,)
    return None


def reduce_code(code: CodeType, make: Any, arguments: Reduced) -> Reduced:  # noqa: ANN401 - cloudpickle's
    """Return how to pickle code that keeps its file name, whatever cloudpickle does with that.

    `linecache` finds the text of the cell by this name, for tracebacks and `inspect`.
    """
    return code_of_file, (make, arguments, code.co_filename)
