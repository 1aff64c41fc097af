"""Checks whether runs may be forked from this process.

A fork has a single thread, however many its parent has. If a library in the fork waits for a
thread that exists only in the parent, it waits forever.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path

TASKS = Path("/proc/self/task")
# The names of native threads that their library restarts in a fork.
FORK_AWARE = frozenset({"jemalloc_bg_thd"})
THREAD_EXIT_TIMEOUT_S = 0.5  # a joined thread remains listed for a moment


class ForkSafetyCheck:
    """Looks, step by step, for what would make forks of this process hang.

    Native threads are not a problem by themselves: OpenBLAS starts some as soon as NumPy is
    imported, ends them before each fork, and starts new ones when it needs them. So new threads
    are tested with a fork: those that it does not end would be missing in the runs.
    """

    def __init__(self) -> None:
        self._known = _threads()

    def unsafe_reason(self, by: str = "an import or a variable of the cell") -> str:
        """Return why runs must not be forked from this process, or "" if they may.

        Parameters
        ----------
        by
            What happened in this process since the last check, as the subject of a sentence.
        """
        if sys.platform != "linux":
            return "this system's frameworks do not survive a fork"
        for descriptor in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                if str(descriptor.readlink()) == "/dev/nvidia-uvm":
                    return f"{by} initialised CUDA"
        others = [thread.name for thread in threading.enumerate() if thread.name != "MainThread"]
        if others:
            return f"{by} started a thread ({others[0]})"
        if self._surviving_threads():
            return f"{by} started native threads, which a fork would lose"
        return ""

    def _surviving_threads(self) -> set[int]:
        """Return the new threads that survive a fork here, and so are missing in the fork."""
        new = _threads() - self._known
        if not new:
            return new
        _trial_fork()
        deadline = time.monotonic() + THREAD_EXIT_TIMEOUT_S
        candidates = {thread for thread in new if _name(thread) not in FORK_AWARE}
        while (survivors := candidates & _threads()) and time.monotonic() < deadline:
            time.sleep(THREAD_EXIT_TIMEOUT_S / 100)
        self._known |= new - survivors
        return survivors


def _threads() -> set[int]:
    """Return the ids of this process's threads, Python's and native ones."""
    try:
        return {int(entry.name) for entry in TASKS.iterdir()}
    except OSError:  # not Linux
        return set()


def _name(thread: int) -> str:
    try:
        return (TASKS / str(thread) / "comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _trial_fork() -> None:
    """Fork a child that exits at once, so that the libraries' fork handlers run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python and JAX, about threads
        pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
