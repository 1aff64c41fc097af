"""Checks that each run can call a function: without arguments, once, and for its effect."""

from __future__ import annotations

import functools
import inspect
from types import BuiltinFunctionType, BuiltinMethodType
from typing import Any

from wandb_magic.errors import BundleError


def check_callable(function: object) -> None:
    """Refuse a function that would fail in every run, or do nothing in any.

    Raises
    ------
    BundleError
        If it is not callable, a class, a builtin, a generator function, or needs arguments.
    """
    name = getattr(function, "__name__", type(function).__qualname__)
    if not callable(function):
        raise BundleError(
            f"function must be callable, not a {type(function).__qualname__}: pass the "
            "training function itself, without calling it"
        )
    if isinstance(function, type):
        raise BundleError(
            f"{name} is a class: pass a function that creates an instance and trains it"
        )
    target: Any = function
    while isinstance(target, functools.partial):
        target = target.func
    if isinstance(target, (BuiltinFunctionType, BuiltinMethodType)):
        raise BundleError(
            f"{target.__name__} is a builtin, which trains nothing: pass the training function"
        )
    if not inspect.isroutine(target):
        target = type(target).__call__
    if inspect.isgeneratorfunction(target) or inspect.isasyncgenfunction(target):
        raise BundleError(
            f"{name} is a generator function, so calling it runs nothing: remove the yield, "
            f"or pass a function that iterates over {name}()"
        )
    needed = _required_parameters(function)
    if needed:
        names = ", ".join(map(repr, needed))
        raise BundleError(
            f"{name} needs {names}, and each run calls it without arguments: give defaults, read "
            "the parameters from wandb.config, or pass functools.partial with the values"
        )


def reject_generator(result: object) -> None:
    """Refuse a result of a function that shows that its body has not run.

    Raises
    ------
    BundleError
        If it is a generator.
    """
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise BundleError(
            f"the function returned a generator, {result.__qualname__}, which has not run: "
            "iterate over it in the function"
        )


def _required_parameters(function: Any) -> list[str]:  # noqa: ANN401 - any callable
    """Return the parameters without a value; a wrapper's own, since it may supply the others."""
    for follow in (False, True):
        try:
            signature = inspect.signature(function, follow_wrapped=follow)
        except (TypeError, ValueError):  # made in C
            continue
        variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        return [
            name
            for name, each in signature.parameters.items()
            if each.default is each.empty and each.kind not in variadic
        ]
    return []
