"""Docstrings, held against the code: a parameter that one describes exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "wandb_magic"
DYNAMIC = {"Api"}  # takes what wandb's own class takes
Function = ast.FunctionDef | ast.AsyncFunctionDef


def described(docstring: str, section: str) -> list[str]:
    """Return the names that a section of a NumPy docstring describes."""
    match = re.search(
        rf"^{section}\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", docstring, re.DOTALL | re.MULTILINE
    )
    lines = [] if match is None else match[1].splitlines()
    return [
        name.strip().lstrip("*")
        for line in lines
        if line and not line.startswith(" ")
        for name in line.split(":")[0].split(",")
    ]


def parameters(function: Function) -> set[str]:
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return {each.arg for each in [*plain, arguments.vararg, arguments.kwarg] if each is not None}


def attributes(node: ast.ClassDef) -> set[str]:
    """Return the fields, properties and attributes of a class."""
    names = {each.name for each in node.body if isinstance(each, Function)}
    for each in ast.walk(node):
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            names.add(each.target.id)
        elif isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store):
            names.add(each.attr)
    return names


def inherits(node: ast.ClassDef) -> bool:
    return bool(node.bases) and not any(
        isinstance(each, Function) and each.name == "__init__" for each in node.body
    )


def unknown_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            known = parameters(node)
            names = described(ast.get_docstring(node) or "", "Parameters")
        elif isinstance(node, ast.ClassDef) and node.name not in DYNAMIC and not inherits(node):
            known = attributes(node)
            for each in node.body:
                if isinstance(each, Function) and each.name == "__init__":
                    known |= parameters(each)
            docstring = ast.get_docstring(node) or ""
            names = [*described(docstring, "Parameters"), *described(docstring, "Attributes")]
        else:
            continue
        yield from (f"{node.name}: {name}" for name in names if name not in known)


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_each_parameter_that_is_described_exists(path: Path) -> None:
    assert list(unknown_names(ast.parse(path.read_text(encoding="utf-8")))) == []
