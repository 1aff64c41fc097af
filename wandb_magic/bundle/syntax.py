"""Parsing a cell: Python only, for the processes of a sweep have no IPython around them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from types import CodeType

from wandb_magic.errors import BundleError

# `!ls`, `%time f()`, `?f`, `f?`, `files = !ls`, `t = %timeit f()`
_IPYTHON = re.compile(r"^[!%?]|^[\w.*%]+\?\??$|=\s*[!%]\s*\w")

_UNREADABLE = re.compile("[\\0\ud800-\udfff]")


def parse(source: str, filename: str) -> ast.Module:
    """Parse a cell.

    Raises
    ------
    BundleError
        If the cell holds IPython syntax, which means nothing outside of a kernel, or what no
        Python can read.
    SyntaxError
        If the cell is no Python.
    """
    unreadable = _UNREADABLE.search(source)
    if unreadable:
        number = source.count("\n", 0, unreadable.start()) + 1
        raise BundleError(
            f"line {number}: the character {unreadable[0]!a} cannot stand in Python's text: "
            "remove it, or write it as an escape"
        )
    try:
        tree = ast.parse(source, filename)
    except (RecursionError, MemoryError):
        raise BundleError(
            "the cell is nested too deeply for Python's parser: put parts of it into variables"
        ) from None
    except SyntaxError as error:
        lines = ["", *source.splitlines()]
        line = lines[error.lineno or 0].strip() if (error.lineno or 0) < len(lines) else ""
        if _IPYTHON.search(line):
            raise BundleError(
                f"line {error.lineno}: {line!r} is IPython syntax, which does not exist in the "
                "processes of a sweep: move it to a cell of its own"
            ) from None
        raise
    for node in _executed(tree):
        if isinstance(node, ast.Name) and node.id == "get_ipython":
            raise BundleError(
                f"line {node.lineno}: get_ipython() does not exist in the processes of a sweep: "
                "move this line to a cell of its own"
            )
    return tree


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what the cell itself executes, and what of it may not raise `NameError`.

    A function that asks whether it is in a notebook catches that, or its caller does.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.Try) and any(_catches(each.type) for each in child.handlers):
            for part in (*child.handlers, *child.finalbody):
                yield from _executed(part)
            continue
        yield child
        yield from _executed(child)


def _catches(caught: ast.expr | None) -> bool:
    """Tell whether an exception handler catches a `NameError`."""
    if caught is None:
        return True
    names = {each.id for each in ast.walk(caught) if isinstance(each, ast.Name)}
    return bool(names & {"NameError", "Exception", "BaseException"})


def compile_cell(tree: ast.Module, filename: str) -> CodeType:
    """Compile a parsed cell as IPython does: `await` is allowed, nothing is inherited from here.

    Raises
    ------
    SyntaxError
        For what only the compiler finds, a `return` outside of a function, say.
    """
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code: CodeType = compile(tree, filename, "exec", flags=flags, dont_inherit=True)
    return code
