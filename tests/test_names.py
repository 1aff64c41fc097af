"""Names are the field's terms: no literary word is part of one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "wandb_magic"
LITERARY = {
    *("alike", "beside", "companion", "counterpart", "deed", "deeds", "furnish", "goodness"),
    *("heed", "insides", "judge", "ledger", "luggage", "mourn", "outside", "owed", "pen"),
    *("recall", "respelt", "roster", "said", "shelf", "spoken", "told", "understood", "weighing"),
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def names(path: Path) -> Iterator[str]:
    """Yield the names of a module, its classes, functions, parameters and attributes."""
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | Function):
            yield node.name
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_no_name_is_literary(path: Path) -> None:
    words = {
        name: {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}
        for name in names(path)
    }
    assert [name for name, parts in words.items() if parts & LITERARY] == []
