"""Checks whether the installed versions are supported.

Only the metadata of installed packages is read. A test compares the table with ``pyproject.toml``.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from wandb_magic.doctor.diagnostics import Diagnostic, note, ok, problem
from wandb_magic.doctor.environment import Environment
from wandb_magic.runner.wandb_preload import FLUSH_INTERVAL_SINCE, SHARED_CORE_SINCE
from wandb_magic.version import __version__

OLDEST_PYTHON, NEWEST_PYTHON = (3, 10), (3, 13)


@dataclass(frozen=True)
class PackageRequirement:
    """The requirements of a package.

    Attributes
    ----------
    oldest
        The oldest supported version.
    without
        What is unavailable without it; "" if the package is required.
    """

    oldest: str
    without: str = ""


PACKAGES = {
    "wandb": PackageRequirement("0.22"),
    "ipykernel": PackageRequirement("6.29"),
    "ipython": PackageRequirement("8.12"),
    "ipywidgets": PackageRequirement("8.1"),
    "optuna": PackageRequirement("4.8"),
    "torch": PackageRequirement(
        "2.2", without="bayes uses a Parzen estimator, and no Gaussian process"
    ),
    "jupyterlab": PackageRequirement("4.4", without="no JupyterLab in this environment"),
    "notebook": PackageRequirement("7.4", without="no Notebook in this environment"),
}
_DISPLAY_NAMES = {"ipython": "IPython"}
_LABS = ("jupyterlab", "notebook")  # they belong in the server's environment, not the kernel's


def check(env: Environment) -> Iterator[Diagnostic]:
    """Yield a diagnostic for Python, for this package, and for each of its dependencies."""
    yield _python()
    yield ok(f"wandb-magic {__version__}")
    for name, package in PACKAGES.items():
        yield from _package(env, name, package)


def _python() -> Diagnostic:
    version = f"Python {platform.python_version()}"
    supported = ".".join(map(str, OLDEST_PYTHON)), ".".join(map(str, NEWEST_PYTHON))
    if sys.version_info[:2] > NEWEST_PYTHON:
        return note(
            f"{version} is newer than the tested versions ({supported[0]} to {supported[1]})",
            f"uv venv --python {supported[1]}  # if something fails",
        )
    return ok(version)


def _package(env: Environment, name: str, package: PackageRequirement) -> Iterator[Diagnostic]:
    display_name = _DISPLAY_NAMES.get(name, name)
    try:
        installed = version(name)
    except PackageNotFoundError:
        yield _missing(env, name, package)
        return
    if release(installed) < release(package.oldest):
        yield problem(
            f"{display_name} {installed} is too old: {package.oldest} or newer is supported",
            env.pip_install(f"{name}>={package.oldest}"),
        )
        return
    loaded = _loaded_version(name)
    if loaded and loaded != _without_build(installed):
        yield note(
            f"{display_name} {installed} is installed, but this process has imported {loaded}",
            "# restart the kernel",
        )
    elif name == "wandb" and release(installed) < FLUSH_INTERVAL_SINCE:
        yield _shared_core_note(env, installed)
    else:
        yield ok(f"{display_name} {installed}")


def _missing(env: Environment, name: str, package: PackageRequirement) -> Diagnostic:
    if not package.without:
        return problem(
            f"{_DISPLAY_NAMES.get(name, name)} is not installed",
            env.pip_install(f"{name}>={package.oldest}"),
        )
    # An environment without Lab is fine: the panel has its own section.
    text = f"{name} is not installed: {package.without}"
    return ok(text) if name in _LABS else note(text, env.pip_install(f"{name}>={package.oldest}"))


def _shared_core_note(env: Environment, installed: str) -> Diagnostic:
    text = f"wandb {installed} writes logged values late, so curves lag behind"
    if release(installed) < SHARED_CORE_SINCE:
        text += ", and each run starts its own wandb-core, which is slower"
    return note(text, env.pip_install(f"wandb>={'.'.join(map(str, FLUSH_INTERVAL_SINCE))}"))


def _loaded_version(name: str) -> str:
    module = sys.modules.get(_DISPLAY_NAMES.get(name, name))
    return _without_build(str(getattr(module, "__version__", "")))


def _without_build(text: str) -> str:
    """Return a version without its build: ``2.13.0`` for ``2.13.0+cpu``."""
    return text.partition("+")[0]


def release(text: str) -> tuple[int, ...]:
    """Return the numbers of a version's release, for comparison."""
    match = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, match[0].split("."))) if match else ()
