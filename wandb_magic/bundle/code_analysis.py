"""Finds the names that a cell needs from outside, from its syntax tree in evaluation order.

Nothing is executed here.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Any

from wandb_magic.bundle.ast_nodes import (
    Comprehension,
    Function,
    annotations_of,
    body_names,
    defaults,
    is_name_error_handler,
    type_parameters,
    walrus_targets,
)
from wandb_magic.bundle.bytecode import GlobalNames
from wandb_magic.bundle.cell_scope import OPEN, CellReferences, CellScope
from wandb_magic.bundle.mentions import names_in, strings_in

_Nodes = Iterable[ast.AST | None]


def no_dependencies(_name: str) -> GlobalNames:
    """Return no names: names have no values yet."""
    return GlobalNames({}, frozenset())


def no_mentions(_strings: Iterable[str], _used: Collection[str]) -> set[str]:
    """Return no names: strings are only text."""
    return set()


def analyze_cell(
    tree: ast.Module,
    dependencies: Callable[[str], GlobalNames] = no_dependencies,
    mentioned: Callable[[Iterable[str], Collection[str]], set[str]] = no_mentions,
    include: Collection[str] = (),
) -> CellReferences:
    """Find the names that a cell needs from outside.

    Parameters
    ----------
    tree
        The parsed cell.
    dependencies
        Returns the names that the outside value of a name reads and stores when it is used.
    mentioned
        Returns the names that strings mention, in code that uses the given names.
    include
        Names that are needed whatever the cell contains.
    """
    names = CellScope(dependencies)
    _FreeVariableVisitor(names).run(tree.body)
    names.mention(mentioned(strings_in(tree), names_in(tree)))
    names.include(include)
    return names.finish()


def analyze_value(
    used: GlobalNames, dependencies: Callable[[str], GlobalNames], include: Collection[str] = ()
) -> CellReferences:
    """Find the names that a value of the notebook needs, such as a function to call."""
    names = CellScope(dependencies)
    names.use(used, 0)
    names.include(include)
    return names.finish()


class _FreeVariableVisitor(ast.NodeVisitor):
    """Walks the top level in order of evaluation."""

    def __init__(self, names: CellScope) -> None:
        self.names = names
        self.owner = ""  # the class whose body is being read
        self.lazy_annotations = False

    def run(self, nodes: _Nodes) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def define(self, name: str, node: Function) -> None:
        self.names.define(self.owner or name, body_names(node))

    def branches(self, *branches: _Nodes) -> None:
        """Visit alternatives: only what all of them bind is certainly bound after them."""
        before, after = self.names.bound, []
        for branch in branches:
            self.names.bound = set(before)
            self.run(branch)
            after.append(self.names.bound)
        self.names.bound = set.intersection(*after) if after else before

    def scope(self, nodes: _Nodes, *parameters: str) -> None:
        """Visit nodes with their own scope: what it binds is not bound outside."""
        bound, bound_somewhere = set(self.names.bound), set(self.names.bound_somewhere)
        self.names.bind(*parameters)
        self.run(nodes)
        self.names.bound, self.names.bound_somewhere = bound, bound_somewhere

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.names.bind(node.id)
            return
        self.names.read(node.id, node.lineno)
        if isinstance(node.ctx, ast.Del):
            self.names.bound.discard(node.id)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        text = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if isinstance(node.func, ast.Name) and node.func.id in OPEN and isinstance(text, str):
            with suppress(SyntaxError):
                self.run(ast.parse(text.strip()).body)

    def visit_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.value, ast.Lambda) and isinstance(node.targets[0], ast.Name):
            self.run(defaults(node.value))
            self.define(node.targets[0].id, node.value)
            self.run(node.targets)
        else:
            self.run([node.value, *node.targets])

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.names.read(node.target.id, node.target.lineno)
        self.run([node.value, node.target])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.run([None if self.lazy_annotations else node.annotation, node.value])
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.visit(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.run([node.value, node.target])

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self.branches(node.body, node.orelse)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self.branches([node.body], [node.orelse])

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self.branches(node.values[1:], [])

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        with self.names.later():
            self.branches([node.target, *node.body], [])
        self.run(node.orelse)

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        with self.names.later():
            self.visit(node.test)
            self.branches(node.body, [])
        self.run(node.orelse)

    def visit_Try(self, node: ast.Try) -> None:
        before = set(self.names.needed)
        with self.names.later():  # a handler may bind what is missing
            self.branches([*node.body, *node.orelse], *([handler] for handler in node.handlers))
        if any(is_name_error_handler(handler.type) for handler in node.handlers):
            self.names.needed |= dict.fromkeys(set(self.names.needed) - before, 0)
        self.run(node.finalbody)

    visit_TryStar = visit_Try

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.run([node.type])
        self.names.bind(node.name)
        self.run(node.body)
        self.names.bound.discard(node.name or "")

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self.branches(*([case.pattern, case.guard, *case.body] for case in node.cases), [])

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        self.run([node.pattern])
        self.names.bind(node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        self.names.bind(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.run([*node.keys, *node.patterns])
        self.names.bind(node.rest)

    def visit_Import(self, node: ast.Import) -> None:
        self.names.bind(*(alias.asname or alias.name.partition(".")[0] for alias in node.names))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        names = {alias.name for alias in node.names}
        self.names.open_ended |= "*" in names
        self.lazy_annotations |= node.module == "__future__" and "annotations" in names
        self.names.bind(*(alias.asname or alias.name for alias in node.names))

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.run([*node.decorator_list, *defaults(node)])
        if not self.lazy_annotations:
            self.scope(annotations_of(node), *type_parameters(node))
        self.define(node.name, node)
        self.names.bind(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.run(defaults(node))
        self.names.use(body_names(node))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.run(node.decorator_list)
        outer, self.owner = self.owner, self.owner or node.name
        arguments = [*node.bases, *(keyword.value for keyword in node.keywords)]
        self.scope([*arguments, *node.body], *type_parameters(node))
        self.owner = outer
        self.names.bind(node.name)

    def visit_TypeAlias(self, node: Any) -> None:  # noqa: ANN401 - Python 3.12 brings the class
        self.names.bind(node.name.id)
        self.scope([node.value], *type_parameters(node))

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        self.comprehension(node, [node.elt])

    visit_SetComp = visit_ListComp
    visit_GeneratorExp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self.comprehension(node, [node.key, node.value])

    def comprehension(
        self,
        node: Comprehension,
        results: list[ast.expr],
    ) -> None:
        nodes: list[ast.AST] = []
        for loop in node.generators:
            nodes += [loop.iter, loop.target, *loop.ifs]
        self.scope([*nodes, *results])
        self.names.bound_somewhere |= walrus_targets(node)
