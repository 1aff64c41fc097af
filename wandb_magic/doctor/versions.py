"""Which versions are here, and whether they are supported.

Only the metadata of installed packages is read. The table is held against ``pyproject.toml`` by a
test.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from wandb_magic.doctor.findings import Finding, note, ok, problem
from wandb_magic.doctor.place import Place
from wandb_magic.version import __version__
from wandb_magic.warm import FLUSHES_SINCE, SHARES_CORE_SINCE

OLDEST_PYTHON, NEWEST_PYTHON = (3, 10), (3, 13)


@dataclass(frozen=True)
class Package:
    """What is asked of a package.

    Attributes
    ----------
    oldest
        The oldest supported version.
    without
        What is missing without it; "" if nothing works then.
    """

    oldest: str
    without: str = ""


PACKAGES = {
    "wandb": Package("0.22"),
    "ipykernel": Package("6.29"),
    "ipython": Package("8.12"),
    "ipywidgets": Package("8.1"),
    "optuna": Package("4.8"),
    "torch": Package("2.2", without="bayes uses a Parzen estimator, and no Gaussian process"),
    "jupyterlab": Package("4.4", without="no JupyterLab in this environment"),
    "notebook": Package("7.4", without="no Notebook in this environment"),
}
_SHOWN = {"ipython": "IPython"}
_LABS = ("jupyterlab", "notebook")  # their home is the server's environment, not the kernel's


def findings(place: Place) -> Iterator[Finding]:
    """Yield a finding for Python, for this package, and for each of the packages."""
    yield _python()
    yield ok(f"wandb-magic {__version__}")
    for name, package in PACKAGES.items():
        yield from _package(place, name, package)


def _python() -> Finding:
    here = f"Python {platform.python_version()}"
    supported = ".".join(map(str, OLDEST_PYTHON)), ".".join(map(str, NEWEST_PYTHON))
    if sys.version_info[:2] > NEWEST_PYTHON:
        return note(
            f"{here} is newer than what is tested ({supported[0]} to {supported[1]})",
            f"uv venv --python {supported[1]}  # if something fails",
        )
    return ok(here)


def _package(place: Place, name: str, package: Package) -> Iterator[Finding]:
    shown = _SHOWN.get(name, name)
    try:
        installed = version(name)
    except PackageNotFoundError:
        yield _missing(place, name, package)
        return
    if release(installed) < release(package.oldest):
        yield problem(
            f"{shown} {installed} is too old: {package.oldest} or newer is supported",
            place.pip(f"{name}>={package.oldest}"),
        )
        return
    loaded = _loaded(name)
    if loaded and loaded != _plain(installed):
        yield note(
            f"{shown} {installed} is installed, but this process has imported {loaded}",
            "# restart the kernel",
        )
    elif name == "wandb" and release(installed) < FLUSHES_SINCE:
        yield _late(place, installed)
    else:
        yield ok(f"{shown} {installed}")


def _missing(place: Place, name: str, package: Package) -> Finding:
    if not package.without:
        return problem(
            f"{_SHOWN.get(name, name)} is not installed", place.pip(f"{name}>={package.oldest}")
        )
    # Nothing is wrong with an environment that has no Lab: the panel has a section of its own.
    text = f"{name} is not installed: {package.without}"
    return ok(text) if name in _LABS else note(text, place.pip(f"{name}>={package.oldest}"))


def _late(place: Place, installed: str) -> Finding:
    text = f"wandb {installed} writes late what runs log, so curves lag behind"
    if release(installed) < SHARES_CORE_SINCE:
        text += ", and each run starts a wandb-core of its own, which is slower"
    return note(text, place.pip(f"wandb>={'.'.join(map(str, FLUSHES_SINCE))}"))


def _loaded(name: str) -> str:
    module = sys.modules.get(_SHOWN.get(name, name))
    return _plain(str(getattr(module, "__version__", "")))


def _plain(text: str) -> str:
    """Return a version without its build: ``2.13.0`` for ``2.13.0+cpu``."""
    return text.partition("+")[0]


def release(text: str) -> tuple[int, ...]:
    """Return the numbers of a version's release, so that releases can be compared."""
    match = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, match[0].split("."))) if match else ()
