"""Writes the file of a failure, in the process of the run that has failed.

It takes a thread of its own, and the run waits for it no longer than a few seconds: whatever a
value does when it is pickled, the run ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from wandb_magic.bundle.signing_key import existing_key
from wandb_magic.paths import RunPaths
from wandb_magic.postmortem.dump_file import Dump, DumpWriter
from wandb_magic.postmortem.limits import DEBUG_MB_VARIABLE, DEFAULT_MB, LimitError, Limits
from wandb_magic.postmortem.secret_mask import SecretMask
from wandb_magic.postmortem.traceback_frames import FrameCollector, Variable
from wandb_magic.postmortem.value_pickler import pickle_value
from wandb_magic.postmortem.worker_dumps import take_dump

_PATIENCE_S = 5.0  # for all of it, if a value does not answer at all
_MB = 1_000_000
_LEAST = 1_000_000  # bytes for each run, however many have failed
_MANY = 20  # runs whose files are as large as allowed; those of later ones are smaller
_DISK_SHARE = 0.05  # of the free space
_WORKER_SHARE = 4  # a data loader may fail for several samples before the run ends
_MAX_TRACEBACK = 100_000
_STACK_BYTES = 1 << 24  # elsewhere than on Linux, a thread's stack is small
_WHERE_THE_KEY_IS = (
    *("HOME", "XDG_DATA_HOME", "JUPYTER_DATA_DIR", "JUPYTER_PLATFORM_DIRS", "JUPYTER_CONFIG_DIR"),
)


def record_failure(
    error: BaseException,
    trace: TracebackType | None,
    paths: RunPaths,
    environment: Mapping[str, str],
) -> None:
    """Write the frames of an exception, with their variables, to the run's folder.

    Parameters
    ----------
    error, trace
        The exception, and its traceback without our frames.
    paths
        The run's paths.
    environment
        The environment with which the run began: the user's code may have changed it.
    """
    size = _size_limit(environment, paths.folder)
    if size <= 0:
        return
    recording = _Recording(paths.failure, {"run": paths.folder.name}, environment)
    _in_time(recording, error, trace, size)


def record_program_failure(
    error: BaseException, trace: TracebackType | None, place: str, environment: Mapping[str, str]
) -> None:
    """Write the same for the program of a run; the run's own process goes before its children.

    Parameters
    ----------
    error, trace, environment
        As for `record_failure`.
    place
        The number of the run's execution and its folder, with a colon between them.
    """
    number, _, folder = place.partition(":")
    paths = RunPaths(Path(folder), int(number))
    is_run = os.getsid(0) == os.getpid()
    if not paths.stop.exists() and (is_run or not paths.failure.exists()):
        record_failure(error, trace, paths, environment)


def record_worker_failure(
    error: BaseException,
    trace: TracebackType | None,
    file: Path,
    environment: Mapping[str, str],
    text: str,
) -> None:
    """Write the same for an exception that ends the work of a process that a run has started.

    Parameters
    ----------
    error, trace, environment
        As for `record_failure`.
    file
        Where to write it.
    text
        The traceback as the run receives it.
    """
    size = _size_limit(environment, file.parent) // _WORKER_SHARE
    if size > 0:
        about = {"text": SecretMask().text(text), "process": os.getpid()}
        _in_time(_Recording(file, about, environment), error, trace, size)


def _in_time(
    recording: _Recording, error: BaseException, trace: TracebackType | None, size: int
) -> None:
    # An interrupt means that the run is being stopped meanwhile: its end goes first.
    with contextlib.suppress(KeyboardInterrupt, RuntimeError):
        previous = threading.stack_size(_STACK_BYTES)
        try:
            thread = threading.Thread(
                target=recording.record, args=(error, trace, size), daemon=True
            )
            thread.start()
        finally:
            threading.stack_size(previous)
        thread.join(_PATIENCE_S)
        if thread.is_alive():
            recording.write()


def _size_limit(environment: Mapping[str, str], folder: Path) -> int:
    """Return how many bytes a run may write: less once many runs of the sweep have failed."""
    try:
        limit = int(float(environment.get(DEBUG_MB_VARIABLE) or DEFAULT_MB) * _MB)
        free = shutil.disk_usage(folder).free
    except (OSError, ValueError):
        return 0
    written = 0
    with contextlib.suppress(OSError):
        for run in os.scandir(folder.parent):
            with contextlib.suppress(OSError):
                written += (Path(run.path) / RunPaths(Path()).failure.name).stat().st_size
    remaining = max(_LEAST, min(limit, _MANY * limit - written))
    return min(limit, remaining, int(free * _DISK_SHARE))


class _Recording:
    """One file that is being made: it can be written at any time with what was collected."""

    def __init__(self, file: Path, about: dict[str, Any], environment: Mapping[str, str]) -> None:
        self._file = file
        self._key = _user_key(environment)
        self._writer = DumpWriter(
            {**about, "exceptions": [], "sources": {}, "written": time.time()}
        )
        self._stored: dict[tuple[int, int], int] = {}  # the buffers, by address and size
        self._lock = threading.Lock()
        self._written = False

    def record(self, error: BaseException, trace: TracebackType | None, size: int) -> None:
        """Collect everything, and write it."""
        with contextlib.suppress(Exception):  # what is there is written in any case
            self._collect(error, trace, size)
        self.write()

    def _collect(self, error: BaseException, trace: TracebackType | None, size: int) -> None:
        limits = Limits.begin(size)
        collector = FrameCollector(SecretMask())
        description = self._writer.description
        text = "".join(traceback.format_exception(type(error), error, trace))
        description["traceback"] = collector.mask.text(text[-_MAX_TRACEBACK:])
        description["sources"] = collector.sources
        for each in collector.collect(error, trace):
            description["exceptions"].append(each)
        if "text" not in description:  # a worker has none of its own
            dump = take_dump(self._file.parent, description["traceback"])
            if dump is not None and dump.is_signed(self._key):
                limits.size -= self._append(dump)
        mask = SecretMask(limits.check)
        namespace = vars(sys.modules["__main__"])
        done: dict[int, dict[str, Any]] = {}
        for variable in collector.variables:
            known = done.get(id(variable.value))
            if known is None:
                known = self._pickle(variable, namespace, mask, limits)
                done[id(variable.value)] = known
            variable.entry.update(known)

    def _pickle(
        self,
        variable: Variable,
        namespace: dict[str, Any],
        mask: SecretMask,
        limits: Limits,
    ) -> dict[str, Any]:
        """Return what is written about a value: where its pickle is, or why there is none."""
        try:
            name = variable.entry["name"]
            pickled = pickle_value(variable.value, name, namespace, mask, limits)
        except LimitError as error:
            return {"note": f"{error}, and so only its repr was kept"}
        except MemoryError:
            return {"note": "there was no memory left for it"}
        buffers = []
        for view in pickled.buffers:
            key = (_address(view), view.nbytes)
            if key not in self._stored:
                self._stored[key] = self._writer.add(view)
                limits.size -= view.nbytes
            buffers.append(self._stored[key])
        limits.size -= len(pickled.data)
        found: dict[str, Any] = {"pickle": self._writer.add(pickled.data), "buffers": buffers}
        return {**found, "note": pickled.note} if pickled.note else found

    def _append(self, dump: Dump) -> int:
        """Add what a process of the run has written; return its size."""
        first = len(self._writer.blobs)
        for blob in dump.blobs:
            self._writer.add(blob)
        self._writer.description["sources"].update(dump.description["sources"])
        frames = []
        for frame in dump.description["exceptions"][0]["frames"]:
            for entry in (*frame["locals"], *frame["globals"]):
                if "pickle" in entry:
                    entry["pickle"] += first
                    entry["buffers"] = [number + first for number in entry["buffers"]]
            frames.append({**frame, "process": dump.description["process"]})
        self._writer.description["exceptions"][0]["frames"] += frames
        return sum(blob.nbytes for blob in dump.blobs)

    def write(self) -> None:
        """Write the file once, with what there is."""
        with self._lock:
            if self._written:
                return
            self._written = True
        with contextlib.suppress(OSError, RuntimeError, MemoryError):  # a full disk, for example
            # The other thread may still be at work: a copy stays as it is.
            description = json.loads(json.dumps(self._writer.description))
            writer = DumpWriter(description, [*self._writer.blobs])
            writer.write(self._file, self._key)


def _address(view: memoryview) -> int:
    """Return where a buffer is in memory, so that arrays that share one share it in the file."""
    import numpy as np  # noqa: PLC0415 - only where there are buffers

    address: int = np.frombuffer(view, dtype=np.uint8).__array_interface__["data"][0]
    return address


def _user_key(environment: Mapping[str, str]) -> str | None:
    """Return the user's key, from where it was when the run began."""
    changed = {name: os.environ.get(name) for name in _WHERE_THE_KEY_IS}
    try:
        for name in _WHERE_THE_KEY_IS:
            _set_variable(name, environment.get(name))
        return existing_key()
    except Exception:  # noqa: BLE001 - Jupyter's own, about a folder
        return None
    finally:
        for name, value in changed.items():
            _set_variable(name, value)


def _set_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
