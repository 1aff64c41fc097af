"""Recreates definitions: classes, enum members, exceptions, type parameters, references.

The second half of `unpickler`, under the same rule: it imports nothing from this package.
"""

from __future__ import annotations

import abc
import contextlib
import ctypes
import types
import typing
import weakref
from collections.abc import Iterator
from typing import Any


def bare_class(
    track: Any,  # noqa: ANN401 - cloudpickle's own
    tracker: str,
    metaclass: type | None,
    maker: type | None,
    name: str,
    bases: tuple[type, ...],
    initial: dict[str, Any],
    quiet: type | None,
) -> Any:  # noqa: ANN401 - a class
    """Return a class without its contents.

    Parameters
    ----------
    track, tracker
        cloudpickle's way to find the class if this process already has it, and its id there.
    metaclass, maker
        The class's own metaclass, and its imported base that creates the class; None for the
        metaclass of the class's bases.
    name, bases, initial
        The name, the bases and the initial attributes of the class.
    quiet
        The notebook class whose ``__init_subclass__`` has already been called for this one.
    """

    def make(*_: Any) -> Any:  # noqa: ANN401 - as `types.new_class` calls a metaclass
        creator: Any = maker or types.prepare_class(name, bases)[0]
        namespace = creator.__prepare__(name, bases)
        namespace.update(initial)
        with _without_hook(quiet):
            if metaclass is maker:
                cls = creator(name, bases, namespace)
            else:
                cls = creator.__new__(metaclass, name, bases, namespace)
        if isinstance(cls, abc.ABCMeta):
            cls.__abstractmethods__ = frozenset()  # it may hold an instance of its own
        return cls

    return track(make, name, (), {}, tracker, None)


def bare_enum(
    track: Any,  # noqa: ANN401 - cloudpickle's own
    tracker: str,
    metaclass: type,
    name: str,
    bases: tuple[type, ...],
    initial: dict[str, Any],
    quiet: type | None,
) -> Any:  # noqa: ANN401 - a class
    """Return an enum without its members; see `bare_class`."""

    def make(*_: Any) -> Any:  # noqa: ANN401 - as above
        with _without_hook(quiet):
            cls: Any = type.__new__(metaclass, name, bases, dict(initial))
        if isinstance(cls, abc.ABCMeta):
            abc._abc_init(cls)  # type: ignore[attr-defined] # noqa: SLF001 - as `ABCMeta` does
            cls.__abstractmethods__ = frozenset()
        return cls

    return track(make, name, (), {}, tracker, None)


@contextlib.contextmanager
def _without_hook(owner: type | None) -> Iterator[None]:
    """Suppress a class's ``__init_subclass__`` meanwhile."""
    if owner is None:
        yield
        return
    hook = vars(owner).get("__init_subclass__")
    type.__setattr__(owner, "__init_subclass__", classmethod(lambda *_, **__: None))
    try:
        yield
    finally:
        if hook is None:
            type.__delattr__(owner, "__init_subclass__")
        else:
            type.__setattr__(owner, "__init_subclass__", hook)


def fill_class(
    cls: type,
    attributes: dict[str, Any],
    registered: list[type] | None,
    plainly: bool,  # noqa: FBT001 - pickle has no names of arguments
) -> None:
    """Restore the contents of a class: attributes, and the classes that are registered with it.

    ``plainly`` bypasses the ``__setattr__`` of its metaclass.
    """
    set_attribute = type.__setattr__ if plainly else setattr
    for name, value in attributes.items():
        set_attribute(cls, name, value)
    if "__firstlineno__" in attributes:  # removed when ``__module__`` is set
        set_attribute(cls, "__firstlineno__", attributes["__firstlineno__"])
    for subclass in registered or ():
        abc.ABCMeta.register(cls, subclass)  # type: ignore[arg-type] # its metaclass is one


def filled(_cls: type, _parts: list[None]) -> None:
    """Do nothing: the parts of a class have already filled it."""


def bare_member(
    cls: Any,  # noqa: ANN401 - an enum
    base: Any,  # noqa: ANN401 - a class
    arguments: tuple[Any, ...],
    name: str | None,
    bits: int | None,
) -> Any:  # noqa: ANN401 - a member
    """Return a member of an enum without its attributes, or the existing one."""
    attributes = vars(cls)
    member = attributes.get("_member_map_", {}).get(name)
    if member is None and bits is not None:
        member = attributes.get("_value2member_map_", {}).get(bits)
    if member is None:
        member = base.__new__(cls, *arguments)
        vars(member)["_name_"] = name  # its hash
    return member


