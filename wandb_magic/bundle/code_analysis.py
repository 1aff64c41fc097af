"""Finds the names that a cell needs from outside, from its syntax tree in evaluation order.

A name that the cell certainly binds before reading it is the cell's own: ``with wandb.init() as
run`` must not capture an old ``run``, not even for a notebook function that reads it and is called
in the cell. What a function reads counts where the function is used. Nothing is executed here.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import CodeType
from typing import Any

from wandb_magic.bundle.bytecode import GIVEN, GlobalNames, globals_of
from wandb_magic.bundle.mentions import names_in, strings_in

_Nodes = Iterable[ast.AST | None]
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp

# A cell that uses one of these may read or bind names that its text does not show.
_OPEN = frozenset({"dir", "eval", "exec", "globals", "locals", "vars"})
_PREDEFINED = (
    frozenset(dir(builtins)) | GIVEN | {"exit", "get_ipython", "quit"}
)  # IPython replaces these with its own


@dataclass(frozen=True)
class CellReferences:
    """The names that a cell reads and binds.

    Attributes
    ----------
    needed
        Names that must come from outside, the dependencies of a name before it. The value is the
        line that first reads the name; 0 where the cell can do without it.
    optional
        Names that the cell may have bound when it reads them, or that only strings mention: they
        are captured if possible.
    bound
        Names that the cell, or a function that it uses, binds anywhere.
    """

    needed: dict[str, int]
    optional: frozenset[str]
    bound: frozenset[str]


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
    names = _CellScope(dependencies)
    _FreeVariableVisitor(names).run(tree.body)
    names.mention(mentioned(strings_in(tree), names_in(tree)))
    names.include(include)
    return names.finish()


def analyze_value(
    used: GlobalNames, dependencies: Callable[[str], GlobalNames], include: Collection[str] = ()
) -> CellReferences:
    """Find the names that a value of the notebook needs, such as a function to call."""
    names = _CellScope(dependencies)
    names.use(used, 0)
    names.include(include)
    return names.finish()


class _CellScope:
    """The scope of a cell while the cell is analysed from top to bottom.

    Parameters
    ----------
    dependencies
        Returns the names that the outside value of a name reads and stores when it is used.
    """

    def __init__(self, dependencies: Callable[[str], GlobalNames]) -> None:
        self._dependencies = dependencies
        self.bound: set[str] = set()
        self.bound_somewhere: set[str] = set()
        self.needed: dict[str, int] = {}
        self._perhaps: set[str] = set()
        self._mentioned: set[str] = set()
        self.open_ended = False
        self._inside: dict[
            str, list[GlobalNames]
        ] = {}  # what the cell's functions and classes read
        self._seen: set[str] = set()
        self._later = False
        self._perhaps_later: set[str] = set()

    def finish(self) -> CellReferences:
        """Count what was defined but never read, as if it were read at the end."""
        with self.later():
            for name in tuple(self._inside):
                self.read(name, 0)
        may_be_missing = _PREDEFINED | (self._perhaps_later & self.bound_somewhere)
        needed = {
            name: 0 if self.open_ended or name in may_be_missing else line
            for name, line in self.needed.items()
            if name not in GIVEN
        }
        optional = (self._perhaps | self._mentioned) - set(needed)
        return CellReferences(needed, frozenset(optional), frozenset(self.bound_somewhere))

    def read(self, name: str, line: int) -> None:
        """Record that a name is read now, with everything that its value reads when it is used."""
        self._seen.clear()
        self._read(name, line)

    def use(self, used: GlobalNames, line: int | None = None) -> None:
        """Record what a function reads: at its own line, or at none if it is not the cell's."""
        self._seen.clear()
        self._use(used, line)

    @contextmanager
    def later(self) -> Iterator[None]:
        """Treat reads as possibly reached only after a later line of the cell, as in a loop."""
        before, self._later = self._later, True
        yield
        self._later = before

    def _read(self, name: str, line: int) -> None:
        if name in self._seen:  # counted, or about to be: its dependencies come first
            if name in self.needed:
                self.needed[name] = self.needed[name] or line
            return
        self._seen.add(name)
        self.open_ended |= name in _OPEN
        for used in self._inside.get(name, ()):
            self._use(used, None)
        if name not in self.bound:
            self._use(self._dependencies(name), 0)
        if name in self.bound_somewhere:
            if name not in self.bound:
                self._perhaps.add(name)
        else:
            self.needed[name] = self.needed.get(name) or line
            if self._later:
                self._perhaps_later.add(name)

    def _use(self, used: GlobalNames, line: int | None) -> None:
        self.bound_somewhere |= used.stores
        for name, own_line in used.reads.items():
            self._read(name, own_line if line is None else line)
        self.mention(used.mentions)

    def mention(self, names: Iterable[str]) -> None:
        """Record names that strings mention: captured if possible, with their dependencies."""
        for name in names:
            if name not in self.bound and name not in self._mentioned:
                self._mentioned.add(name)
                self._use(self._dependencies(name), 0)

    def include(self, names: Iterable[str]) -> None:
        """Record names that the user requests."""
        for name in names:
            self.use(self._dependencies(name), 0)
            self.needed.setdefault(name, 0)

    def define(self, name: str, inside: GlobalNames) -> None:
        """Store what a function or class of the cell reads, for when it is used."""
        self._inside.setdefault(name, []).append(inside)
        self.bound_somewhere |= inside.stores

    def bind(self, *names: str | None) -> None:
        """Record names as bound from this point on."""
        for name in names:
            if name:
                self.bound.add(name)
                self.bound_somewhere.add(name)


