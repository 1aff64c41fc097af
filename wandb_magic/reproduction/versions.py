"""Which libraries a run needs, in which versions it had them, and what is installed here."""

from __future__ import annotations

import platform
import re
import sys
from importlib import metadata
from pathlib import Path

from wandb_magic.bundle.named import named_globals
from wandb_magic.reproduction.companions import companions, imports_of
from wandb_magic.reproduction.original import Original

_OURS = frozenset({"wandb_magic", "__main__", "__mp_main__"})
_OUR_NAME = "wandb-magic"  # nothing of a run needs it
_LINE = re.compile(r"(?<![\w.\-])[_.\-]*([A-Za-z0-9][\w.\-]*)==([^\s;]+)")


def canonical(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def recorded(original: Original) -> dict[str, str]:
    """Return what was installed when the run ran, by canonical name; empty if nobody knows."""
    file = original.requirements
    if file is None:
        return {}
    text = file.read_text(encoding="utf-8", errors="replace")
    found = {canonical(name): version for name, version in _LINE.findall(text)}
    return {name: version for name, version in found.items() if name != _OUR_NAME}


def needed(original: Original) -> dict[str, str | None]:
    """Return the distributions that the run's code needs, with their versions, None if unknown.

    Those of the code's own imports, of the classes of its variables, and of the notebook's own
    modules; what these need in turn is theirs to say.
    """
    then = recorded(original)
    providers = metadata.packages_distributions()
    found: dict[str, str | None] = {}
    for module in sorted(_modules(original)):
        candidates = [canonical(name) for name in providers.get(module, ())] or [canonical(module)]
        for name in dict.fromkeys(candidates):
            if name in then or len(candidates) == 1:
                found[name] = then.get(name)
    return found


def differences(original: Original) -> list[str]:
    """Return what is not as it was when the run ran: Python, and what the run needs."""
    then = {"Python": original.manifest.python} | {
        name: version for name, version in needed(original).items() if version is not None
    }
    return [
        f"{name} {version} → {here or 'not installed'}"
        for name, version in then.items()
        if (here := _here(name)) != version
    ]


def _here(name: str) -> str:
    if name == "Python":
        return platform.python_version()
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _modules(original: Original) -> set[str]:
    """Return the top-level modules from elsewhere that the run's code imports."""
    manifest, bundle = original.manifest, original.paths.bundle
    own = companions(original)
    named = {"wandb", *manifest.imports}
    named |= {module for module, _ in named_globals(bundle)}
    for file in own.values():
        named |= _imported(file)
    tops = {name.partition(".")[0] for name in named}
    local = {path.split("/")[0].removesuffix(".py") for path in own}
    return tops - sys.stdlib_module_names - local - _OURS - {""}


def _imported(file: Path) -> set[str]:
    try:
        return set(imports_of(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, SyntaxError):
        return set()
