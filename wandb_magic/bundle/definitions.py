"""What Python pickles by name only, though a run's ``__main__`` does not know the name yet.

And modules of a type of their own: cloudpickle knows plain ones only.
"""

from __future__ import annotations

import functools
import importlib
import sys
import typing
import weakref
from types import CodeType, ModuleType
from typing import Any

from wandb_magic.bundle.rebuilding import cached_function, code_of_file

Reduced = tuple[Any, ...]


def reduce_definition(obj: Any) -> Reduced | None:  # noqa: ANN401 - any object is asked about
    """Return how to pickle a wrapped function or a type's name by value; None for all else."""
    if isinstance(obj, functools._lru_cache_wrapper):  # noqa: SLF001 - the class of what `lru_cache` makes
        if obj.__module__ == "__main__":
            return cached_function, (obj.__wrapped__, obj.cache_parameters())
    elif isinstance(obj, functools.cached_property):
        # Up to Python 3.11 it holds a lock.
        return functools.cached_property, (obj.func,), {"attrname": obj.attrname}
    elif isinstance(obj, typing.NewType):
        if obj.__module__ == "__main__":
            return typing.NewType, (obj.__name__, obj.__supertype__)
    elif isinstance(obj, (weakref.WeakKeyDictionary, weakref.WeakValueDictionary)):
        return type(obj), (dict(obj),)  # `singledispatch` keeps one
    elif isinstance(obj, typing.ParamSpec) and obj.__module__ == "__main__":
        return typing.ParamSpec, (obj.__name__,)
    return None


def reduce_module(obj: Any) -> Reduced | None:  # noqa: ANN401 - any object is asked about
    """Return how to import a module of a type of its own; None for all else.

    ``torch.classes`` is one, and cloudpickle comes by it wherever a function uses ``torch`` and
    something named ``classes``.
    """
    if not isinstance(obj, ModuleType) or type(obj) is ModuleType:
        return None
    # Its own idea of its name may be another one.
    for name in (obj.__name__, *(name for name, each in list(sys.modules.items()) if each is obj)):
        if sys.modules.get(name) is obj:
            return importlib.import_module, (name,)
    return None


def reduce_code(code: CodeType, make: Any, arguments: Reduced) -> Reduced:  # noqa: ANN401 - cloudpickle's
    """Return how to pickle code that keeps its file name, whatever cloudpickle makes of that.

    By its file name `linecache` finds the text of the cell, for tracebacks and `inspect`.
    """
    return code_of_file, (make, arguments, code.co_filename)