def fill_instance(obj: Any, state: tuple[dict[str, Any], dict[str, Any]]) -> None:  # noqa: ANN401
    """Restore the contents of an instance, in its ``__dict__`` and in slots."""
    attributes, slots = state
    vars(obj).update(attributes)
    for name, value in slots.items():
        object.__setattr__(obj, name, value)


def bare_exception(cls: Any, base: Any, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401 - classes
    """Return an exception as its built-in base creates it."""
    error = base.__new__(cls, *arguments)
    base.__init__(error, *arguments)
    return error


def function_of_class(owner: type, name: str) -> Any:  # noqa: ANN401 - a function
    """Return the function behind a class method or a static method."""
    return vars(owner)[name].__func__


def ctypes_pointer(target: Any) -> Any:  # noqa: ANN401 - a class
    """Return the type of pointers to a type."""
    return ctypes.POINTER(target)


def ctypes_array(element: Any, length: int) -> Any:  # noqa: ANN401 - a class
    """Return the type of arrays of a type."""
    return element * length


def make_parameter(
    kind: str, name: str, constraints: tuple[Any, ...], keywords: dict[str, Any]
) -> Any:  # noqa: ANN401 - a type parameter
    """Return a type parameter."""
    return getattr(typing, kind)(name, *constraints, **keywords)


class _LazyValues(dict[str, Any]):
    """The values that a type parameter or alias evaluates to when first used."""

    def __call__(self, name: str) -> Any:  # noqa: ANN401 - any type
        if name not in self:
            message = "the notebook has not defined this yet"
            raise NameError(message)
        return self[name]


_lazy: dict[int, tuple[Any, _LazyValues]] = {}  # not yet filled


def lazy_parameter(form: tuple[Any, ...], module: str) -> Any:  # noqa: ANN401 - a type parameter
    """Return a type parameter whose bound, constraints and default are filled in later."""
    held = _LazyValues()
    namespace = {"__name__": module, "held": held}
    exec(f"def made[{_format_parameter(form)}](): pass", namespace)  # noqa: S102 - the text is ours
    parameter = namespace["made"].__type_params__[0]  # type: ignore[attr-defined] # 3.12 has it
    _lazy[id(parameter)] = parameter, held
    return parameter


def lazy_alias(name: str, forms: list[tuple[Any, ...]], module: str) -> Any:  # noqa: ANN401 - it
    """Return a type alias whose value is filled in later."""
    held = _LazyValues()
    namespace: dict[str, Any] = {"__name__": module, "held": held}
    parameters = f"[{', '.join(map(_format_parameter, forms))}]" if forms else ""
    exec(f"type {name}{parameters} = held('value')", namespace)  # noqa: S102 - the text is ours
    _lazy[id(namespace[name])] = namespace[name], held
    return namespace[name]


def fill_lazy(obj: Any, values: dict[str, Any]) -> None:  # noqa: ANN401 - a parameter or an alias
    """Set the values of a type parameter or alias."""
    _lazy.pop(id(obj))[1].update(values)


def parameter_of(alias: Any, index: int) -> Any:  # noqa: ANN401 - a type parameter
    """Return a type parameter of an alias."""
    return alias.__type_params__[index]


def _format_parameter(form: tuple[Any, ...]) -> str:
    """Return a type parameter as written in a definition."""
    kind, name, constraints, prefix, held = form
    text: str = {"TypeVar": "", "TypeVarTuple": "*", "ParamSpec": "**"}[kind] + name
    if constraints:
        text += ": (" + "".join(f"held('{prefix}{index}'), " for index in range(constraints)) + ")"
    elif f"{prefix}bound" in held:
        text += f": held('{prefix}bound')"
    if f"{prefix}default" in held:
        text += f" = held('{prefix}default')"
    return text


_weak_targets: list[Any] = []  # referenced only weakly in the notebook's variables


def weak(make: Any, target: Any, *more: Any) -> Any:  # noqa: ANN401 - a weak reference of any kind
    """Return a weak reference or collection; its targets stay alive, as in the notebook."""
    _weak_targets.append(target)
    return make(target, *more)


def dead_reference() -> Any:  # noqa: ANN401 - a weak reference
    """Return a weak reference to an object that no longer exists."""
    return weakref.ref(type("Gone", (), {})())
