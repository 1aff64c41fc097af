"""Imports modules that runs import late once in the fork server, so that forks need not.

PyTorch imports some 800 modules with its first optimizer, and every fork would repeat that. A run
reports what it has imported since the fork, when it first uses wandb and again at its end. The
fork server imports these modules as well, and a note in the user's data folder keeps their names
for the next sweep with the same packages. Only modules of installed packages and of the standard
library are preloaded, by name: importing a module of the user's own may be part of what a run
does.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import json
import os
import re
import signal
import site
import sys
import sysconfig
import time
from collections.abc import Callable, Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from wandb_magic.paths import make_folder, read_json_object, write_atomically

MIN_MODULES = 20  # fewer take no noticeable time
MAX_MODULES = 20_000
MAX_CACHES = 100  # notes kept: one for each set of packages
REPORT_INTERVAL_S = 1.0

_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


class ImportReport:
    """Reports from a run to the fork server what it has imported since the fork.

    Parameters
    ----------
    path
        The file to write, which the fork server reads and removes.
    before
        The modules that the fork server has imported.
    """

    def __init__(self, path: Path, before: Collection[str]) -> None:
        self._path = path
        self._before = frozenset(before)
        self._reported = len(sys.modules)
        self._fork_server = os.getppid()
        self._reported_at = 0.0

    def report_early(self) -> None:
        """Report while the run continues, if enough is new; cheap, so it may be called often."""
        if len(sys.modules) - self._reported < MIN_MODULES or os.getppid() != self._fork_server:
            return
        now = time.monotonic()
        if now - self._reported_at >= REPORT_INTERVAL_S:
            self._reported_at = now
            self.report()
            # The fork server waits for SIGCHLD and for the runner.
            with contextlib.suppress(OSError):
                os.kill(self._fork_server, signal.SIGCHLD)

    def report(self) -> None:
        """Report now; if it cannot be written, later runs import for themselves."""
        self._reported = len(sys.modules)
        if os.getppid() != self._fork_server:  # it has exited, or this is a child of the run
            return
        with contextlib.suppress(Exception):  # a module may be any object; the run continues
            names = imported_since(self._before)
            if len(names) >= MIN_MODULES:
                write_atomically(self._path, json.dumps({"late": names}))


def imported_since(before: Collection[str]) -> list[str]:
    """Return the modules of installed packages that were imported since, in import order."""
    return [
        name
        for name, module in sys.modules.copy().items()
        if name not in before and _is_installed(getattr(module, "__spec__", None))
    ]


def pop_report(path: Path) -> list[str]:
    """Return the modules that a run reported in this file, and remove it."""
    try:
        report = read_json_object(path)
    except (OSError, ValueError):
        report = None
    if report is None:
        return []
    path.unlink(missing_ok=True)
    return _module_names(report.get("late"))


def preload_modules(names: Iterable[str], check: Callable[[], str]) -> tuple[str, str]:
    """Import modules that other processes imported; skip those that are missing or broken.

    Parameters
    ----------
    names
        The modules.
    check
        Returns why this process must not fork any more, or ""; called after each.

    Returns
    -------
    culprit, problem
        The module after which `check` reported a problem, and the problem; both empty if none.
    """
    for name in names:
        if name in sys.modules or not _is_top_installed(name.partition(".")[0]):
            continue
        with contextlib.suppress(Exception):
            importlib.import_module(name)
        if problem := check():
            return name, problem
    return "", ""


class LateImportCache:
    """The late imports of earlier sweeps with the same packages, kept for the next one.

    Parameters
    ----------
    folder
        The folder of all notes.
    """

    def __init__(self, folder: Path) -> None:
        packages = {name.partition(".")[0] for name in imported_since(())}
        # Another environment has other modules, or has them elsewhere.
        kind = [sys.prefix, sys.version, *sorted(packages)]
        digest = hashlib.sha256(json.dumps(kind).encode()).hexdigest()[:32]
        self._path = folder / f"{digest}.json"

    def read(self) -> tuple[list[str], list[str]]:
        """Return the modules to import, and those that a forking process must not import."""
        try:
            note = read_json_object(self._path) or {}
        except (OSError, ValueError):
            return [], []
        return _module_names(note.get("late")), _module_names(note.get("never"))

    def clear(self) -> None:
        """Remove the note: done before its use, so that one that causes a crash is not reused."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def write(self, late: Iterable[str], never: Iterable[str]) -> None:
        """Write the names; if that fails, the next sweep collects them again."""
        with contextlib.suppress(OSError):
            make_folder(self._path.parent, exist_ok=True)
            note = {"late": list(late), "never": list(never)}
            write_atomically(self._path, json.dumps(note))
            notes = sorted(self._path.parent.glob("*.json"), key=lambda path: path.stat().st_mtime)
            for path in notes[:-MAX_CACHES]:
                path.unlink(missing_ok=True)


def _module_names(value: object) -> list[str]:
    """Return the module names in a value from a note; none if it is damaged."""
    if not isinstance(value, list) or len(value) > MAX_MODULES:
        return []
    return [name for name in value if isinstance(name, str) and _NAME.fullmatch(name)]


@cache
def _is_top_installed(name: str) -> bool:
    try:
        return _is_installed(importlib.util.find_spec(name))
    except (ImportError, ValueError):
        return False


def _is_installed(spec: Any) -> bool:  # noqa: ANN401 - a module may have anything there
    """Return whether a module with this spec lies where packages are installed."""
    origin = getattr(spec, "origin", None)
    if origin in {"built-in", "frozen"}:
        return True
    locations = [origin] if isinstance(origin, str) else _portions(spec)
    return bool(locations) and all(
        location.startswith(_install_prefixes()) for location in locations
    )


def _portions(spec: Any) -> list[str]:  # noqa: ANN401 - as above
    """Return the folders of a namespace package."""
    with contextlib.suppress(Exception):
        return [str(location) for location in spec.submodule_search_locations or ()]
    return []


@cache
def _install_prefixes() -> tuple[str, ...]:
    """Return the folders of the standard library and of installed packages."""
    folders = {sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
    # The system's packages, if this environment includes them.
    extra = {path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}}
    return tuple(f"{folder}{os.sep}" for folder in {*folders, *extra, site.getusersitepackages()})
