"""Which names of the notebook a string mentions, where a library looks names up by strings.

``frame.query("a > @limit")`` finds ``limit``, DuckDB finds the table in ``"FROM frame"``, and a
formula the function in ``"y ~ centred(x)"``. A word of plain text is none of that, and must not
drag a large table along: so it counts what a string is for, what stands beside the word, and what
the name is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from wandb_magic.bundle.bytecode import nested_code

NameResolver = Callable[[str], Any]

# What hands Python text to Python, or to a library that evaluates it among the caller's variables.
_PYTHON = frozenset({"eval", "exec"})
_EXPRESSION = {"pandas": "eval", "numexpr": "evaluate"}
_AT_SIGNS = frozenset({"query", "eval"})  # of a frame
_ASKING = frozenset({"execute", "query"})  # of a database
_NAMESPACES = frozenset({"globals", "locals", "vars"})
_AT = re.compile(r"@\s*([^\W\d]\w*)")
_SQL = re.compile(
    r"\s*(?:--[^\n]*\n\s*|\(\s*)*"
    r"(?:SELECT|WITH|FROM|DESCRIBE|SUMMARIZE|INSERT|CREATE|COPY|PIVOT|UNPIVOT|EXPLAIN|UPDATE"
    r"|DELETE)\s",
    re.IGNORECASE,
)
_TABLES = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE|DESCRIBE|SUMMARIZE|PIVOT|UNPIVOT|USING|TABLE)\s+(?:\(\s*)*"
    r"((?:\"?[^\W\d]\w*\"?(?:\s+(?:AS\s+)?[^\W\d]\w*)?\s*,\s*)*\"?[^\W\d]\w*\"?)",
    re.IGNORECASE,
)
_FORMULA = re.compile(r"^[^~]*~[^~]+$")
_WORD = re.compile(r"[^\W\d]\w*")
# Libraries whose objects others know as tables.
_OF_TABLES = frozenset(
    [
        "cudf",
        "dask",
        "duckdb",
        "geopandas",
        "ibis",
        "modin",
        "numpy",
        "pandas",
        "polars",
        "pyarrow",
    ]
)


def strings_of(code: CodeType) -> Iterator[str]:
    """Yield the strings in a function's code, and in what is nested in it."""
    for each in (code, *nested_code(code)):
        waiting = list(each.co_consts)
        while waiting:
            constant = waiting.pop()
            if isinstance(constant, str):
                yield constant
            elif isinstance(constant, (tuple, frozenset)):
                waiting.extend(constant)


def strings_in(tree: ast.AST) -> Iterator[str]:
    """Yield the strings of a syntax tree: an f-string as one, with gaps; none that is printed."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
            yield from (
                text for each in node.args if _is_nested(each) for text in strings_in(each)
            )
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else " 0 "
                for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        else:
            yield from strings_in(node)


def _is_nested(node: ast.AST) -> bool:
    return not isinstance(node, (ast.Constant, ast.JoinedStr))


def names_in(tree: ast.AST) -> set[str]:
    """Return the names and attributes that a syntax tree uses."""
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return found | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def find_mentions(
    strings: Iterable[str], used: Collection[str], look_up: NameResolver
) -> set[str]:
    """Return the names of the notebook that strings mention.

    Parameters
    ----------
    strings
        The strings of a cell, or of a function.
    used
        The names and attributes that the same code uses.
    look_up
        Returns what a name stands for in the notebook; something that is no table if nothing.
    """
    used = set(used)
    asks = any("sql" in name.lower() or name in _ASKING for name in used)
    evaluated = _PYTHON & used or any(
        function in used and any(_is_module(look_up(name), library) for name in used)
        for library, function in _EXPRESSION.items()
    )
    found: set[str] = set()
    for text in strings:
        if evaluated:
            found |= _expression_names(text)
        if _NAMESPACES & used and text.isidentifier():
            found.add(text)
        if _AT_SIGNS & used:
            found |= set(_AT.findall(text))
        if asks or not _SQL.match(text):
            found |= find_text_mentions(text, look_up)
    return found


def find_text_mentions(text: str, look_up: NameResolver) -> set[str]:
    """Return the names that a string mentions in a form of its own, whatever it is used for."""
    found: set[str] = set()
    if "@" in text and _is_expression(_AT.sub(r"\1", text)):
        found |= set(_AT.findall(text))
    if _SQL.match(text):
        words = {word for group in _TABLES.findall(text) for word in _WORD.findall(group)}
        found |= {word for word in words if _is_table(look_up(word))}
    if "~" in text and _FORMULA.match(text):
        found |= _formula_calls(text, look_up)
    return found


def _expression_names(text: str) -> set[str]:
    for source in (text, text.strip(), _AT.sub(r"\1", text)):
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            continue
        return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return set()


def _formula_calls(text: str, look_up: NameResolver) -> set[str]:
    """Return what a formula calls, and the modules that it names; its variables are columns."""
    sides = [side.strip() or "0" for side in text.split("~")]
    if not all(map(_is_expression, sides)):
        return set()
    words = set().union(*map(_expression_names, sides))
    return {word for word in words if isinstance(look_up(word), (FunctionType, ModuleType, type))}


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def _is_module(value: object, name: str) -> bool:
    return isinstance(value, ModuleType) and value.__name__ == name


def _is_table(value: object) -> bool:
    home = type(value).__module__.partition(".")[0]
    return home in _OF_TABLES or hasattr(type(value), "__arrow_c_stream__")
