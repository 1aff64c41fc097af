"""Finds the user's local modules, which no package index has, to include them in an export.

They are found through the imports of the code and of the modules found. Nothing is imported.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from wandb_magic.bundle.pickle_opcodes import pickle_globals
from wandb_magic.reproduce.source_run import SourceRun

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_OURS = "wandb_magic"


def local_modules(source_run: SourceRun) -> dict[str, Path]:
    """Return the files of the user's own modules, by their path below an import root."""
    roots = [
        root for entry in source_run.manifest.path if (root := Path(entry)) and _is_user_path(root)
    ]
    names = {name.partition(".")[0] for name in source_run.manifest.imports}
    names |= {module.partition(".")[0] for module, _ in pickle_globals(source_run.paths.bundle)}
    script = program_of(source_run)
    files: dict[str, Path] = {}
    if script is not None:
        roots.insert(0, script.parent)
        names |= set(_imports(script))
    pending, seen = sorted(names), {_OURS, "__main__"}
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        for path, file in _module(roots, name):
            files[path] = file
            if file.suffix == ".py":
                pending += _imports(file)
    return files


def program_of(source_run: SourceRun) -> Path | None:
    """Return the script that the runs execute, if there is one and it is here."""
    program = source_run.sweep.spec.get("program")
    if source_run.manifest.kind != "command" or not program:
        return None
    file = Path(source_run.manifest.directory) / program
    return file if file.is_file() else None


def imports_of(text: str) -> list[str]:
    """Return the top-level names of the modules that a source imports."""
    names = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module.partition(".")[0])
    return names


def _imports(file: Path) -> list[str]:
    try:
        return imports_of(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return []


def _is_user_path(root: Path) -> bool:
    """Return whether an import root is neither Python's own nor one for installed packages."""
    if not root.is_dir() or _INSTALLED & set(root.parts) or (root / "os.py").exists():
        return False
    return root.name != "lib-dynload" and not (root / _OURS / "__init__.py").exists()


def _module(roots: list[Path], name: str) -> Iterator[tuple[str, Path]]:
    if name in sys.stdlib_module_names or not name.isidentifier():
        return
    for root in roots:
        if (root / name / "__init__.py").is_file():
            for file in sorted((root / name).rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    yield file.relative_to(root).as_posix(), file
            return
        if (root / f"{name}.py").is_file():
            yield f"{name}.py", root / f"{name}.py"
            return
