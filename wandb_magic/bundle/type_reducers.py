"""Pickles the notebook's classes, enum members and exceptions, type parameters and aliases.

cloudpickle recreates a class by calling its metaclass, without the body and the keywords that it
was created with: a metaclass's ``__new__``, ``__init_subclass__``, and the ``__new__`` and
``__init__`` of an enum's members would run again, on an incomplete class. Here a bare class is
created without running any user code, and its contents are put into it. The members of an enum and
exceptions are handled in the same way.

The values of type parameters and aliases may refer to their owners, so they are filled in only
when everything exists. The pickles name functions of `type_reconstructors`.
"""

from __future__ import annotations

import contextlib
import ctypes
import enum
import sys
import typing
from collections.abc import Callable, Mapping
from types import FunctionType, MemberDescriptorType
from typing import Any

from wandb_magic.bundle.type_reconstructors import (
    bare_class,
    bare_enum,
    bare_exception,
    bare_member,
    ctypes_array,
    ctypes_pointer,
    fill_class,
    fill_instance,
    fill_lazy,
    filled,
    function_of_class,
    lazy_alias,
    lazy_parameter,
    make_parameter,
    parameter_of,
)

Reduced = tuple[Any, ...]

_CField = type(vars(type("_", (ctypes.Structure,), {"_fields_": [("a", ctypes.c_int)]}))["a"])
# What a class must have when it is created; everything else can be added later.
_FROM_THE_START = ("__module__", "__slots__", "__orig_bases__")
# What each class creates for itself.
_OWN = frozenset({"__dict__", "__weakref__", "__annotate_func__", "_abc_impl", *_FROM_THE_START})
_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class created by Python code
_METHODS = (FunctionType, classmethod, staticmethod, property)
_KINDS: tuple[Any, ...] = tuple(
    getattr(typing, name)
    for name in ("TypeVar", "ParamSpec", "TypeVarTuple")
    if hasattr(typing, name)
)
_ALIAS: Any = getattr(typing, "TypeAliasType", ())
_LAZY = sys.version_info >= (3, 12)