class _FreeVariableVisitor(ast.NodeVisitor):
    """Walks the top level in order of evaluation."""

    def __init__(self, names: _CellScope) -> None:
        self.names = names
        self.owner = ""  # the class whose body is being read
        self.lazy_annotations = False

    def run(self, nodes: _Nodes) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def define(self, name: str, node: _Function) -> None:
        self.names.define(self.owner or name, _body_names(node))

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
        if isinstance(node.func, ast.Name) and node.func.id in _OPEN and isinstance(text, str):
            with suppress(SyntaxError):
                self.run(ast.parse(text.strip()).body)

    def visit_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.value, ast.Lambda) and isinstance(node.targets[0], ast.Name):
            self.run(_defaults(node.value))
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
        if any(_is_name_error_handler(handler.type) for handler in node.handlers):
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
        self.run([*node.decorator_list, *_defaults(node)])
        if not self.lazy_annotations:
            self.scope(_annotations_of(node), *_type_parameters(node))
        self.define(node.name, node)
        self.names.bind(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.run(_defaults(node))
        self.names.use(_body_names(node))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.run(node.decorator_list)
        outer, self.owner = self.owner, self.owner or node.name
        arguments = [*node.bases, *(keyword.value for keyword in node.keywords)]
        self.scope([*arguments, *node.body], *_type_parameters(node))
        self.owner = outer
        self.names.bind(node.name)

    def visit_TypeAlias(self, node: Any) -> None:  # noqa: ANN401 - Python 3.12 brings the class
        self.names.bind(node.name.id)
        self.scope([node.value], *_type_parameters(node))

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        self.comprehension(node, [node.elt])

    visit_SetComp = visit_ListComp
    visit_GeneratorExp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self.comprehension(node, [node.key, node.value])

    def comprehension(
        self,
        node: _Comprehension,
        results: list[ast.expr],
    ) -> None:
        nodes: list[ast.AST] = []
        for loop in node.generators:
            nodes += [loop.iter, loop.target, *loop.ifs]
        self.scope([*nodes, *results])
        self.names.bound_somewhere |= _walrus_targets(node)


# Parts of a syntax tree that are evaluated later, or in another scope, than their place


def _body_names(node: _Function) -> GlobalNames:
    """Return the names that a function's body reads and stores beyond its own scope."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # in a default
    if isinstance(node, ast.Lambda):
        code = compile(ast.Expression(node), "<cell>", "eval", flags, dont_inherit=True)
    else:
        module = ast.Module([node], [])
        code = compile(module, "<cell>", "exec", flags, dont_inherit=True)
    names = [globals_of(each) for each in code.co_consts if isinstance(each, CodeType)]
    reads = {name: line for each in names for name, line in each.reads.items()}
    return GlobalNames(reads, frozenset().union(*(each.stores for each in names)))


def _defaults(node: _Function) -> list[ast.expr | None]:
    """Return the default values of a function's parameters."""
    return [*node.args.defaults, *node.args.kw_defaults]


def _annotations_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr | None]:
    """Return the annotations of a function's parameters and of its return value."""
    arguments = node.args
    parameters = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    return [*(each.annotation for each in parameters if each is not None), node.returns]


def _type_parameters(node: ast.AST) -> list[str]:
    """Return the names of a function's, class's or alias's own type parameters."""
    return [each.name for each in getattr(node, "type_params", ())]  # from Python 3.12


def _is_name_error_handler(caught: ast.expr | None) -> bool:
    """Return whether an exception handler indicates that a name may be missing."""
    return caught is not None and any(
        isinstance(each, ast.Name) and each.id in ("NameError", "UnboundLocalError")
        for each in ast.walk(caught)
    )


def _walrus_targets(node: ast.AST) -> set[str]:
    """Return the names that a comprehension binds outside itself, if evaluated."""
    return {each.target.id for each in ast.walk(node) if isinstance(each, ast.NamedExpr)}
