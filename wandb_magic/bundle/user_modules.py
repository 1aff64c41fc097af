"""Finds where the user's own modules differ from their source.

The values in the process are compared with the source files; nothing is imported or executed.
What a source computes cannot be known: if such a value is plain data, it is captured, and the
reader sets it if a fresh import gives a different one.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import symtable
import sys
import sysconfig
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import psutil

from wandb_magic.bundle.library_state import Attribute, is_same

MOST = 10_000  # elements of plain data that is captured automatically
LONGEST = 100_000  # characters of a text in it
_PLAIN = (int, float, complex, str, bytes, bool, type(None), Path)
_UNKNOWN = object()
_OURS = "wandb_magic"


@dataclass(frozen=True)
class ModuleDiff:
    """The differences between a module and its source.

    Attributes
    ----------
    attributes
        What is captured.
    left
        What was changed but is not captured, with the reason.
    """

    attributes: list[Attribute] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def user_modules() -> Iterator[ModuleType]:
    """Yield the imported modules that are the user's own: neither Python's nor installed."""
    for name, module in sys.modules.copy().items():
        file = getattr(module, "__file__", None)
        if (
            isinstance(file, str)
            and file.endswith(".py")
            and name not in ("__main__", "__mp_main__")
            and getattr(module, "__name__", None) == name
            and name.partition(".")[0] != _OURS
            and is_user_file(file)
        ):
            yield module


@lru_cache(maxsize=8192)
def is_user_file(file: str) -> bool:
    """Return whether a file is the user's own."""
    if "-packages" in file or file.startswith("<"):
        return False
    return not any(Path(file).is_relative_to(place) for place in _python_paths())


@lru_cache(maxsize=1)
def _python_paths() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return tuple({paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def aliases(module: ModuleType) -> Iterator[tuple[str, str, str]]:
    """Yield what a user module imports from another: its name, and the module and name there."""
    for node in _tree(module).body:
        if isinstance(node, ast.ImportFrom):
            source_module = f"{'.' * node.level}{node.module or ''}"
            with contextlib.suppress(ImportError):
                source_module = importlib.util.resolve_name(
                    source_module, module.__package__ or ""
                )
            for alias in node.names:
                yield alias.asname or alias.name, source_module, alias.name


def with_user_imports(names: Collection[str]) -> set[str]:
    """Return modules together with the user modules that they import, at any depth."""
    users = {module.__name__: module for module in user_modules()}
    modules, pending = set[str](), list(names)
    while pending:
        name = pending.pop()
        if name not in modules:
            modules.add(name)
            if name in users:
                pending += _imported_by(users[name])
    return modules


def _imported_by(module: ModuleType) -> Iterator[str]:
    for node in _tree(module).body:
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
    for _, source_module, name in aliases(module):
        yield source_module
        yield f"{source_module}.{name}"


def _tree(module: ModuleType) -> ast.Module:
    with contextlib.suppress(OSError, SyntaxError, ValueError):
        file = Path(str(module.__file__))
        return _read_source(str(file), file.stat().st_mtime_ns).tree
    return ast.Module([], [])


def compare_with_source(
    module: ModuleType, shared: Collection[int], *, is_used: bool
) -> ModuleDiff:
    """Compare a user module with its source.

    Parameters
    ----------
    module
        The module.
    shared
        The identities of values that are captured as variables: the module's functions must see
        the same objects.
    is_used
        Whether the run imports the module in any case; if not, only values are captured that the
        notebook has certainly set.
    """
    diff = ModuleDiff()
    with contextlib.suppress(OSError, SyntaxError, ValueError):
        file = Path(str(module.__file__))
        source = _read_source(str(file), file.stat().st_mtime_ns)
        is_new = file.stat().st_mtime > _process_start_time()
        _ModuleComparer(module, source, shared, diff, is_new=is_new, is_used=is_used).compare()
    return diff


@dataclass(frozen=True)
class _ModuleSource:
    """A module's source: its tree, and the names that its scopes bind."""

    tree: ast.Module
    names: frozenset[str]
    rebound: frozenset[str]  # by functions that declare them global
    is_open: bool  # it may bind names that are not visible in it
    mutated: frozenset[str]  # containers that its own code changes


# All modules are compared one after another: a cache for fewer would never hit.
@lru_cache(maxsize=4096)
def _read_source(file: str, _changed: int) -> _ModuleSource:
    text = Path(file).read_text(encoding="utf-8")
    tree = ast.parse(text)
    table = symtable.symtable(text, file, "exec")
    names = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
    rebound = set(_rebound_names(table))
    is_open = any(
        (isinstance(node, ast.ImportFrom) and node.names[0].name == "*")
        or (isinstance(node, ast.Name) and node.id in ("globals", "exec", "setattr", "vars"))
        for node in ast.walk(tree)
    )
    return _ModuleSource(
        tree,
        frozenset(names | rebound),
        frozenset(rebound),
        is_open,
        frozenset(_mutated_names(tree)),
    )


def _rebound_names(table: symtable.SymbolTable) -> Iterator[str]:
    for child in table.get_children():
        for symbol in child.get_symbols():
            if symbol.is_declared_global() and symbol.is_assigned():
                yield symbol.get_name()
        yield from _rebound_names(child)


def _mutated_names(tree: ast.Module) -> Iterator[str]:
    """Yield names whose values the code may change in place: by an item, or by a method."""
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Subscript, ast.Attribute))
            and isinstance(node.value, ast.Name)
            and (isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load))
        ):
            yield node.value.id
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


