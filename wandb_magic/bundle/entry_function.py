"""Whether a function can be what each run calls: without arguments, once, and for what it does."""

from __future__ import annotations

import functools
import inspect
from types import BuiltinFunctionType, BuiltinMethodType
from typing import Any

from wandb_magic.errors import BundleError


def check_callable(function: object) -> None:
    """Refuse what would fail in every run, or do nothing in any.

    Raises
    ------
    BundleError
        If it is not callable, a class, a builtin, a generator function, or needs arguments.
    """
    name = getattr(function, "__name__", type(function).__qualname__)
    if not callable(function):
        raise BundleError(
            f"function must be callable, and is a {type(function).__qualname__}: pass the "
            "training function itself, without calling it"
        )
    if isinstance(function, type):
        raise BundleError(
            f"{name} is a class: pass a function, which makes an instance and trains it"
        )
    called: Any = function
    while isinstance(called, functools.partial):
        called = called.func
    if isinstance(called, (BuiltinFunctionType, BuiltinMethodType)):
        raise BundleError(
            f"{called.__name__} is a builtin, which trains nothing: pass the training function"
        )
    if not inspect.isroutine(called):
        called = type(called).__call__
    if inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called):
        raise BundleError(
            f"{name} is a generator function, of which a call runs nothing: take the yield out, "
            f"or pass a function that goes through {name}()"
        )
    needed = _required_parameters(function)
    if needed:
        listed = ", ".join(map(repr, needed))
        raise BundleError(
            f"{name} needs {listed}, and each run calls it without arguments: give defaults, read "
            "the parameters from wandb.config, or pass functools.partial with the values"
        )


def reject_generator(result: object) -> None:
    """Refuse what a function has returned if nothing of it has run.

    Raises
    ------
    BundleError
        If it is a generator.
    """
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise BundleError(
            f"the function returned a generator, {result.__qualname__}, of which nothing has run: "
            "go through it in the function"
        )


def _required_parameters(function: Any) -> list[str]:  # noqa: ANN401 - any callable
    """Return the parameters without a value; a wrapper's own, for it may give the others."""
    for follow in (False, True):
        try:
            signature = inspect.signature(function, follow_wrapped=follow)
        except (TypeError, ValueError):  # made in C
            continue
        variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        return [
            name
            for name, each in signature.parameters.items()
            if each.default is each.empty and each.kind not in variable
        ]
    return []
