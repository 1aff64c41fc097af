"""Compares the libraries that a run needs, in the versions that it had, with those installed."""

from __future__ import annotations

import platform
import re
import sys
from importlib import metadata
from pathlib import Path

from wandb_magic.bundle.pickle_opcodes import pickle_globals
from wandb_magic.reproduce.local_modules import imports_of, local_modules
from wandb_magic.reproduce.source_run import SourceRun

_OURS = frozenset({"wandb_magic", "__main__", "__mp_main__"})
_OUR_NAME = "wandb-magic"  # no part of a run needs it
_LINE = re.compile(r"(?<![\w.\-])[_.\-]*([A-Za-z0-9][\w.\-]*)==([^\s;]+)")


def canonical(name: str) -> str:
    """Return a distribution's name in the form that package indexes compare."""
    return re.sub(r"[-_.]+", "-", name).lower()


def recorded_versions(source_run: SourceRun) -> dict[str, str]:
    """Return what was installed when the run ran, by canonical name; empty if unknown."""
    file = source_run.requirements
    if file is None:
        return {}
    text = file.read_text(encoding="utf-8", errors="replace")
    versions = {canonical(name): version for name, version in _LINE.findall(text)}
    return {name: version for name, version in versions.items() if name != _OUR_NAME}


def needed_versions(source_run: SourceRun) -> dict[str, str | None]:
    """Return the distributions that the run's code needs, with their versions, None if unknown.

    They come from the code's imports, the classes of its variables, and the notebook's local
    modules; these distributions declare their own dependencies.
    """
    recorded = recorded_versions(source_run)
    providers = metadata.packages_distributions()
    needed: dict[str, str | None] = {}
    for module in sorted(_modules(source_run)):
        candidates = [canonical(name) for name in providers.get(module, ())] or [canonical(module)]
        for name in dict.fromkeys(candidates):
            if name in recorded or len(candidates) == 1:
                needed[name] = recorded.get(name)
    return needed


def version_differences(source_run: SourceRun) -> list[str]:
    """Return what differs from when the run ran: Python, and the libraries that the run needs."""
    recorded = {"Python": source_run.manifest.python} | {
        name: version
        for name, version in needed_versions(source_run).items()
        if version is not None
    }
    return [
        f"{name} {version} → {installed or 'not installed'}"
        for name, version in recorded.items()
        if (installed := _installed_version(name)) != version
    ]


def _installed_version(name: str) -> str:
    if name == "Python":
        return platform.python_version()
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _modules(source_run: SourceRun) -> set[str]:
    """Return the installed top-level modules that the run's code imports."""
    manifest, bundle = source_run.manifest, source_run.paths.bundle
    files = local_modules(source_run)
    names = {"wandb", *manifest.imports}
    names |= {module for module, _ in pickle_globals(bundle)}
    for file in files.values():
        names |= _imported_names(file)
    top_level = {name.partition(".")[0] for name in names}
    local = {path.split("/")[0].removesuffix(".py") for path in files}
    return top_level - sys.stdlib_module_names - local - _OURS - {""}


def _imported_names(file: Path) -> set[str]:
    try:
        return set(imports_of(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, SyntaxError):
        return set()