class _CallOnLoad:
    """Performs a call when it is unpickled, before anything after it is read."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._reduced = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self._reduced


class ClassReducer:
    """Reduces the classes of one bundle.

    Parameters
    ----------
    reduce
        How cloudpickle reduces a class.
    """

    def __init__(self, reduce: Callable[[type], Any]) -> None:
        self._reduce = reduce
        self._is_by_value: dict[type, bool] = {}
        # cloudpickle finds a class that this process already has.
        self._track = reduce(type("_", (), {"__module__": "__main__"}))[0]

    def is_by_value(self, cls: type) -> bool:
        """Return whether a class is pickled by value instead of imported."""
        if cls not in self._is_by_value:
            self._is_by_value[cls] = cls.__module__ != "builtins" and isinstance(
                self._reduce(cls), tuple
            )
        return self._is_by_value[cls]

    def reduce(self, cls: type, reduced: Reduced) -> Reduced:
        """Return how to recreate a class of the notebook.

        Parameters
        ----------
        cls
            The class.
        reduced
            How cloudpickle would recreate it.
        """
        if len(reduced) < 6:  # noqa: PLR2004 - make, arguments, state, two of containers, setter
            return reduced
        derived = _derived_type(cls)
        if derived is not None:
            return derived
        tracker, state = reduced[1][-2], dict(reduced[2][0])
        registry = state.get("_abc_impl")
        initial = {name: vars(cls)[name] for name in _FROM_THE_START if name in vars(cls)}
        initial["__qualname__"] = cls.__qualname__
        if isinstance(vars(cls).get("__dict__"), property):
            initial["__dict__"] = vars(cls)["__dict__"]
        hook_owner = next(each for each in cls.__mro__[1:] if "__init_subclass__" in vars(each))
        muted = hook_owner if self.is_by_value(hook_owner) else None
        metaclass = type(cls)
        makers = [each for each in type.mro(metaclass) if not self.is_by_value(each)]
        make: Reduced = (bare_class, metaclass, makers[0])
        if issubclass(cls, enum.Enum):
            state = dict(vars(cls))
            make = (bare_enum, metaclass)
        elif typing.is_typeddict(cls) or metaclass.__name__ == "_TypedDictMeta":
            make = (bare_class, metaclass, type)
        elif makers[0] is not metaclass and metaclass.__module__ != "__main__":
            make = (
                bare_class,
                None,
                None,
            )  # a library does not record where it is: its bases have it
        plainly = make[-1] not in (metaclass, None) or make[0] is bare_enum
        state = {
            name: value
            for name, value in state.items()
            if name not in _OWN
            and not isinstance(value, _CField)
            and not (isinstance(value, MemberDescriptorType) and value.__objclass__ is cls)
        }
        if issubclass(cls, (ctypes.Structure, ctypes.Union)) and "_fields_" in state:
            state["_fields_"] = state.pop("_fields_")  # after what it depends on
        arguments = (self._track, tracker, *make[1:], cls.__name__, cls.__bases__, initial, muted)
        # Methods come first: other contents may need them, for example to be the key of a dict.
        methods = {name: value for name, value in state.items() if isinstance(value, _METHODS)}
        others = {name: value for name, value in state.items() if name not in methods}
        parts = [
            _CallOnLoad(fill_class, cls, methods, None, plainly),
            _CallOnLoad(fill_class, cls, others, registry, plainly),
        ]
        return make[0], arguments, parts, None, None, filled

    def reduce_instance(self, obj: Any) -> Reduced | None:  # noqa: ANN401 - any object is asked about
        """Return how to recreate an enum's member or an exception; None for anything else."""
        if isinstance(obj, enum.Enum):
            return self._member(obj) if self.is_by_value(type(obj)) else None
        if isinstance(obj, BaseException):
            return self._exception(obj)
        return None

    def _member(self, member: Any) -> Reduced:  # noqa: ANN401 - of any enum
        cls = type(member)
        base: Any = next(each for each in cls.__mro__ if not each.__flags__ & _HEAP)
        if base is object:
            arguments: Reduced = ()
        elif hasattr(base, "__getnewargs__"):
            arguments = base.__getnewargs__(member)
        else:
            arguments = base.__reduce__(member)[1]  # for example, a date
        bits = member.value if isinstance(member, enum.Flag) else None
        attributes = vars(member)
        make = (cls, base, arguments, attributes.get("_name_"), bits)
        return bare_member, make, (attributes, _slots_of(member)), None, None, fill_instance

    def _exception(self, error: BaseException) -> Reduced | None:
        mro = type(error).__mro__
        base: Any = next(each for each in mro if each.__module__ == "builtins")
        user_classes = mro[: mro.index(base)]
        names = {name for each in user_classes for name in vars(each)}
        if not names & {"__init__", "__new__"} or names & {"__reduce__", "__reduce_ex__"}:
            return None
        _, arguments, *state = base.__reduce__(error)
        return bare_exception, (type(error), base, arguments), *state


def _derived_type(cls: Any) -> Reduced | None:  # noqa: ANN401 - any class
    """Return how `ctypes` derives a type from another; None for anything else."""
    for order, native in (("be", "le"), ("le", "be")):
        other = getattr(cls, f"__ctype_{native}__", cls)
        if other is not cls and getattr(other, f"__ctype_{order}__", None) is cls:
            return getattr, (other, f"__ctype_{order}__")
    if cls.__bases__ == (ctypes._Pointer,) and hasattr(cls, "_type_"):  # noqa: SLF001 - no other name
        return ctypes_pointer, (cls._type_,)
    if cls.__bases__ == (ctypes.Array,):
        return ctypes_array, (cls._type_, cls._length_)
    return None


def _slots_of(obj: object) -> dict[str, Any]:
    """Return the contents of an instance's slots."""
    slots = {}
    for cls in type(obj).__mro__:
        for descriptor in vars(cls).values():
            if isinstance(descriptor, MemberDescriptorType) and cls.__flags__ & _HEAP:
                with contextlib.suppress(AttributeError):  # still empty
                    slots[descriptor.__name__] = descriptor.__get__(obj)
    return slots


