"""How many runs this machine lets go on at a time, told before any of them starts."""

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
    """Check that so many runs can go on at a time, of which `present` go on already.

    Raises
    ------
    ArgumentError
        If a limit of this machine speaks against it.
    """
    if problem := capacity_problem(agents, present):
        raise ArgumentError(f"agents: {problem}")


def capacity_problem(agents: int, present: int = 0) -> str:
    """Return why so many runs cannot go on at a time, or "" if nothing known speaks against it.

    Parameters
    ----------
    agents
        How many runs are to go on.
    present
        How many of them go on already.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY and agents + RESERVED_FILES > files:
        most = max(files - RESERVED_FILES, 0)
        return (
            f"{agents} runs at a time need more open files than the limit of {files} allows: "
            f"ask for at most {most}, or raise the limit with `ulimit -n` before Jupyter starts"
        )
    for limit, used, remedy in _thread_limits():
        most = present + max((limit - used - RESERVED_THREADS) // THREADS_A_RUN, 0)
        if agents > most:
            return (
                f"{agents} runs at a time need more processes than the limit of {limit} allows, "
                f"of which {used} are in use: ask for at most {most}, or {remedy}"
            )
    return ""


def _thread_limits() -> list[tuple[int, int, str]]:
    """Return each limit of processes and threads, how many there are, and how to raise it."""
    found = []
    for folder in _control_groups():
        with suppress(OSError, ValueError):
            limit = int((folder / "pids.max").read_text(encoding="ascii"))
            used = int((folder / "pids.current").read_text(encoding="ascii"))
            found.append((limit, used, "give the container a higher limit of processes"))
    limit, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if limit != resource.RLIM_INFINITY and os.geteuid() != 0:  # root is not held to it
        used = _threads_of_user()
        found.append((limit, used, "raise the limit with `ulimit -u` before Jupyter starts"))
    return found


def _control_groups() -> list[Path]:
    """Return the control group of this process and those above it (Linux)."""
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
            groups += [group, *(each for each in group.parents if each.is_relative_to(root))]
    return groups


def _threads_of_user() -> int:
    threads = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.uids().real == os.getuid():
                threads += process.num_threads()
    return threads
