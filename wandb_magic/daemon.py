"""Starts a supervisor or a sync as a detached process, which outlives the process that starts it.

In a session of its own it receives neither the kernel's interrupts nor its hangup; stdin is
closed, and its output goes to a file. Nothing here waits for it.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from wandb_magic.child_process import module_process
from wandb_magic.errors import UnsupportedError
from wandb_magic.file_lock import is_locked
from wandb_magic.paths import (
    FOLDER_MODE,
    SweepPaths,
    open_private,
    read_json_object,
    write_atomically,
)
from wandb_magic.processes import is_alive, process_identity
from wandb_magic.records import ProcessId

_children: list[subprocess.Popen[bytes]] = []
_lock = threading.Lock()


def start_supervisor(
    paths: SweepPaths, environment: Mapping[str, str], executable: str = ""
) -> subprocess.Popen[bytes]:
    """Start the supervisor of a sweep; if one is running, the new one exits at once.

    Parameters
    ----------
    paths
        The sweep's paths.
    environment
        Its environment, which its runs inherit.
    executable
        The Python that created the sweep: what its bundle imports is installed there. The present
        one, if it is "" or does not exist.

    Returns
    -------
    subprocess.Popen
        The process; there is no need to wait for it.

    Raises
    ------
    UnsupportedError
        On systems without sessions and forks.
    """
    module = ["wandb_magic.supervisor", str(paths.folder)]
    process = _spawn_detached(module, paths.log, environment, executable)
    identity = process_identity(process.pid)
    if identity is not None:
        # Until it has registered in the store, others can check by this file whether it is alive.
        write_atomically(paths.supervisor_process, json.dumps(asdict(identity)))
    return process


def is_supervisor_starting(paths: SweepPaths) -> bool | None:
    """Return whether the supervisor that was started last is alive; None if unknown."""
    try:
        document = read_json_object(paths.supervisor_process) or {}
        return is_alive(ProcessId(int(document["pid"]), str(document["started"])))
    except (ValueError, TypeError, KeyError, OSError):
        return None


def start_sync(
    paths: SweepPaths,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    executable: str = "",
) -> subprocess.Popen[bytes]:
    """Start the process that sends a sweep to W&B; if one is running, the new one exits at once.

    Parameters
    ----------
    paths
        The sweep's paths.
    arguments
        Its arguments, after the sweep's folder.
    environment
        Its environment, which decides the account and the server.
    executable
        The Python whose wandb sends: this process's own by default, and never one that is only
        named in the sweep's folder.

    Raises
    ------
    UnsupportedError
        On systems without sessions and forks.
    """
    paths.sync.folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    module = ["wandb_magic.sync", str(paths.folder), *arguments]
    return _spawn_detached(module, paths.sync.log, environment, executable)


def start_alerts(paths: SweepPaths, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the process that sends a sweep's alerts; if one is running, the new one exits at once.

    Raises
    ------
    UnsupportedError
        On systems without sessions and forks.
    """
    module = ["wandb_magic.alerts", str(paths.folder)]
    return _spawn_detached(module, paths.notify_log, environment, "")


def is_supervisor_running(paths: SweepPaths) -> bool:
    """Return whether a supervisor holds a sweep's lock, without reading its store."""
    return is_locked(paths.lock)


def is_sync_running(paths: SweepPaths) -> bool:
    """Return whether a process is sending a sweep to W&B."""
    return is_locked(paths.sync.lock)


def unreaped_pids() -> set[int]:
    """Return the processes that were started here and not yet reaped."""
    with _lock:
        return {process.pid for process in _children if process.returncode is None}


def reap_children() -> None:
    """Reap the processes that have ended, so that none remains a zombie of this process."""
    with _lock:
        _children[:] = [process for process in _children if process.poll() is None]


def _spawn_detached(
    module: Sequence[str], log_file: Path, environment: Mapping[str, str], executable: str = ""
) -> subprocess.Popen[bytes]:
    if os.name != "posix":
        raise UnsupportedError(
            "detached sweeps need Linux or macOS: on Windows, use the Linux subsystem (WSL)"
        )
    reap_children()
    with open_private(log_file, "ab") as log:
        process: subprocess.Popen[bytes] = subprocess.Popen(
            **module_process(*module, environment=environment, executable=executable),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    with _lock:
        _children.append(process)
    return process
