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
# What sets a variable of the environment, beside `os.environ[…] = …`.
_SETTERS = frozenset({"pop", "setdefault", "update"})
_SETTERS_ALONE = frozenset({"load_dotenv", "putenv", "unsetenv"})
# They are read when something is used, and not when it is imported.
_READ_LATE = frozenset(
    {"CUBLAS_WORKSPACE_CONFIG", "CUDA_VISIBLE_DEVICES", "LOCAL_RANK", "MASTER_ADDR"}
    | {"MASTER_PORT", "PYTHONHASHSEED", "RANK", "TF_CUDNN_DETERMINISTIC"}
    | {"TF_DETERMINISTIC_OPS", "TOKENIZERS_PARALLELISM", "WORLD_SIZE"}
)
_STORES = frozenset({"STORE_SUBSCR", "DELETE_SUBSCR"})
_READS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")


@dataclass(frozen=True)
class GlobalNames:
    """Which globals a piece of code reads, with the first line of each, and which it stores.

    Its strings may mention others.
    """

    reads: Mapping[str, int]
    stores: frozenset[str]
    mentions: frozenset[str] = frozenset()


@lru_cache(maxsize=4096)
def globals_of(code: CodeType) -> GlobalNames:
    """Return the globals that a function's code, and what is nested in it, reads and stores."""
    reads: dict[str, int] = {}
    stores: set[str] = set()
    for each in (code, *nested_code(code)):
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
    return GlobalNames(reads, frozenset(stores))


def nested_code(code: CodeType) -> Iterator[CodeType]:
    """Yield the code objects inside of one, at any depth."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from nested_code(constant)


def imports_of(codes: Iterable[CodeType]) -> dict[str, list[str]]:
    """Return the modules that code imports by absolute name, and what it takes from each.

    They stay in the order of the code: importing one may change what another one does.
    """
    found: dict[str, set[str]] = {}
    for code in codes:
        for each in (code, *nested_code(code)):
            module = ""
            for instruction in dis.get_instructions(each):
                if instruction.opname == "IMPORT_NAME":
                    module = instruction.argval
                    found.setdefault(module, set())
                elif instruction.opname == "IMPORT_FROM":
                    found[module].add(instruction.argval)
    return {module: sorted(names) for module, names in found.items() if module}


def attributes_of(code: CodeType) -> frozenset[str]:
    """Return every name in a code object, attributes included."""
    return frozenset(name for each in (code, *nested_code(code)) for name in each.co_names)


def sets_environment(codes: Iterable[CodeType]) -> bool:
    """Tell whether code may set variables of the environment that an import reads."""
    return any(_sets_environment(each) for code in codes for each in (code, *nested_code(code)))


def _sets_environment(code: CodeType) -> bool:
    """Tell whether one code object does, by what stands behind each `environ` in it."""
    instructions = list(dis.get_instructions(code))
    for number, each in enumerate(instructions):
        if each.opname == "LOAD_CONST":
            continue
        if each.argval in _SETTERS_ALONE or (
            each.argval == "environ" and _is_changed(each, instructions[number + 1 :])
        ):
            return True
    return False


def _is_changed(environ: dis.Instruction, behind: list[dis.Instruction]) -> bool:
    """Tell whether the code behind an `environ` sets what an import may read."""
    if environ.opname == "STORE_ATTR":  # environ |= …
        return True
    first, second = (*behind[:2], None, None)[:2]
    if first is not None and second is not None:
        if first.argval in _SETTERS:  # environ.setdefault(key, …)
            return _is_read_by_imports(second)
        if second.opname in _STORES:  # environ[key] = …
            return _is_read_by_imports(first)
    # environ[…] = …: whichever comes first uses it.
    used = (each.opname for each in behind if each.opname in {*_STORES, "BINARY_SUBSCR"})
    return first is not None and first.opname.startswith("LOAD") and next(used, "") in _STORES


def _is_read_by_imports(key: dis.Instruction) -> bool:
    """Tell whether an import may read the variable whose name this puts on the stack."""
    name = key.argval if key.opname == "LOAD_CONST" else ""
    return not isinstance(name, str) or not (name in _READ_LATE or name.startswith("WANDB_"))