@lru_cache(maxsize=1)
def _process_start_time() -> float:
    return float(psutil.Process().create_time())


class _ModuleComparer:
    def __init__(
        self,
        module: ModuleType,
        source: _ModuleSource,
        shared: Collection[int],
        diff: ModuleDiff,
        *,
        is_new: bool,
        is_used: bool,
    ) -> None:
        self._module = module
        self._source = source
        self._shared = shared
        self._diff = diff
        # Written since this process started: the source may differ from what was imported.
        self._is_new = is_new
        self._is_used = is_used

    def compare(self) -> None:
        body = self._source.tree.body
        self._compare("", vars(self._module), body, self._source.names, is_open=False)

    def _compare(
        self,
        path: str,
        values: Mapping[str, Any],
        body: list[ast.stmt],
        names: frozenset[str],
        *,
        is_open: bool,
    ) -> None:
        written = _written_values(body)
        for name, value in list(values.items()):
            if name.startswith("__") or not name.isidentifier():
                continue
            if isinstance(value, type):
                self._compare_class(path, name, value, body)
            if isinstance(value, (ModuleType, type, FunctionType, BuiltinFunctionType)):
                continue  # those defined in the notebook are found elsewhere
            if name in written:
                self._compare_value(path, name, value, written[name])
            elif name not in names and not (is_open or self._source.is_open or self._is_new):
                self._add(path, name, value, is_certain=True)

    def _compare_class(self, path: str, name: str, value: type, body: list[ast.stmt]) -> None:
        definitions = [
            node for node in body if isinstance(node, ast.ClassDef) and node.name == name
        ]
        # What a metaclass does to a class cannot be compared.
        simple = type(value) is type or type(value).__name__ == "ABCMeta"
        if len(definitions) != 1 or not simple or value.__module__ != self._module.__name__:
            return
        node = definitions[0]
        names = frozenset(
            each.id if isinstance(each, ast.Name) else each.name
            for each in ast.walk(node)
            if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            or (isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store))
        )
        inner = f"{path}.{name}" if path else name
        is_open = bool(node.decorator_list) or "__slots__" in vars(value)
        self._compare(inner, vars(value), node.body, names, is_open=is_open)

    def _compare_value(
        self, path: str, name: str, value: object, written: list[ast.expr | None]
    ) -> None:
        literals = [_literal(node) for node in written]
        if any(literal is not _UNKNOWN and is_same(literal, value) for literal in literals):
            if id(value) in self._shared and isinstance(value, (dict, list, set)):
                self._add(path, name, value, is_certain=True)
            return
        is_private = name.startswith("_") and name in self._source.rebound
        if is_private:
            return  # the module's own bookkeeping, which it also does in the run
        is_fixed = _UNKNOWN not in literals and not (
            isinstance(value, (dict, list, set)) and name in self._source.mutated
        )
        if is_fixed and self._is_new:
            self._leave_behind(
                path,
                name,
                "its file has changed since it was imported, and runs import the new version",
            )
        elif is_fixed:
            self._add(path, name, value, is_certain=True)
        elif not self._is_new and (not name.startswith("_") or id(value) in self._shared):
            self._add(path, name, value, is_certain=id(value) in self._shared)

    def _add(self, path: str, name: str, value: object, *, is_certain: bool) -> None:
        attribute = Attribute(self._module.__name__, path, name, value, is_certain=is_certain)
        # A value that may equal a fresh import's matters only where a run uses it.
        if is_certain or (self._is_used and is_plain(value, instances=True)):
            self._diff.attributes.append(attribute)

    def _leave_behind(self, path: str, name: str, reason: str) -> None:
        label = Attribute(self._module.__name__, path, name, None).label
        self._diff.left.append(f"{label} ({reason})")


