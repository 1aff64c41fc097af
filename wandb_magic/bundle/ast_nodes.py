"""Parts of a syntax tree that are evaluated later, or in another scope, than their place."""

from __future__ import annotations

import ast
from types import CodeType

from wandb_magic.bundle.bytecode import GlobalNames, globals_of

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


def body_names(node: Function) -> GlobalNames:
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


def defaults(node: Function) -> list[ast.expr | None]:
    """Return the default values of a function's parameters."""
    return [*node.args.defaults, *node.args.kw_defaults]


def annotations_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr | None]:
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


def type_parameters(node: ast.AST) -> list[str]:
    """Return the names of a function's, class's or alias's own type parameters."""
    return [each.name for each in getattr(node, "type_params", ())]  # from Python 3.12


def is_name_error_handler(caught: ast.expr | None) -> bool:
    """Return whether an exception handler indicates that a name may be missing."""
    return caught is not None and any(
        isinstance(each, ast.Name) and each.id in ("NameError", "UnboundLocalError")
        for each in ast.walk(caught)
    )


def walrus_targets(node: ast.AST) -> set[str]:
    """Return the names that a comprehension binds outside itself, if evaluated."""
    return {each.target.id for each in ast.walk(node) if isinstance(each, ast.NamedExpr)}
