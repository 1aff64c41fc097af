"""The notebook around a cell: resolves its names, and finds what their values depend on.

A function depends on the globals that it reads, an instance on its class, a class on its bases and
methods. The namespace is only read.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from functools import _lru_cache_wrapper, cached_property, partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from wandb_magic.bundle.bytecode import GlobalNames, attributes_of, globals_of
from wandb_magic.bundle.mentions import find_mentions, find_text_mentions, strings_of

MISSING: Any = object()

# IPython replaces these with its own; a run has Python's.
REPLACED = frozenset({"exit", "get_ipython", "open", "quit"})


class NotebookNamespace:
    """A user's namespace, without what IPython has added to it.

    Parameters
    ----------
    namespace
        The user's namespace.
    exclude
        Names that the user does not want to capture.
    """

    def __init__(self, namespace: dict[str, Any], exclude: Collection[str] = ()) -> None:
        self.namespace = namespace
        self.exclude = frozenset(exclude)
        self._dependencies: dict[str, GlobalNames] = {}

    def resolve(self, name: str) -> Any:  # noqa: ANN401 - a variable may be anything
        """Return the value of a name, or `MISSING`."""
        if name in self.exclude:
            return MISSING
        value = self.namespace.get(name, MISSING)
        if name in REPLACED and _is_of_ipython(value):
            return MISSING
        if value is MISSING and name == "display":
            return getattr(builtins, name, MISSING)  # IPython's; outside a kernel it prints
        return value

    def is_of_ipython(self, name: str) -> bool:
        """Return whether a name is IPython's own and still has IPython's value."""
        return name == "get_ipython" or (
            name in REPLACED and name != "open" and _is_of_ipython(self.namespace.get(name))
        )

    def dependencies_of_name(self, name: str) -> GlobalNames:
        """Return the dependencies of the value of a name."""
        if name not in self._dependencies:
            self._dependencies[name] = self.dependencies(self.resolve(name))
        return self._dependencies[name]

    def dependencies(self, value: object) -> GlobalNames:
        """Return the names that a value reads from and stores in the namespace when it is used."""
        reads: dict[str, int] = {}
        stores: set[str] = set()
        mentions: set[str] = set()
        if isinstance(value, str):
            mentions = find_text_mentions(value, self.resolve)
        for definition in self._definitions(value, set()):
            if isinstance(definition, CodeType):
                names = globals_of(definition)
                reads |= names.reads
                stores |= names.stores
                mentions |= self.mentions(strings_of(definition), attributes_of(definition))
            else:
                reads[definition] = 0
        return GlobalNames(reads, frozenset(stores), frozenset(mentions))

    def mentions(self, strings: Iterable[str], used: Collection[str]) -> set[str]:
        """Return the names of the notebook that the strings of a piece of code mention."""
        mentioned = find_mentions(strings, used, self.resolve)
        return {name for name in mentioned if self.resolve(name) is not MISSING}

    def _definitions(self, value: Any, seen: set[int]) -> Iterator[CodeType | str]:  # noqa: ANN401
        """Yield the code of functions, and the names of classes, that a value consists of."""
        if id(value) in seen:
            return
        seen.add(id(value))
        if isinstance(value, FunctionType):
            if value.__globals__ is self.namespace:
                yield value.__code__
                for cell in value.__closure__ or ():
                    with suppress(ValueError):  # still empty
                        yield from self._definitions(cell.cell_contents, seen)
        elif isinstance(value, type):
            if self.defines(value):
                yield value.__name__
                for part in (*vars(value).values(), *value.__bases__):
                    yield from self._definitions(part, seen)
        else:
            for part in (*_parts(value), type(value)):
                yield from self._definitions(part, seen)

    def defines(self, definition: Any) -> bool:  # noqa: ANN401 - a class or a function
        """Return whether a function or class is one of the notebook's, under its own name."""
        name = getattr(definition, "__name__", None)
        return (
            isinstance(name, str)
            and self.namespace.get(name, MISSING) is definition
            and (definition.__module__ == self.namespace.get("__name__"))
        )


def _parts(value: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """Return the functions that a callable wraps."""
    if isinstance(value, partial):
        return (value.func, *value.args, *value.keywords.values())
    if isinstance(value, MethodType):
        return (value.__func__, value.__self__)
    if isinstance(value, (_lru_cache_wrapper, staticmethod, classmethod)):
        return (value.__wrapped__,)
    if isinstance(value, property):
        return (value.fget, value.fset, value.fdel)
    if isinstance(value, cached_property):
        return (value.func,)
    return ()


def _is_of_ipython(value: object) -> bool:
    owner = value.__self__ if isinstance(value, MethodType) else value
    if isinstance(owner, FunctionType):
        module = owner.__globals__.get("__name__", "")
    else:
        module = type(owner).__module__
    return isinstance(module, str) and module.partition(".")[0] in ("IPython", "ipykernel")


def with_submodules(values: Collection[object], mentioned: Collection[str]) -> list[str]:
    """Return the modules among values, and those of their submodules that the code mentions.

    After ``import matplotlib.pyplot`` in any cell, ``matplotlib.pyplot`` works in all of them.
    They are in the order in which this process imported them.
    """
    names = set(mentioned)
    modules = {value.__name__ for value in values if isinstance(value, ModuleType)}
    for prefix in [f"{name}." for name in modules]:
        for loaded in tuple(sys.modules):
            if loaded.startswith(prefix) and names.issuperset(loaded[len(prefix) :].split(".")):
                modules.add(loaded)
    order = {name: position for position, name in enumerate(tuple(sys.modules))}
    return sorted(modules, key=lambda name: (order.get(name, len(order)), name))
