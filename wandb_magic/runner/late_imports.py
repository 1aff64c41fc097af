"""What runs import late, imported once in the process that forks them.

PyTorch brings some 800 modules with its first optimizer, and so with each fork anew. A run tells
what it has imported besides, as soon as it talks to wandb and again at its end; the template
imports that, too, and a note for the next sweep with the same packages is kept in the user's own
folder. Only modules of installed packages and of the standard library are preloaded, by name:
importing one of the user's own may be part of what a run does.
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

MIN_MODULES = 20  # modules: fewer take no time that anybody sees
MAX_MODULES = 20_000
MAX_CACHES = 100  # of so many kinds of sweeps it is kept what they import late
REPORT_INTERVAL_S = 1.0

_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


class ImportReport:
    """A run's end: tells the template what it has imported since it was forked.

    Parameters
    ----------
    path
        The file to write it to, which the template reads and removes.
    before
        The modules that the template has.
    """

    def __init__(self, path: Path, before: Collection[str]) -> None:
        self._path = path
        self._before = frozenset(before)
        self._reported = len(sys.modules)
        self._fork_server = os.getppid()
        self._reported_at = 0.0

    def report_early(self) -> None:
        """Tell it while the run goes on, if there is enough to tell: called often, and cheap."""
        if len(sys.modules) - self._reported < MIN_MODULES or os.getppid() != self._fork_server:
            return
        now = time.monotonic()
        if now - self._reported_at >= REPORT_INTERVAL_S:
            self._reported_at = now
            self.report()
            # The template waits for its children to change, and for the host.
            with contextlib.suppress(OSError):
                os.kill(self._fork_server, signal.SIGCHLD)

    def report(self) -> None:
        """Tell it now; where it cannot be written, the next runs import for themselves."""
        self._reported = len(sys.modules)
        if os.getppid() != self._fork_server:  # it is gone, or this is a child of the run
            return
        with contextlib.suppress(Exception):  # a module may be anything; the run goes on
            names = imported_since(self._before)
            if len(names) >= MIN_MODULES:
                write_atomically(self._path, json.dumps({"late": names}))


def imported_since(before: Collection[str]) -> list[str]:
    """Return the modules of installed packages that were imported since, in their order."""
    return [
        name
        for name, module in list(sys.modules.items())
        if name not in before and _is_installed(getattr(module, "__spec__", None))
    ]


def pop_report(path: Path) -> list[str]:
    """Return what a run has told in this file, once."""
    try:
        found = read_json_object(path)
    except (OSError, ValueError):
        found = None
    if found is None:
        return []
    path.unlink(missing_ok=True)
    return _module_names(found.get("late"))


def preload_modules(names: Iterable[str], check: Callable[[], str]) -> tuple[str, str]:
    """Import modules that other processes had; what is gone or broken is left to the runs.

    Parameters
    ----------
    names
        The modules.
    check
        Returns why this process must not fork any more, or ""; called after each.

    Returns
    -------
    culprit, problem
        The module after which `check` found something, and what; empty if all is well.
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
    """What sweeps with the packages of this process have imported late, kept for the next one.

    Parameters
    ----------
    folder
        Where all notes lie.
    """

    def __init__(self, folder: Path) -> None:
        packages = {name.partition(".")[0] for name in imported_since(())}
        # Another environment has other modules, or the same ones elsewhere.
        kind = [sys.prefix, sys.version, *sorted(packages)]
        digest = hashlib.sha256(json.dumps(kind).encode()).hexdigest()[:32]
        self._path = folder / f"{digest}.json"

    def read(self) -> tuple[list[str], list[str]]:
        """Return the modules to import, and those that no process which forks must import."""
        try:
            found = read_json_object(self._path) or {}
        except (OSError, ValueError):
            return [], []
        return _module_names(found.get("late")), _module_names(found.get("never"))

    def clear(self) -> None:
        """Remove the note: before it is tried, so that what it breaks is never tried again."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def write(self, late: Iterable[str], never: Iterable[str]) -> None:
        """Keep the names; where nothing can be written, the next sweep learns them anew."""
        with contextlib.suppress(OSError):
            make_folder(self._path.parent, exist_ok=True)
            note = {"late": list(late), "never": list(never)}
            write_atomically(self._path, json.dumps(note))
            notes = sorted(self._path.parent.glob("*.json"), key=lambda path: path.stat().st_mtime)
            for path in notes[:-MAX_CACHES]:
                path.unlink(missing_ok=True)


def _module_names(found: object) -> list[str]:
    """Return the names of modules in what a file of ours holds; a damaged one has none."""
    if not isinstance(found, list) or len(found) > MAX_MODULES:
        return []
    return [name for name in found if isinstance(name, str) and _NAME.fullmatch(name)]


@cache
def _is_top_installed(name: str) -> bool:
    try:
        return _is_installed(importlib.util.find_spec(name))
    except (ImportError, ValueError):
        return False


def _is_installed(spec: Any) -> bool:  # noqa: ANN401 - a module may have anything there
    """Tell whether a module with this spec lies where packages are installed."""
    origin = getattr(spec, "origin", None)
    if origin in {"built-in", "frozen"}:
        return True
    places = [origin] if isinstance(origin, str) else _portions(spec)
    return bool(places) and all(place.startswith(_install_prefixes()) for place in places)


def _portions(spec: Any) -> list[str]:  # noqa: ANN401 - as above
    """Return the folders of a namespace package."""
    with contextlib.suppress(Exception):
        return [str(place) for place in spec.submodule_search_locations or ()]
    return []


@cache
def _install_prefixes() -> tuple[str, ...]:
    """Return where the standard library and installed packages lie."""
    folders = {sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
    # The system's own packages, where this environment has those, too.
    others = {each for each in sys.path if Path(each).name in {"site-packages", "dist-packages"}}
    return tuple(f"{folder}{os.sep}" for folder in {*folders, *others, site.getusersitepackages()})
