"""Pickles the notebook's type parameters and type aliases.

Their values may refer to their owners, so they are filled in only when everything exists.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Mapping
from typing import Any

from wandb_magic.bundle.type_reconstructors import (
    fill_lazy,
    lazy_alias,
    lazy_parameter,
    make_parameter,
    parameter_of,
)

Reduced = tuple[Any, ...]
_KINDS: tuple[Any, ...] = tuple(
    getattr(typing, name)
    for name in ("TypeVar", "ParamSpec", "TypeVarTuple")
    if hasattr(typing, name)
)
_ALIAS: Any = getattr(typing, "TypeAliasType", ())
_LAZY = sys.version_info >= (3, 12)


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
