"""Ends all processes of a sweep whose store cannot be read, so it cannot be stopped otherwise.

It identifies them by how they were started: the supervisor and the fork server by the folder on
their command line, runs and the wandb-core by their environment. Only this user's are considered.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil

GRACE_S = 10.0
RUN_FOLDER_ENV = "WANDB_MAGIC_RUN_FOLDER"
SWEEP_FOLDER_ENV = frozenset({"WANDB_MAGIC_CORE_OF", "WANDB_MAGIC_SYNC"})
SEQUENCE = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


def terminate_sweep(folder: Path, grace: float = GRACE_S) -> int:
    """End all processes of the sweep in a folder, which need not exist; return their number.

    The calling process is left alone. Runs are interrupted first, so that they can end W&B's
    record of them; what is left after `grace` seconds is killed.
    """
    supervisors = _find(folder, _is_supervisor)
    _signal(supervisors, signal.SIGKILL, grace)  # first: it would start others
    ended = {process.pid for process in supervisors}
    for matches, numbers in ((_is_run, SEQUENCE), (_belongs_to_sweep, SEQUENCE[1:])):
        for number in numbers:
            processes = _find(folder, matches)
            ended |= {process.pid for process in processes}
            _signal(processes, number, grace)
    return len(ended)


def _find(folder: Path, matches: Callable[[psutil.Process, Path], bool]) -> list[psutil.Process]:
    processes = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid == os.getpid() or process.uids().real != os.getuid():
                continue
            if process.status() != psutil.STATUS_ZOMBIE and matches(process, folder):
                processes.append(process)
    return processes


def _signal(processes: list[psutil.Process], number: int, grace: float) -> None:
    """Signal processes, group leaders with their group, and wait until they have exited."""
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            if os.getpgid(process.pid) == process.pid:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
    psutil.wait_procs(processes, timeout=grace)


def _is_supervisor(process: psutil.Process, folder: Path) -> bool:
    words = process.cmdline()
    return "wandb_magic.supervisor" in words and str(folder) in words


def _is_run(process: psutil.Process, folder: Path) -> bool:
    # A fork has the command line of the fork server, and a session of its own.
    if _is_fork_server(process, folder):
        return os.getsid(process.pid) == process.pid
    run = process.environ().get(RUN_FOLDER_ENV, "")
    return run.startswith(f"{folder}{os.sep}runs{os.sep}")


def _is_fork_server(process: psutil.Process, folder: Path) -> bool:
    words = process.cmdline()
    return "wandb_magic.runner.fork_server" in words and str(folder / "bundle") in words


def _belongs_to_sweep(process: psutil.Process, folder: Path) -> bool:
    if _is_fork_server(process, folder) or _is_run(process, folder):
        return True
    environment = process.environ()
    return any(environment.get(name) in _folder_spellings(folder) for name in SWEEP_FOLDER_ENV)


def _folder_spellings(folder: Path) -> tuple[str, ...]:
    """Return the folders that processes of a sweep may have in their environment."""
    return str(folder), str(folder / "sync"), str(folder / "resend")
