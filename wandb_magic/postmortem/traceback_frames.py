"""Describes the frames of an exception, and lists their variables in the order of their worth.

Nothing here pickles or writes; every text is masked.
"""

from __future__ import annotations

import builtins
import linecache
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType, FrameType, ModuleType, TracebackType
from typing import Any

from wandb_magic.postmortem.secret_mask import SecretMask
from wandb_magic.postmortem.value_pickler import describe_value, type_name

MAX_FRAMES = 100
_FIRST_FRAMES = 20  # of a stack that is deeper, for example after an endless recursion
_MAX_VARIABLES = 500
_MAX_CAUSES = 5
_MAX_SOURCE = 500_000
_MAX_TEXT = 20_000
_LIBRARIES = frozenset(map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib")))
# What a kernel or the run adds to the namespace of a notebook.
_NOT_OF_USER = frozenset({"In", "Out", "exit", "get_ipython", "open", "quit"})


@dataclass
class Variable:
    """A variable of a frame, to be pickled.

    Attributes
    ----------
    entry
        What is written about it.
    value
        Its value.
    """

    entry: dict[str, Any]
    value: Any


@dataclass
class FrameCollector:
    """Collects the frames of an exception and of its causes.

    Attributes
    ----------
    mask
        Masks the secrets.
    variables
        The variables, the most important first: those of the innermost frame.
    sources
        The text of each of the user's files, by file name.
    """

    mask: SecretMask
    variables: list[Variable] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    _globals: list[Variable] = field(default_factory=list)
    _listed: set[tuple[int, str]] = field(default_factory=set)

    def collect(
        self, error: BaseException, trace: TracebackType | None
    ) -> Iterator[dict[str, Any]]:
        """Yield the description of an exception, then those of its causes.

        Parameters
        ----------
        error
            The exception.
        trace
            Its traceback, without the frames that are not the user's.
        """
        seen: set[int] = set()
        current: BaseException | None = error
        while current is not None and id(current) not in seen and len(seen) <= _MAX_CAUSES:
            seen.add(id(current))
            frames = trace if current is error else current.__traceback__
            yield self._describe(current, frames)
            current = current.__cause__ or (
                None if current.__suppress_context__ else current.__context__
            )
        self.variables += self._globals
        self._globals = []

    def _describe(self, error: BaseException, trace: TracebackType | None) -> dict[str, Any]:
        steps = list(traceback.walk_tb(trace))
        omitted = max(0, len(steps) - MAX_FRAMES)
        if omitted:
            steps = [*steps[:_FIRST_FRAMES], *steps[_FIRST_FRAMES + omitted :]]
        # The innermost first: if the limits are reached, the others are missing.
        frames = [self._describe_frame(frame, line) for frame, line in reversed(steps)]
        return {
            "type": type_name(error),
            "message": self.mask.text(_message(error)[:_MAX_TEXT]),
            "frames": frames[::-1],
            "omitted": omitted,
        }

    def _describe_frame(self, frame: FrameType, line: int) -> dict[str, Any]:
        code = frame.f_code
        self._add_source(frame)
        is_module = frame.f_locals is frame.f_globals
        values = {
            name: value
            for name, value in list(frame.f_locals.items())
            if isinstance(name, str) and not (is_module and _is_hidden(name, value))
        }
        entries = [
            self._entry(name, values[name], self.variables)
            for name in list(values)[:_MAX_VARIABLES]
        ]
        described = {
            "filename": code.co_filename,
            "line": line,
            "function": getattr(code, "co_qualname", code.co_name),
            "first_line": code.co_firstlineno,
            "module": str(frame.f_globals.get("__name__", "")),
            "is_module": is_module,
            "locals": entries,
            "globals": [],
        }
        if not is_module and not is_library(code.co_filename):
            described["globals"] = [
                self._entry(name, frame.f_globals[name], self._globals)
                for name in sorted(_global_names(code))
                if name in frame.f_globals and not hasattr(builtins, name)
            ]
        return described

    def _entry(self, name: str, value: Any, variables: list[Variable]) -> dict[str, Any]:  # noqa: ANN401
        entry: dict[str, Any] = {
            "name": name,
            "type": type_name(value),
            "repr": describe_value(value, name, self.mask),
        }
        variables.append(Variable(entry, value))
        return entry

    def _add_source(self, frame: FrameType) -> None:
        filename = frame.f_code.co_filename
        if filename in self.sources or is_library(filename):
            return
        text = "".join(linecache.getlines(filename, frame.f_globals))
        if 0 < len(text) < _MAX_SOURCE:
            self.sources[filename] = self.mask.text(text)


def is_library(filename: str) -> bool:
    """Return whether a file belongs to Python or to an installed package."""
    return filename.startswith("<frozen ") or any(
        filename.startswith(f"{folder}/") for folder in _LIBRARIES
    )


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a user's exception may raise anything
        return ""


def _is_hidden(name: str, value: object) -> bool:
    return (
        (name.startswith("__") and name.endswith("__"))
        or (name in _NOT_OF_USER and not isinstance(value, (int, float, str)))
        or (isinstance(value, ModuleType) and sys.modules.get("__main__") is value)
    )


def _global_names(code: CodeType) -> set[str]:
    """Return the names that a piece of code, and what is defined in it, may read globally."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _global_names(constant)
    return names