def _written_values(body: list[ast.stmt]) -> dict[str, list[ast.expr | None]]:
    """Return what the statements of a scope assign to each name; None for anything not plain."""
    assigned: dict[str, list[ast.expr | None]] = {}
    for name, value in _assignments(body):
        assigned.setdefault(name, []).append(value)
    return assigned


def _assignments(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr | None]]:
    for node in body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                        yield name.id, node.value if name is target else None
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
            if isinstance(node.target, ast.Name) and node.value is not None:
                yield node.target.id, node.value if isinstance(node, ast.AnnAssign) else None
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for inner in ("body", "orelse", "finalbody", "handlers"):
                yield from _assignments(getattr(node, inner, []))


def _literal(node: ast.expr | None) -> Any:  # noqa: ANN401 - any literal
    if node is None:
        return _UNKNOWN
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError):
        return _UNKNOWN


def is_plain(value: object, *, instances: bool = True) -> bool:
    """Return whether a value is plain data of moderate size, or an object with only such data.

    Parameters
    ----------
    value
        The value.
    instances
        Whether instances of the user's classes count as plain.
    """
    pending, seen = [value], 0
    while pending:
        item = pending.pop()
        seen += 1
        if seen > MOST:
            return False
        if isinstance(item, (str, bytes)):
            if len(item) > LONGEST:
                return False
        elif isinstance(item, dict):
            pending += [*item, *item.values()]
        elif isinstance(item, (list, tuple, set, frozenset)):
            pending += item
        elif not isinstance(item, _PLAIN) and not (instances and _is_simple(item)):
            fields = _fields(item) if instances else None
            if fields is None:
                return False
            pending += fields.values()
    return True


def _is_simple(value: object) -> bool:
    """Return whether a value is a small constant of a library: a dtype, a device, a number."""
    kind = type(value)
    return (kind.__module__, kind.__qualname__) in {
        ("torch", "dtype"),
        ("torch", "device"),
        ("datetime", "date"),
        ("datetime", "datetime"),
        ("datetime", "timedelta"),
        ("decimal", "Decimal"),
        ("fractions", "Fraction"),
    } or (kind.__module__ == "numpy" and hasattr(value, "dtype") and not getattr(value, "ndim", 1))


def _fields(value: object) -> dict[str, Any] | None:
    """Return the attributes of an instance of a user class, or of a simple namespace."""
    kind = type(value)
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    is_namespace = (kind.__module__, kind.__name__) in {
        ("types", "SimpleNamespace"),
        ("argparse", "Namespace"),
    }
    if not is_namespace and not (isinstance(file, str) and is_user_file(file)):
        return None
    return dict_of(value)


def dict_of(value: object) -> dict[str, Any]:
    """Return an object's own attributes, without involving its class."""
    try:
        attributes = object.__getattribute__(value, "__dict__")
    except (AttributeError, TypeError):
        return {}
    return attributes if type(attributes) is dict else {}
