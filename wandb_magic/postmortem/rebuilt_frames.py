"""Rebuilds the frames of a failed run as frames of this process, for a debugger.

Each is a real frame with the file name, the function's name, the line and the variables of the
original; nothing of the original's code is executed.
"""

from __future__ import annotations

import builtins
import linecache
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from wandb_magic.postmortem.failure import Failure, FailureFrame
from wandb_magic.postmortem.restored import RestoredConfig

_TAKE = "__wandb_magic_take_frame__"


def rebuild_traceback(failure: Failure) -> TracebackType | None:
    """Return a traceback with the frames of a failure; None if there are none.

    All their variables are unpickled.

    Raises
    ------
    UntrustedError
        If the file with them was not written by this user's own run.
    """
    namespaces = {"__main__": failure.namespace}
    trace: TracebackType | None = None
    for frame in reversed(failure.frames):
        namespace = namespaces.setdefault(frame.module, {"__name__": frame.module})
        namespace.setdefault("__builtins__", builtins)
        values = dict(frame.locals)
        shared = dict(frame.globals)
        if frame.is_module:
            namespace.update(values)
            values = namespace
        for name, value in shared.items():
            namespace.setdefault(name, value)
        namespace.setdefault("config", RestoredConfig(failure.config))
        rebuilt = _rebuild(frame, namespace, values)
        trace = TracebackType(trace, rebuilt, max(rebuilt.f_lasti, 0), frame.line)
    return trace


def _rebuild(frame: FailureFrame, namespace: dict[str, Any], values: dict[str, Any]) -> FrameType:
    """Return a frame of a piece of code that has just the one line."""
    offset = 0 if frame.is_module else max(0, frame.first_line - 1)
    lines = "\n" * max(0, frame.line - 1 - offset)
    code = compile(f"{lines}{_TAKE}()", frame.filename, "exec")
    name = frame.function.rpartition(".")[2] or frame.function
    code = code.replace(co_name=name, co_firstlineno=1 + offset)
    taken: list[FrameType] = []
    values[_TAKE] = lambda: taken.append(sys._getframe(1))  # noqa: SLF001 - a frame is what is wanted
    try:
        exec(code, namespace, values)  # noqa: S102 - the one line above
    finally:
        del values[_TAKE]
    return taken[0]


@contextmanager
def recorded_sources(failure: Failure) -> Iterator[None]:
    """Show the sources as they were in the run, whatever became of the files since."""
    before = {name: linecache.cache.get(name) for name in failure.sources}
    for name, text in failure.sources.items():
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    try:
        yield
    finally:
        for name, entry in before.items():
            if entry is None:
                linecache.cache.pop(name, None)
            else:
                linecache.cache[name] = entry
