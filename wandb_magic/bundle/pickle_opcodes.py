"""Finds what a bundle's pickles name, from their opcodes: nothing is unpickled here."""

from __future__ import annotations

import pickletools
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from wandb_magic.bundle.manifest import variables_path

_BY_VALUE = frozenset(
    {"_make_function", "_builtin_type"}
)  # cloudpickle: the code itself is pickled
_STRINGS = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"})
_FROM_MEMO = frozenset({"BINGET", "LONG_BINGET"})


def pickle_globals(folder: Path) -> set[tuple[str, str]]:
    """Return the module and name of every class and function that unpickling would look up."""
    path = variables_path(folder)
    if not path.exists():
        return set()
    with path.open("rb") as stream:
        return set(_globals(stream))


def contains_code(folder: Path) -> bool:
    """Return whether the pickles contain code, which only one minor version of Python reads."""
    return any(
        module.startswith("cloudpickle") and name in _BY_VALUE
        for module, name in pickle_globals(folder)
    )


def _globals(stream: BufferedReader) -> Iterator[tuple[str, str]]:
    """Follow the strings on the stack; consecutive pickles share a memo."""
    memo: dict[int, str] = {}
    memoized = 0
    strings = ["", ""]  # the newest two
    while stream.peek(1):
        for operation, argument, _ in pickletools.genops(stream):
            name = operation.name
            if name in _STRINGS:
                strings = [strings[-1], str(argument)]
            elif name in _FROM_MEMO:
                strings = [strings[-1], memo.get(int(argument or 0), "")]
            elif name == "MEMOIZE":  # it may not be a string; then it is never looked up
                memo[memoized] = strings[-1]
                memoized += 1
            elif name == "STACK_GLOBAL":
                yield strings[0], strings[1]
