"""Exceptions in processes that a run starts to share its work: their frames are kept as well.

A data loader, a pool or an executor sends only the text of a traceback to the run. After a fork,
the classes that make this text are patched in the child, so that it also writes its frames; the
run adds them to its own if it ends with that exception. A process that is not forked (spawned) is
not covered. This module imports little, because each run imports it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wandb_magic.postmortem.worker_dumps import PREFIX

_MAX_FILES = 32  # of one run
_MAX_OF_PROCESS = 3  # a pool may fail in every task; a data loader works ahead
# The classes that carry an exception from a child to its parent, by module.
_CARRIERS = {
    "torch._utils": "ExceptionWrapper",
    "multiprocessing.pool": "ExceptionWithTraceback",
    "concurrent.futures.process": "_ExceptionWithTraceback",
    "joblib.externals.loky.process_executor": "_ExceptionWithTraceback",
}
# Their frames lie above the user's.
_ABOVE = ("torch/utils/data/_utils/", "multiprocessing/pool.py", "concurrent/futures/process.py")


def watch_forks(folder: Path, environment: Mapping[str, str]) -> None:
    """Make the processes that this one forks write the frames of exceptions that they pass on.

    Parameters
    ----------
    folder
        The run's folder.
    environment
        The environment with which the run began.
    """
    own = os.getpid()

    def patch() -> None:
        # What the child forks in turn inherits the patches.
        if os.getppid() == own:
            with contextlib.suppress(Exception):
                _patch_carriers(folder, environment)

    os.register_at_fork(after_in_child=patch)


def _patch_carriers(folder: Path, environment: Mapping[str, str]) -> None:
    for module, name in _CARRIERS.items():
        carrier: Any = getattr(sys.modules.get(module), name, None)
        if carrier is not None:
            carrier.__init__ = _recording(carrier.__init__, folder, environment)


def _recording(
    original: Callable[..., None], folder: Path, environment: Mapping[str, str]
) -> Callable[..., None]:
    written = 0

    @functools.wraps(original)
    def init(self: object, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as the original
        nonlocal written
        original(self, *args, **kwargs)
        error = next((each for each in args if isinstance(each, BaseException)), sys.exc_info()[1])
        if error is not None and written < _MAX_OF_PROCESS:
            written += 1
            with contextlib.suppress(Exception):
                _record(error, folder / f"{PREFIX}{os.getpid()}-{written}", environment)

    return init


def _record(error: BaseException, file: Path, environment: Mapping[str, str]) -> None:
    from wandb_magic.postmortem import recorder  # noqa: PLC0415 - only if something fails

    if len([*file.parent.glob(f"{PREFIX}*")]) >= _MAX_FILES:
        return
    trace = error.__traceback__
    while trace is not None and any(part in trace.tb_frame.f_code.co_filename for part in _ABOVE):
        trace = trace.tb_next
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    recorder.record_worker_failure(error, trace, file, environment, text)
