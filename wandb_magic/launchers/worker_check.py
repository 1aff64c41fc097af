"""Checks whether a worker can execute runs, without anything of ours being installed there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from wandb_magic.version import __version__


def probe() -> Callable[[], dict[str, str]]:
    """Return a function that reports the versions on a worker.

    It is defined in a function, so that it is sent as a whole: the worker need not import this
    module.
    """

    def report() -> dict[str, str]:
        import importlib.metadata  # noqa: PLC0415 - it is executed elsewhere
        import sys  # noqa: PLC0415 - as above

        versions = {"python": ".".join(map(str, sys.version_info[:2])), "system": sys.platform}
        try:
            from wandb_magic.version import __version__ as version  # noqa: PLC0415 - as above
        except ImportError:
            version = ""
        versions["wandb_magic"] = version
        try:
            versions["wandb"] = importlib.metadata.version("wandb")
        except importlib.metadata.PackageNotFoundError:
            versions["wandb"] = ""
        return versions

    return report


def worker_problem(answer: Any) -> str:  # noqa: ANN401 - it comes from elsewhere
    """Return why a worker cannot execute runs of this process, or "".

    Parameters
    ----------
    answer
        What `probe` has reported there, or an exception.
    """
    if not isinstance(answer, dict):
        return f"it cannot be examined ({type(answer).__name__}: {answer})"
    python = ".".join(map(str, sys.version_info[:2]))
    if answer["python"] != python:
        return (
            f"it has Python {answer['python']}, and the sweep's code was captured with {python}: "
            f"use Python {python} on the workers"
        )
    for package, name in (("wandb_magic", "wandb-magic"), ("wandb", "wandb")):
        if not answer[package]:
            return f"the package {name} is missing there: install it on the workers"
    if answer["wandb_magic"] != __version__:
        return (
            f"it has wandb-magic {answer['wandb_magic']}, and the supervisor has {__version__}: "
            "install the same version on both"
        )
    if answer["system"] == "win32":
        return "it runs on Windows, where runs cannot be forked: use Linux or macOS"
    return ""
