"""Whether what was asked for makes sense, said before anything is made."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec

from wandb_magic.errors import SpecError
from wandb_magic.host.capacity import check_agents
from wandb_magic.search import SAMPLERS
from wandb_magic.spec import Spec
from wandb_magic.validation import ArgumentError, agents, count, seconds, shown, text, whole
from wandb_magic.verbs.settings import Code, Settings

MODES = ("auto", "offline", "online")
NEEDS = {"gp": "torch", "cmaes": "cmaes"}  # packages without which a sampler cannot be had


def check(spec: Spec, code: Code, settings: Settings, *, elsewhere: bool = False) -> None:
    """Refuse what makes no sense.

    Parameters
    ----------
    spec, code, settings
        What was asked for.
    elsewhere
        Whether the sweep exists at the server already, which decides when it ends.

    Raises
    ------
    SpecError
        With all that is wrong.
    """
    # What is wrong in itself would only confuse where it is looked at together.
    problems = [*_wrong_settings(settings)] or [*_wrong_together(spec, code, settings)]
    if not problems and not elsewhere and not settings.idle:
        problems += _endless(spec, settings)
    if problems:
        raise SpecError(*problems)


def check_end(spec: Spec, settings: Settings) -> None:
    """Refuse a search that would never end.

    Raises
    ------
    SpecError
        If neither the search nor a count ends it.
    """
    problems = [*_endless(spec, settings)]
    if problems:
        raise SpecError(*problems)


def _wrong_settings(settings: Settings) -> Iterator[str]:
    options = settings.options
    checks: list[Callable[[], object]] = [
        lambda: count("count", settings.count),
        lambda: check_agents(agents("agents", settings.agents)),
        lambda: whole("retries", options.retries, least=0),
        lambda: whole("failure_limit", options.failure_limit, least=0),
        lambda: whole("seed", options.seed, least=-(2**63), most=2**63 - 1),
        lambda: seconds("grace", options.grace, zero=True),
    ]
    if options.run_timeout is not None:
        checks.append(lambda: seconds("run_timeout", options.run_timeout))
    names = {"name": settings.name, "project": settings.project, "entity": settings.entity}
    checks += [partial(text, *named) for named in names.items() if named[1] is not None]
    checks += [partial(_check_variable, *pair) for pair in (settings.env or {}).items()]
    for check in checks:
        try:
            check()
        except ArgumentError as error:
            yield str(error)
    for name, word, words in (
        ("mode", settings.mode, MODES),
        ("sampler", options.sampler, SAMPLERS),
    ):
        if not isinstance(word, str) or word not in words:
            yield f"{name}: must be one of {', '.join(words)}, and is {shown(word)}"


def _check_variable(name: object, value: object) -> None:
    if not isinstance(name, str) or not name or "=" in name:
        raise ArgumentError(f"env: {shown(name)} is no name of a variable")
    text("env", name)
    text(f"env: {name}", value)


def _wrong_together(spec: Spec, code: Code, settings: Settings) -> Iterator[str]:
    sampler = settings.options.sampler
    if spec.method != "bayes" and sampler != "auto":
        yield f"sampler: {sampler} goes with method bayes, not {spec.method}: change one of them"
    if sampler in NEEDS and find_spec(NEEDS[sampler]) is None:
        yield (
            f"sampler: {sampler} needs the package {NEEDS[sampler]}: "
            f"pip install {NEEDS[sampler]}, or choose another sampler"
        )
    has_code = code.cell is not None or code.function is not None
    if not has_code and not spec.program and not settings.idle:
        yield (
            "nothing to run: write the training code in the cell, give function=train, or name a "
            "`program` in the config"
        )
    yield from _uncallable(code)


def check_code(code: Code) -> None:
    """Refuse a function that no run could call.

    Raises
    ------
    SpecError
        If it needs arguments.
    """
    problems = [*_uncallable(code)]
    if problems:
        raise SpecError(*problems)


def _uncallable(code: Code) -> Iterator[str]:
    if code.function is not None and (missing := missing_arguments(code.function)):
        name = getattr(code.function, "__name__", "train")
        yield (
            f"function: each run calls {name}() without arguments, and it needs {missing}: give "
            f"them defaults, or pass a function that calls it, as in lambda: {name}(...)"
        )


def missing_arguments(function: Callable[..., object]) -> str:
    """Return the names of the arguments without which a function cannot be called."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # it is not callable, or does not say
        return ""
    return ", ".join(
        each.name
        for each in parameters
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    )


def _endless(spec: Spec, settings: Settings) -> Iterator[str]:
    if spec.method != "grid" and settings.count is None and spec.run_cap is None:
        yield (
            f"method {spec.method} never ends by itself: say how many runs with --count 30 "
            "(count=30 in Python), or with run_cap in the config"
        )
