"""Finds the notebook's names in strings, for libraries that look names up by strings.

``frame.query("a > @limit")`` finds ``limit``, DuckDB finds the table in ``"FROM frame"``, and a
formula finds the function in ``"y ~ centred(x)"``. A word of plain text is not a mention, and must
not capture a large table. The decision therefore depends on what a string is for, what is next to
the word, and what the name refers to.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from wandb_magic.bundle.bytecode import nested_code

NameResolver = Callable[[str], Any]

# Functions that evaluate text as Python, or in a library with the caller's variables.
_PYTHON = frozenset({"eval", "exec"})
_EXPRESSION = {"pandas": "eval", "numexpr": "evaluate"}
_AT_SIGNS = frozenset({"query", "eval"})  # of a frame
_QUERIES = frozenset({"execute", "query"})  # of a database
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
# Libraries whose objects others accept as tables.
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
    """Yield the strings in a function's code, including nested code."""
    for code_object in (code, *nested_code(code)):
        pending = list(code_object.co_consts)
        while pending:
            constant = pending.pop()
            if isinstance(constant, str):
                yield constant
            elif isinstance(constant, (tuple, frozenset)):
                pending.extend(constant)


def strings_in(tree: ast.AST) -> Iterator[str]:
    """Yield the strings of a syntax tree: f-strings as one, with gaps; none that are printed."""
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
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return names | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


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
        Returns the value of a name in the notebook; for an unknown name, anything but a table.
    """
    used = set(used)
    is_sql_used = any("sql" in name.lower() or name in _QUERIES for name in used)
    evaluated = _PYTHON & used or any(
        function in used and any(_is_module(look_up(name), library) for name in used)
        for library, function in _EXPRESSION.items()
    )
    mentioned: set[str] = set()
    for text in strings:
        if evaluated:
            mentioned |= _expression_names(text)
        if _NAMESPACES & used and text.isidentifier():
            mentioned.add(text)
        if _AT_SIGNS & used:
            mentioned |= set(_AT.findall(text))
        if is_sql_used or not _SQL.match(text):
            mentioned |= find_text_mentions(text, look_up)
    return mentioned


def find_text_mentions(text: str, look_up: NameResolver) -> set[str]:
    """Return the names that a string mentions in a distinctive form, whatever it is used for."""
    mentioned: set[str] = set()
    if "@" in text and _is_expression(_AT.sub(r"\1", text)):
        mentioned |= set(_AT.findall(text))
    if _SQL.match(text):
        words = {word for group in _TABLES.findall(text) for word in _WORD.findall(group)}
        mentioned |= {word for word in words if _is_table(look_up(word))}
    if "~" in text and _FORMULA.match(text):
        mentioned |= _formula_calls(text, look_up)
    return mentioned


def _expression_names(text: str) -> set[str]:
    for source in (text, text.strip(), _AT.sub(r"\1", text)):
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            continue
        return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return set()


def _formula_calls(text: str, look_up: NameResolver) -> set[str]:
    """Return the functions and modules that a formula names; its variables are columns."""
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
    library = type(value).__module__.partition(".")[0]
    return library in _OF_TABLES or hasattr(type(value), "__arrow_c_stream__")
