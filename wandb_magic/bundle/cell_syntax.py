"""Parses a cell: Python only, because a sweep's processes run without IPython."""

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
    """Return a cell without the IPython lines that have no meaning in a run.

    Lines keep their numbers. What is not Python for another reason stays: `parse_cell` reports it.
    """
    if _UNREADABLE.search(source):
        return source
    try:
        return plain_shell.replace_ipython_lines(source, plain_shell.strip_harmless)
    except (RecursionError, MemoryError):
        return source


def parse_cell(source: str, filename: str) -> ast.Module:
    """Parse a cell, without the IPython lines that have no meaning in a run.

    Raises
    ------
    BundleError
        If the cell contains IPython syntax, which has no meaning outside a kernel, or characters
        that Python cannot read.
    SyntaxError
        If the cell is not Python.
    """
    unreadable = _UNREADABLE.search(source)
    if unreadable:
        number = source.count("\n", 0, unreadable.start()) + 1
        raise BundleError(
            f"line {number}: the character {unreadable[0]!a} is not allowed in Python source: "
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
            command = line[line.find("!") :] if "!" in line else line.lstrip("%?")
            remedy = plain_shell.remedy(command if command.startswith("!") else f"%{command}")
            raise BundleError(
                f"line {error.lineno}: {line!r} is IPython syntax, which does not exist in the "
                f"processes of a sweep: {remedy}"
            ) from None
        raise
    for node in _executed_nodes(tree):
        _check_shell_calls(node)
    return tree


def _check_shell_calls(node: ast.AST) -> None:
    """Refuse calls of ``get_ipython()`` that certainly fail in a run, before anything starts."""
    attribute = node.func if isinstance(node, ast.Call) else node
    if not (
        isinstance(attribute, ast.Attribute)
        and isinstance(attribute.value, ast.Call)
        and isinstance(attribute.value.func, ast.Name)
        and attribute.value.func.id == "get_ipython"
    ):
        return
    name, remedy = attribute.attr, plain_shell.ELSEWHERE
    if name in plain_shell.METHODS:
        first = node.args[0] if isinstance(node, ast.Call) and node.args else None
        line = str(first.value) if isinstance(first, ast.Constant) else ""
        if plain_shell.is_supported(name, line):
            return
        remedy = plain_shell.remedy(plain_shell.notebook_line(name, line))
    elif name in plain_shell.KNOWN or name.startswith("__"):
        return
    raise BundleError(
        f"line {attribute.lineno}: get_ipython().{name} does not do this in the processes of a "
        f"sweep: {remedy}"
    )


def _executed_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that the cell itself certainly executes and whose errors nothing catches.

    A function that checks whether it is in a notebook catches the error, or its caller does.
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
    """Compile a parsed cell as IPython does: with top-level `await`, without inherited flags.

    Raises
    ------
    SyntaxError
        For what only the compiler detects, such as a `return` outside a function.
    """
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code: CodeType = compile(tree, filename, "exec", flags=flags, dont_inherit=True)
    return code
