"""Which libraries a run needs, in which versions it had them, and what is installed here."""

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
_OUR_NAME = "wandb-magic"  # nothing of a run needs it
_LINE = re.compile(r"(?<![\w.\-])[_.\-]*([A-Za-z0-9][\w.\-]*)==([^\s;]+)")


def canonical(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def recorded_versions(source_run: SourceRun) -> dict[str, str]:
    """Return what was installed when the run ran, by canonical name; empty if nobody knows."""
    file = source_run.requirements
    if file is None:
        return {}
    text = file.read_text(encoding="utf-8", errors="replace")
    found = {canonical(name): version for name, version in _LINE.findall(text)}
    return {name: version for name, version in found.items() if name != _OUR_NAME}


def needed_versions(source_run: SourceRun) -> dict[str, str | None]:
    """Return the distributions that the run's code needs, with their versions, None if unknown.

    Those of the code's own imports, of the classes of its variables, and of the notebook's own
    modules; what these need in turn is theirs to say.
    """
    then = recorded_versions(source_run)
    providers = metadata.packages_distributions()
    found: dict[str, str | None] = {}
    for module in sorted(_modules(source_run)):
        candidates = [canonical(name) for name in providers.get(module, ())] or [canonical(module)]
        for name in dict.fromkeys(candidates):
            if name in then or len(candidates) == 1:
                found[name] = then.get(name)
    return found


def version_differences(source_run: SourceRun) -> list[str]:
    """Return what is not as it was when the run ran: Python, and what the run needs."""
    then = {"Python": source_run.manifest.python} | {
        name: version
        for name, version in needed_versions(source_run).items()
        if version is not None
    }
    return [
        f"{name} {version} → {here or 'not installed'}"
        for name, version in then.items()
        if (here := _installed_version(name)) != version
    ]


def _installed_version(name: str) -> str:
    if name == "Python":
        return platform.python_version()
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _modules(source_run: SourceRun) -> set[str]:
    """Return the top-level modules from elsewhere that the run's code imports."""
    manifest, bundle = source_run.manifest, source_run.paths.bundle
    own = local_modules(source_run)
    named = {"wandb", *manifest.imports}
    named |= {module for module, _ in pickle_globals(bundle)}
    for file in own.values():
        named |= _imported_names(file)
    tops = {name.partition(".")[0] for name in named}
    local = {path.split("/")[0].removesuffix(".py") for path in own}
    return tops - sys.stdlib_module_names - local - _OURS - {""}


def _imported_names(file: Path) -> set[str]:
    try:
        return set(imports_of(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, SyntaxError):
        return set()
