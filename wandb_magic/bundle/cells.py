"""Analyses the cells that a notebook has executed: what they set on modules, and what they define.

Their source is read from IPython's history in the namespace, or from the script that is
``__main__``. Nothing is executed here.
"""

from __future__ import annotations

import ast
import contextlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

LONGEST = 200_000  # characters; longer texts are not read


@dataclass(frozen=True)
class Assignment:
    """An assignment to an attribute or an item: ``a.b.c = …`` or ``a.b["c"] = …``.

    Attributes
    ----------
    root
        The name at the start.
    path
        The attributes after it; without the last one if that is what is set.
    key
        The attribute or the item that is set; None for an item whose key is not a constant.
    is_item
        Whether it is an item.
    is_inside
        Whether it is in a function or a class: then it is unknown whether it was executed.
    """

    root: str
    path: tuple[str, ...]
    key: Any
    is_item: bool
    is_inside: bool


@dataclass(frozen=True)
class Call:
    """A call for its side effect: ``a.b.c(…)`` as a statement, with its text."""

    root: str
    path: tuple[str, ...]
    text: str


def executed_sources(namespace: Mapping[str, Any]) -> list[str]:
    """Return the sources that were executed in a namespace, in order."""
    if cells := numbered_cells(namespace):
        return [text for _, text in cells]
    file = namespace.get("__file__")
    if not isinstance(file, str) or namespace is not vars(sys.modules["__main__"]):
        return []
    with contextlib.suppress(OSError, ValueError):
        return [Path(file).read_text(encoding="utf-8")[:LONGEST]]
    return []


def numbered_cells(namespace: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Return IPython's cells with their numbers."""
    history: list[object] | None = namespace.get("In")
    if not isinstance(history, list) or id(history) != id(namespace.get("_ih")):
        return []
    texts = ((number, text) for number, text in enumerate(history) if isinstance(text, str))
    return [(number, text) for number, text in texts if 0 < len(text) < LONGEST]


@lru_cache(maxsize=4096)
def parse_source(text: str) -> ast.Module:
    """Return a cell's syntax tree; an empty one for what is not Python."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


@lru_cache(maxsize=4096)
def side_effects(text: str) -> tuple[tuple[Assignment, ...], tuple[Call, ...]]:
    """Return a cell's assignments to attributes and items, and its calls for side effects."""
    assignments, calls = list[Assignment](), list[Call]()
    for node, is_inside in _walk(parse_source(text), is_inside=False):
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                assignments += _assignments(target, is_inside=is_inside)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            assignments += _setattr_assignments(call, is_inside=is_inside)
            root, path = _attribute_path(call.func)
            if root and not is_inside:
                calls.append(Call(root, path, ast.unparse(call)))
    return tuple(assignments), tuple(calls)


def _walk(node: ast.AST, *, is_inside: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        deeper = is_inside or isinstance(
            child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
        )
        yield child, is_inside
        yield from _walk(child, is_inside=deeper)


def _assignments(target: ast.expr, *, is_inside: bool) -> Iterator[Assignment]:
    if isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            yield from _assignments(element, is_inside=is_inside)
    elif isinstance(target, ast.Attribute):
        root, path = _attribute_path(target)
        if root:
            yield Assignment(root, path[:-1], path[-1], is_item=False, is_inside=is_inside)
    elif isinstance(target, ast.Subscript):
        root, path = _attribute_path(target.value)
        key = target.slice.value if isinstance(target.slice, ast.Constant) else None
        if root:
            yield Assignment(root, path, key, is_item=True, is_inside=is_inside)


def _setattr_assignments(call: ast.Call, *, is_inside: bool) -> Iterator[Assignment]:
    """Yield what ``setattr(owner, "name", value)`` sets."""
    if isinstance(call.func, ast.Name) and call.func.id == "setattr" and len(call.args) > 1:
        root, path = _attribute_path(call.args[0])
        name = call.args[1]
        if root and isinstance(name, ast.Constant) and isinstance(name.value, str):
            yield Assignment(root, path, name.value, is_item=False, is_inside=is_inside)


def _attribute_path(node: ast.expr) -> tuple[str, tuple[str, ...]]:
    """Return the name and the attributes of ``name.attribute.attribute``; "" for anything else."""
    path: list[str] = []
    while isinstance(node, ast.Attribute):
        path.insert(0, node.attr)
        node = node.value
    return (node.id, tuple(path)) if isinstance(node, ast.Name) else ("", ())
