"""What code objects say about themselves: the globals that they read and store, their imports.

Bytecode tells scopes apart as Python does, in functions whose source is not at hand, too. Nothing
is executed here.
"""

from __future__ import annotations

import dis
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType

# Names that Python itself provides in a module or a class body.
GIVEN = frozenset(
    {
        "__annotations__",
        "__builtin__",
        "__builtins__",
        "__class__",
        "__debug__",
        "__doc__",
        "__loader__",
        "__module__",
        "__name__",
        "__package__",
        "__qualname__",
        "__spec__",
    }
)
_READS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")


@dataclass(frozen=True)
class Globals:
    """Which globals a piece of code reads, with the first line of each, and which it stores.

    Its strings may mention others.
    """

    reads: Mapping[str, int]
    stores: frozenset[str]
    mentions: frozenset[str] = frozenset()


@lru_cache(maxsize=4096)
def globals_of(code: CodeType) -> Globals:
    """Return the globals that a function's code, and what is nested in it, reads and stores."""
    reads: dict[str, int] = {}
    stores: set[str] = set()
    for each in (code, *nested(code)):
        line, starts = each.co_firstlineno, dict(dis.findlinestarts(each))
        own: set[str] = set()  # bound by a class body so far
        for instruction in dis.get_instructions(each):
            line = starts.get(instruction.offset) or line
            name = instruction.argval
            if instruction.opname == "STORE_GLOBAL":
                stores.add(name)
            elif instruction.opname == "STORE_NAME":
                own.add(name)
            elif instruction.opname in _READS and name not in own and name not in GIVEN:
                reads.setdefault(name, line)
    return Globals(reads, frozenset(stores))


def nested(code: CodeType) -> Iterator[CodeType]:
    """Yield the code objects inside of one, at any depth."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from nested(constant)


def imports_of(codes: Iterable[CodeType]) -> dict[str, list[str]]:
    """Return the modules that code imports by absolute name, and what it takes from each."""
    found: dict[str, set[str]] = {}
    for code in codes:
        for each in (code, *nested(code)):
            module = ""
            for instruction in dis.get_instructions(each):
                if instruction.opname == "IMPORT_NAME":
                    module = instruction.argval
                    found.setdefault(module, set())
                elif instruction.opname == "IMPORT_FROM":
                    found[module].add(instruction.argval)
    return {module: sorted(names) for module, names in sorted(found.items()) if module}


def attributes_of(code: CodeType) -> frozenset[str]:
    """Return every name in a code object, attributes included."""
    return frozenset(name for each in (code, *nested(code)) for name in each.co_names)
