"""Inspects code objects: the globals that they read and store, and their imports.

Bytecode distinguishes scopes as Python does, even in functions whose source is not available.
Nothing is executed here.
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
# Ways to set an environment variable, besides `os.environ[…] = …`.
_SETTERS = frozenset({"pop", "setdefault", "update"})
_SETTERS_ALONE = frozenset({"load_dotenv", "putenv", "unsetenv"})
# Read when a library is used, not when it is imported.
_READ_LATE = frozenset(
    {"CUBLAS_WORKSPACE_CONFIG", "CUDA_VISIBLE_DEVICES", "LOCAL_RANK", "MASTER_ADDR"}
    | {"MASTER_PORT", "PYTHONHASHSEED", "RANK", "TF_CUDNN_DETERMINISTIC"}
    | {"TF_DETERMINISTIC_OPS", "TOKENIZERS_PARALLELISM", "WORLD_SIZE"}
)
_STORES = frozenset({"STORE_SUBSCR", "DELETE_SUBSCR"})
_READS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")


@dataclass(frozen=True)
class GlobalNames:
    """The globals that a piece of code reads, with the first line of each, and those it stores.

    Its strings may mention more.
    """

    reads: Mapping[str, int]
    stores: frozenset[str]
    mentions: frozenset[str] = frozenset()


@lru_cache(maxsize=4096)
def globals_of(code: CodeType) -> GlobalNames:
    """Return the globals that a function's code, including nested code, reads and stores."""
    reads: dict[str, int] = {}
    stores: set[str] = set()
    for code_object in (code, *nested_code(code)):
        line, starts = code_object.co_firstlineno, dict(dis.findlinestarts(code_object))
        bound: set[str] = set()  # bound by a class body so far
        for instruction in dis.get_instructions(code_object):
            line = starts.get(instruction.offset) or line
            name = instruction.argval
            if instruction.opname == "STORE_GLOBAL":
                stores.add(name)
            elif instruction.opname == "STORE_NAME":
                bound.add(name)
            elif instruction.opname in _READS and name not in bound and name not in GIVEN:
                reads.setdefault(name, line)
    return GlobalNames(reads, frozenset(stores))


def nested_code(code: CodeType) -> Iterator[CodeType]:
    """Yield the code objects inside of one, at any depth."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from nested_code(constant)


def imports_of(codes: Iterable[CodeType]) -> dict[str, list[str]]:
    """Return the modules that code imports by absolute name, and the names it takes from each.

    They stay in the order of the code: importing one may change how another behaves.
    """
    imports: dict[str, set[str]] = {}
    for code in codes:
        for each in (code, *nested_code(code)):
            module = ""
            for instruction in dis.get_instructions(each):
                if instruction.opname == "IMPORT_NAME":
                    module = instruction.argval
                    imports.setdefault(module, set())
                elif instruction.opname == "IMPORT_FROM":
                    imports[module].add(instruction.argval)
    return {module: sorted(names) for module, names in imports.items() if module}


def attributes_of(code: CodeType) -> frozenset[str]:
    """Return every name in a code object, attributes included."""
    return frozenset(name for each in (code, *nested_code(code)) for name in each.co_names)


def sets_environment(codes: Iterable[CodeType]) -> bool:
    """Return whether code may set environment variables that an import reads."""
    return any(_sets_environment(each) for code in codes for each in (code, *nested_code(code)))


def _sets_environment(code: CodeType) -> bool:
    """Return whether one code object does, judging by the code after each `environ` in it."""
    instructions = list(dis.get_instructions(code))
    for index, instruction in enumerate(instructions):
        if instruction.opname == "LOAD_CONST":
            continue
        if instruction.argval in _SETTERS_ALONE or (
            instruction.argval == "environ" and _is_changed(instruction, instructions[index + 1 :])
        ):
            return True
    return False


def _is_changed(environ: dis.Instruction, rest: list[dis.Instruction]) -> bool:
    """Return whether the code after an `environ` sets a variable that an import may read."""
    if environ.opname == "STORE_ATTR":  # environ |= …
        return True
    first, second = (*rest[:2], None, None)[:2]
    if first is not None and second is not None:
        if first.argval in _SETTERS:  # environ.setdefault(key, …)
            return _is_read_by_imports(second)
        if second.opname in _STORES:  # environ[key] = …
            return _is_read_by_imports(first)
    # environ[…] = …: the first of these operations uses it.
    operations = (each.opname for each in rest if each.opname in {*_STORES, "BINARY_SUBSCR"})
    return (
        first is not None and first.opname.startswith("LOAD") and next(operations, "") in _STORES
    )


def _is_read_by_imports(key: dis.Instruction) -> bool:
    """Return whether an import may read the variable whose name this instruction loads."""
    name = key.argval if key.opname == "LOAD_CONST" else ""
    return not isinstance(name, str) or not (name in _READ_LATE or name.startswith("WANDB_"))
