"""Explains why an object cannot be handed over: which part, how it is reached, and what to do.

The pickler reports where it stopped; the path to that object is found by searching the objects
that contain it, without pickling anything again.
"""

from __future__ import annotations

import gc
import inspect
from collections import deque
from collections.abc import Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

MOST = 200_000  # objects examined: about a second
_LEAVES = (str, bytes, int, float, complex, type(None), ModuleType, CodeType, BuiltinFunctionType)


def explain_pickle_error(
    name: str, obj: object, culprit: object, error: Exception, *, cell: str = ""
) -> str:
    """Return one sentence on why variable `name` does not pickle, and the remedy.

    Parameters
    ----------
    name, obj
        The variable.
    culprit
        The object at which the pickler stopped.
    error
        The exception that it raised.
    cell
        The label of the cell that defines it, if one is known.
    """
    if culprit is obj:
        reason = f"it is a {_type_name(obj)}, which cannot be pickled"
    else:
        path = _path(name, obj, culprit)
        reason = f"{path or name} is" if path else f"{name} holds"
        reason += f" a {_type_name(culprit)}, which cannot be pickled"
    detail = (str(error).splitlines() or [""])[0][:200]
    rerun = f", let each run execute {cell} again with --rerun-cells" if cell else ""
    return (
        f"variable {name!r} cannot be handed over: {reason} "
        f"({type(error).__name__}{detail and ': '}{detail}): "
        f"create it in the cell itself{rerun}, or leave it out with --exclude {name}"
    )


def _type_name(obj: object) -> str:
    kind = type(obj)
    module = "" if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}."
    return f"{module}{kind.__qualname__}"


def _path(name: str, obj: object, culprit: object) -> str:
    """Return the shortest path from a variable to an object that it contains; "" if none."""
    pending: deque[tuple[str, Any]] = deque([(name, obj)])
    seen = {id(obj)}
    while pending and len(seen) < MOST:
        path, holder = pending.popleft()
        for child_path, child in _children(path, holder):
            if child is culprit:
                return child_path
            if id(child) not in seen and not isinstance(child, _LEAVES):
                seen.add(id(child))
                pending.append((child_path, child))
    return ""


def _children(path: str, obj: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    if isinstance(obj, dict):
        return ((f"{path}[{key!r:.40}]", value) for key, value in obj.items())
    if isinstance(obj, (list, tuple)):
        return ((f"{path}[{index}]", value) for index, value in enumerate(obj))
    if isinstance(obj, (set, frozenset)):
        return ((f"an element of {path}", value) for value in obj)
    if isinstance(obj, FunctionType):
        return _children_of_function(path, obj)
    if isinstance(obj, type):
        is_local = obj.__module__ == "__main__"
        return ((f"{path}.{name}", value) for name, value in vars(obj).items() if is_local)
    return _children_of_instance(path, obj)


def _children_of_function(path: str, function: FunctionType) -> Iterator[tuple[str, Any]]:
    closure = inspect.getclosurevars(function)
    for name, value in {**closure.globals, **closure.nonlocals}.items():
        yield f"{name} (used by {path})", value
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        yield f"a default argument of {path}", value
    for name, value in vars(function).items():
        yield f"{path}.{name}", value


def _children_of_instance(path: str, obj: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    attributes = getattr(obj, "__dict__", {})
    yield from ((f"{path}.{name}", value) for name, value in attributes.items())
    for name in ("__self__", "__func__", "__wrapped__"):
        if hasattr(obj, name):
            yield f"{path}.{name}", getattr(obj, name)
    seen = {id(attributes), *map(id, attributes.values())}
    for value in gc.get_referents(obj):
        if id(value) not in seen:
            yield f"something inside {path}", value
