"""Whether what was asked for makes sense, said before anything is made."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from wandb_magic.errors import SpecError
from wandb_magic.host.capacity import why_not_agents
from wandb_magic.search import SAMPLERS
from wandb_magic.spec import Spec
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
    problems = [*_wrong_settings(settings), *_wrong_together(spec, code, settings)]
    if not elsewhere and not settings.idle:
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
    for name, number in (("count", settings.count), ("agents", settings.agents)):
        if number is not None and (not isinstance(number, int) or number < 1):
            yield f"{name}: must be a whole number from 1, and is {number!r}"
        elif name == "agents" and number is not None and (problem := why_not_agents(number)):
            yield f"agents: {problem}"
    for name, word, words in (
        ("mode", settings.mode, MODES),
        ("sampler", options.sampler, SAMPLERS),
    ):
        if word not in words:
            yield f"{name}: must be one of {', '.join(words)}, and is {word!r}"
    if options.run_timeout is not None and options.run_timeout <= 0:
        yield f"run_timeout: must be above 0 s, and is {options.run_timeout!r}"
    if options.retries < 0:
        yield f"retries: must be 0 or more, and is {options.retries!r}"


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
    if has_code and spec.program:
        yield "program: the config names a script, and there is a cell or function: use one"


def _endless(spec: Spec, settings: Settings) -> Iterator[str]:
    if spec.method != "grid" and settings.count is None and spec.run_cap is None:
        yield (
            f"method {spec.method} never ends by itself: say how many runs with --count 30 "
            "(count=30 in Python), or with run_cap in the config"
        )
