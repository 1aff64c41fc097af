"""Parsing a cell: Python only, for the processes of a sweep have no IPython around them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from types import CodeType

from wandb_magic.bundle import plain_shell
from wandb_magic.errors import BundleError

# `!ls`, `%time f()`, `?f`, `f?`, `files = !ls`, `t = %timeit f()`
_IPYTHON = re.compile(r"^[!%?]|^[\w.*%]+\?\??$|=\s*[!%]\s*\w")

_UNREADABLE = re.compile("[\\0\ud800-\udfff]")


def strip_ipython(source: str) -> str:
    """Return a cell without the lines of IPython's that mean nothing to a run.

    Lines keep their numbers. What is no Python for another reason stays, for `parse` to say so.
    """
    if _UNREADABLE.search(source):
        return source
    try:
        return plain_shell.replace_ipython_lines(source, plain_shell.strip_harmless)
    except (RecursionError, MemoryError):
        return source


def parse_cell(source: str, filename: str) -> ast.Module:
    """Parse a cell, without the lines of IPython's that mean nothing to a run.

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
    source = strip_ipython(source)
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
            said = line[line.find("!") :] if "!" in line else line.lstrip("%?")
            wanted = plain_shell.remedy(said if said.startswith("!") else f"%{said}")
            raise BundleError(
                f"line {error.lineno}: {line!r} is IPython syntax, which does not exist in the "
                f"processes of a sweep: {wanted}"
            ) from None
        raise
    for node in _executed_nodes(tree):
        _check_shell_calls(node)
    return tree


def _check_shell_calls(node: ast.AST) -> None:
    """Refuse what ``get_ipython()`` surely does not do in a run, before anything starts."""
    called = node.func if isinstance(node, ast.Call) else node
    if not (
        isinstance(called, ast.Attribute)
        and isinstance(called.value, ast.Call)
        and isinstance(called.value.func, ast.Name)
        and called.value.func.id == "get_ipython"
    ):
        return
    name, told = called.attr, plain_shell.ELSEWHERE
    if name in plain_shell.METHODS:
        first = node.args[0] if isinstance(node, ast.Call) and node.args else None
        line = str(first.value) if isinstance(first, ast.Constant) else ""
        if plain_shell.is_supported(name, line):
            return
        told = plain_shell.remedy(plain_shell.notebook_line(name, line))
    elif name in plain_shell.KNOWN or name.startswith("__"):
        return
    raise BundleError(
        f"line {called.lineno}: get_ipython().{name} does not do this in the processes of a "
        f"sweep: {told}"
    )


def _executed_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what the cell itself surely executes, and what of it may not raise an error.

    A function that asks whether it is in a notebook catches that, or its caller does.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, (ast.If, ast.IfExp)):
            yield from _executed_nodes(child.test)
            continue
        if isinstance(child, ast.Try) and any(map(_is_name_error_caught, child.handlers)):
            for part in (*child.handlers, *child.finalbody):
                yield from _executed_nodes(part)
            continue
        yield child
        yield from _executed_nodes(child)


def _is_name_error_caught(handler: ast.ExceptHandler) -> bool:
    return plain_shell.is_name_error_caught(handler.type)


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
