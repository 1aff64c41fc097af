"""Reads the file of a config's ``scheduler``; what it does is only known where it is executed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from wandb_magic.errors import SpecError
from wandb_magic.spec.scheduler import OWN_CODE, Scheduler


def read_scheduler(scheduler: Scheduler) -> str:
    """Return the text of the file.

    Raises
    ------
    SpecError
        If it cannot be read, is not Python, or does not define the functions.
    """
    path = Path(scheduler.source).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text, str(path))
    except OSError as error:
        raise SpecError(
            f"scheduler.source: {path.absolute()} cannot be read: {error.strerror}"
        ) from None
    except SyntaxError as error:
        raise SpecError(
            f"scheduler.source: {path}, line {error.lineno}: {error.msg}: correct it"
        ) from None
    except ValueError:
        raise SpecError(f"scheduler.source: {path} is not a Python file") from None
    names = set(_bound_names(tree))
    missing = [
        f"scheduler.{key}: {path} does not define {name}: define it at the top of the file"
        for key in OWN_CODE
        if (name := getattr(scheduler, key)) and not {name, "*"} & names
    ]
    if missing:
        raise SpecError(*missing)
    return text


def _bound_names(tree: ast.AST) -> Iterator[str]:
    """Yield the names that a module binds, wherever; ``*`` for names that are imported unseen."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.asname or node.name