def reduce_library_method(function: FunctionType) -> Reduced | None:
    """Return how to find the function of an imported class's method; None for anything else.

    A class method's function is not what its name refers to, and would be pickled by value.
    """
    module = sys.modules.get(function.__module__ or "__main__")
    *path, name = function.__qualname__.split(".")
    if function.__module__ == "__main__" or not path:
        return None
    owner: Any = module
    for part in path:
        owner = getattr(owner, part, None)
    if not isinstance(owner, type):
        return None
    if getattr(vars(owner).get(name), "__func__", None) is not function:
        return None
    return function_of_class, (owner, name)


class TypeParameterReducer:
    """Reduces the type parameters and type aliases of one bundle."""

    def __init__(self) -> None:
        self._owners: dict[int, tuple[Any, int]] = {}

    def reduce(self, obj: Any) -> Reduced | None:  # noqa: ANN401 - any object is asked about
        """Return how to recreate one; None for one that is imported, and for anything else."""
        if not isinstance(obj, (*_KINDS, *([_ALIAS] if _ALIAS else ()))) or _is_imported(obj):
            return None
        if _ALIAS and isinstance(obj, _ALIAS):
            return self._alias(obj)
        if id(obj) in self._owners:
            return parameter_of, self._owners[id(obj)]
        if _LAZY and (
            _is_variance_inferred(obj) or not isinstance(obj, (typing.TypeVar, typing.ParamSpec))
        ):
            form, values = _form(obj)
            return lazy_parameter, (form, obj.__module__), values, None, None, fill_lazy
        if isinstance(obj, typing.TypeVar) and not _has_default(obj):
            return None  # cloudpickle supports these
        keywords = {
            key: getattr(obj, f"__{key}__")
            for key in ("bound", "covariant", "contravariant", "default")
            if getattr(obj, f"__{key}__", None) not in (None, False)
            and (key != "default" or _has_default(obj))
        }
        parameter: Any = obj
        constraints = getattr(obj, "__constraints__", ())
        arguments = type(parameter).__name__, parameter.__name__, constraints, keywords
        return make_parameter, arguments

    def _alias(self, alias: Any) -> Reduced:  # noqa: ANN401 - Python 3.12 brings the class
        forms, values = [], _values({"value": lambda: alias.__value__})
        for index, parameter in enumerate(alias.__type_params__):
            self._owners[id(parameter)] = (alias, index)
            form, parameter_values = _form(parameter, f"{index}.")
            forms.append(form)
            values |= parameter_values
        arguments = (alias.__name__, forms, alias.__module__)
        return lazy_alias, arguments, values, None, None, fill_lazy


def _form(parameter: Any, prefix: str = "") -> tuple[tuple[Any, ...], dict[str, Any]]:  # noqa: ANN401
    """Return the written form of a parameter, and its values."""
    constraints = tuple(getattr(parameter, "__constraints__", ()))
    values = {f"{prefix}{index}": each for index, each in enumerate(constraints)}
    if isinstance(parameter, typing.TypeVar) and not constraints:
        values |= {
            name: value
            for name, value in _values({f"{prefix}bound": lambda: parameter.__bound__}).items()
            if value is not None
        }
    if _has_default(parameter):
        values |= _values({f"{prefix}default": lambda: parameter.__default__})
    kind = next(each.__name__ for each in _KINDS if isinstance(parameter, each))
    return (kind, parameter.__name__, len(constraints), prefix, sorted(values)), values


def _values(evaluators: Mapping[str, Any]) -> dict[str, Any]:
    """Evaluate; what does not exist yet is left out, and is also missing in the run."""
    values = {}
    for name, evaluate in evaluators.items():
        try:
            values[name] = evaluate()
        except NameError:
            continue
    return values


def _has_default(parameter: Any) -> bool:  # noqa: ANN401 - Python 3.13 brings the method
    return bool(getattr(parameter, "has_default", bool)())


def _is_variance_inferred(parameter: Any) -> bool:  # noqa: ANN401 - Python 3.12 brings the attribute
    return bool(getattr(parameter, "__infer_variance__", False))


def _is_imported(obj: Any) -> bool:  # noqa: ANN401 - any of them
    module: str = getattr(obj, "__module__", "")
    return module != "__main__" and getattr(sys.modules.get(module), obj.__name__, None) is obj
