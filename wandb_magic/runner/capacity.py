"""Checks how many runs this machine can execute at a time, before any of them starts."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path

import psutil

from wandb_magic.arguments import ArgumentError

RESERVED_FILES = 64  # what the supervisor holds open besides one log for each run
THREADS_A_RUN = 4  # its own and wandb's; what the user's libraries start comes on top
RESERVED_THREADS = 32


def check_agents(agents: int, present: int = 0) -> None:
    """Check that this machine can execute `agents` runs at a time; `present` of them are active.

    Raises
    ------
    ArgumentError
        If a limit of this machine does not allow it.
    """
    if problem := capacity_problem(agents, present):
        raise ArgumentError(f"agents: {problem}")


def capacity_problem(agents: int, present: int = 0) -> str:
    """Return why so many runs cannot execute at a time, or "" if no known limit prevents it.

    Parameters
    ----------
    agents
        The number of runs to execute at a time.
    present
        How many of them are active already.
    """
    max_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if max_files != resource.RLIM_INFINITY and agents + RESERVED_FILES > max_files:
        maximum = max(max_files - RESERVED_FILES, 0)
        return (
            f"{agents} runs at a time need more open files than the limit of {max_files} allows: "
            f"ask for at most {maximum}, or raise the limit with `ulimit -n` before Jupyter starts"
        )
    for limit, used, remedy in _thread_limits():
        maximum = present + max((limit - used - RESERVED_THREADS) // THREADS_A_RUN, 0)
        if agents > maximum:
            return (
                f"{agents} runs at a time need more processes than the limit of {limit} allows, "
                f"of which {used} are in use: ask for at most {maximum}, or {remedy}"
            )
    return ""


def _thread_limits() -> list[tuple[int, int, str]]:
    """Return each limit of processes and threads, how many are in use, and how to raise it."""
    limits = []
    for folder in _control_groups():
        with suppress(OSError, ValueError):
            limit = int((folder / "pids.max").read_text(encoding="ascii"))
            used = int((folder / "pids.current").read_text(encoding="ascii"))
            limits.append((limit, used, "give the container a higher limit of processes"))
    limit, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if limit != resource.RLIM_INFINITY and os.geteuid() != 0:  # it does not apply to root
        used = _threads_of_user()
        limits.append((limit, used, "raise the limit with `ulimit -u` before Jupyter starts"))
    return limits


def _control_groups() -> list[Path]:
    """Return the control group of this process, and its ancestors (Linux)."""
    root = Path("/sys/fs/cgroup")
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    groups = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers or "pids" in controllers.split(","):
            group = root / ("pids" if controllers else "") / path.lstrip("/")
            groups += [group, *(parent for parent in group.parents if parent.is_relative_to(root))]
    return groups


def _threads_of_user() -> int:
    threads = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.uids().real == os.getuid():
                threads += process.num_threads()
    return threads
