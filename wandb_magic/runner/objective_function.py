"""Runs of an objective function, which takes parameters, returns a value and does not log.

Such a function is wrapped in one without arguments, which starts the W&B run, passes the
parameters and logs what is returned. The wrapper is pickled by value, so a run that was exported
as a script does not need this package.
"""

from __future__ import annotations

import dis
import functools
import inspect
import sys
from collections.abc import Callable, Collection, Iterator
from types import CodeType, FunctionType
from typing import Any

from wandb_magic.errors import SpecError

CONFIG_NAMES = ("config", "cfg", "params", "parameters", "hparams")
"""What the only argument of an objective function that takes all parameters may be called."""


def wrap_objective(
    function: Callable[..., object], parameters: Collection[str], metric: str
) -> Callable[[], object]:
    """Return what each run calls: an objective function is wrapped, any other one is returned.

    Parameters
    ----------
    function
        The function that a user has given.
    parameters
        The names of the sweep's parameters.
    metric
        The sweep's metric, "" without one.

    Raises
    ------
    SpecError
        If the function takes arguments, and it is not clear what they are.
    """
    signature = _signature_of(function)
    if signature is None:
        return function
    named = [each for each in signature.parameters.values() if each.kind not in _VARIADIC]
    takes_any = any(each.kind is each.VAR_KEYWORD for each in signature.parameters.values())
    required = [each.name for each in named if each.default is each.empty]
    accepted = [each.name for each in named if each.name in parameters]
    if not required and (_mentions(function, "wandb") or not (accepted or takes_any)):
        return function  # it reads wandb.config, and logs by itself
    name = getattr(function, "__name__", "objective")
    names: tuple[str, ...] | None
    if len(required) == 1 and required[0] in CONFIG_NAMES and required[0] not in parameters:
        names = None
    else:
        names = tuple(parameters) if takes_any else tuple(accepted)
        _check_names(name, required, names, parameters)
        if any(each.name in names and each.kind is each.POSITIONAL_ONLY for each in named):
            raise SpecError(f"function: {name}() takes its parameters by position only: remove /")
    if _mentions(function, "wandb") and _mentions(function, "init"):
        raise SpecError(
            f"function: {name}({', '.join(required)}) takes parameters and calls wandb.init, too: "
            "return the value without calling it, or take no arguments and read wandb.config"
        )
    if not metric:
        raise SpecError(
            f"metric: {name}() returns the sweep's metric, and the config has none: add metric: "
            "{name: loss, goal: minimize}"
        )
    namespace = _namespace_of(function)
    metrics = _by_value(_metrics_of(name, metric), namespace, f"metrics_of_{name}")
    run = _objective_run(function, names, metrics)
    wrapper = _by_value(run, namespace, f"run_{name}")
    vars(wrapper)["objective_function"] = function  # whose text people read
    return wrapper


_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _signature_of(function: object) -> inspect.Signature | None:
    if not callable(function) or isinstance(function, type):
        return None
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):  # made in C
        return None


def _check_names(
    name: str, required: list[str], names: tuple[str, ...], parameters: Collection[str]
) -> None:
    if unknown := [each for each in required if each not in parameters]:
        raise SpecError(
            f"function: {name}() needs {', '.join(unknown)}, and the sweep has the parameters "
            f"{', '.join(parameters)}: name its arguments like these, take a single argument "
            "config, or take none and read wandb.config"
        )
    if unused := [each for each in parameters if each not in names]:
        raise SpecError(
            f"function: {name}() does not take {', '.join(unused)}, which the sweep has: add the "
            "argument, or **parameters for all others"
        )


def _mentions(function: object, name: str) -> bool:
    """Return whether the code of a function mentions a name, in functions inside it as well."""
    target: Any = function
    while isinstance(target, functools.partial):
        target = target.func
    if not inspect.isroutine(target):
        target = type(target).__call__
    code = getattr(inspect.unwrap(target), "__code__", None)
    return code is not None and any(
        name in each.co_names or _imports(each, name) for each in _codes(code)
    )


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _imports(code: CodeType, name: str) -> bool:
    return any(
        each.opname == "IMPORT_NAME" and str(each.argval).split(".")[0] == name
        for each in dis.get_instructions(code)
    )


def _metrics_of(name: str, metric: str) -> Callable[[Any], Any]:
    def metrics(value: Any) -> Any:  # noqa: ANN401 - what the function returned
        # The globals are the notebook's: everything else is imported here.
        import builtins  # noqa: PLC0415
        from collections.abc import Mapping  # noqa: PLC0415

        if builtins.isinstance(value, Mapping):
            if metric not in value:
                raise builtins.TypeError(
                    f"{name}() returned a dict without {metric!r}, the sweep's metric: it has "
                    f"{', '.join(builtins.map(builtins.str, value))}"
                )
            return builtins.dict(value)
        if builtins.getattr(value, "shape", None) in ((), (1,)):  # of NumPy or PyTorch
            value = value.item()
        if not builtins.isinstance(value, (builtins.int, builtins.float)):
            raise builtins.TypeError(
                f"{name}() returned {'a ' if value is not None else ''}"
                f"{'None' if value is None else builtins.type(value).__name__}: return {metric!r} "
                "as a number, or metrics as a dict"
            )
        return {metric: value}

    return metrics


def _objective_run(
    function: Callable[..., object],
    names: tuple[str, ...] | None,
    metrics: Callable[[Any], Any],
) -> Callable[[], None]:
    def objective_run() -> None:
        import builtins  # noqa: PLC0415 - as above
        import inspect  # noqa: PLC0415

        import wandb  # noqa: PLC0415

        with wandb.init() as run:
            config = builtins.dict(run.config)
            if names is None:
                result = function(config)
            else:
                result = function(**{each: config[each] for each in names if each in config})
            if inspect.iscoroutine(result):
                import asyncio  # noqa: PLC0415

                result = asyncio.run(result)
            steps = 0
            while inspect.isgenerator(result):
                try:
                    run.log(metrics(builtins.next(result)))
                    steps += 1
                except builtins.StopIteration as end:
                    result = end.value
            if result is not None or not steps:
                run.log(metrics(result))

    return objective_run


def _namespace_of(function: Callable[..., object]) -> dict[str, Any]:
    target: Any = function
    while isinstance(target, functools.partial):
        target = target.func
    return getattr(target, "__globals__", None) or vars(sys.modules["__main__"])


def _by_value(
    function: Callable[..., Any], namespace: dict[str, Any], name: str
) -> Callable[..., Any]:
    """Return a function as one of the notebook: it is pickled by value, like these."""
    assert isinstance(function, FunctionType)
    copy = FunctionType(function.__code__, namespace, name, None, function.__closure__)
    copy.__module__ = "__main__"
    copy.__qualname__ = name
    return copy
