"""Whether runs may be forked from this process.

A fork has one thread, whatever its parent had. A library that waits in it for a thread that only
the parent has waits for ever.
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
# Native threads that their library starts again in a fork, by the names that it gives them.
FORK_AWARE = frozenset({"jemalloc_bg_thd"})
THREAD_EXIT_TIMEOUT_S = 0.5  # a thread that has been joined is listed for a moment more


class ForkSafetyCheck:
    """Looks, step by step, for what would leave forks of this process hanging.

    Native threads are not wrong by themselves: OpenBLAS starts some as soon as NumPy is imported,
    ends them before each fork, and starts new ones when it needs them. So new ones are put to the
    test: those that a fork has not ended would be missing in the runs.
    """

    def __init__(self) -> None:
        self._known = _threads()

    def unsafe_reason(self, by: str = "an import or a variable of the cell") -> str:
        """Return why runs must not be forked from this process, or "" if they may.

        Parameters
        ----------
        by
            What has happened here since the last look, as the subject of a sentence.
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
        """Return the new threads that outlast a fork in this process, and are not in the fork."""
        new = _threads() - self._known
        if not new:
            return new
        _trial_fork()
        deadline = time.monotonic() + THREAD_EXIT_TIMEOUT_S
        own = {thread for thread in new if _name(thread) not in FORK_AWARE}
        while (staying := own & _threads()) and time.monotonic() < deadline:
            time.sleep(THREAD_EXIT_TIMEOUT_S / 100)
        self._known |= new - staying
        return staying


def _threads() -> set[int]:
    """Return the threads of this process that the system knows, Python's and native ones."""
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
    """Fork a child that ends at once, so that what libraries do before a fork is done."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's and JAX's, of threads
        pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
