"""Detects runs that have hung since their fork: they wait for a thread of their parent.

Inactivity alone proves nothing: a run may sleep, or wait for a network, a lock, a child or a GPU,
for any time. See `docs/structure.md` for the conditions that must all hold.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import sysconfig
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from wandb_magic.runner.run_monitor import RunParent, TrackedRun
from wandb_magic.runner.run_process import STACK_SIGNAL

HUNG_AFTER = "WANDB_MAGIC_HUNG_AFTER"
"""Seconds for which a run must appear hung before it counts as hung."""
HUNG_AFTER_S = 60.0
ANSWER_S = 0.5  # time for the stack to be written
IDLE = 0.01  # of a core: the threads of wandb use less
FUTEX = {"x86_64": "202", "aarch64": "98"}  # the number of this system call
WAITS = (0, 9)  # FUTEX_WAIT, FUTEX_WAIT_BITSET
PRIVATE, COMMAND = 0x80, 0x7F
_DEVICES = ("/dev/nvidia", "/dev/kfd", "/dev/dri")
_STANDARD = sysconfig.get_path("stdlib") + os.sep
_FRAME = re.compile(r'File "([^"\n]*)", line (\d+) in (.*)')


@dataclass
class _Stillness:
    """How long a run's main thread has been waiting at the same place."""

    signature: tuple[str, ...]
    since: float
    cpu: float
    asked_at: float | None = None
    written: int = 0


class HangDetector:
    """Checks runs, about once a second.

    Parameters
    ----------
    after
        Seconds for which a run must appear hung.
    """

    def __init__(self, after: float) -> None:
        self._after = after
        self._stillness: dict[str, _Stillness] = {}

    def check(self, tracked: TrackedRun) -> str:
        """Return the stack of a run that has hung since its fork, or ""."""
        run, process = tracked.job.run, tracked.process
        if sys.platform != "linux" or process is None or not _is_candidate(tracked):
            self._stillness.pop(run, None)
            return ""
        now, signature = time.monotonic(), _wait_signature(process.pid)
        still = self._stillness.get(run)
        if still is not None and still.asked_at is not None:
            return (
                self._confirm(tracked, process.pid, still)
                if now - still.asked_at > ANSWER_S
                else ""
            )
        if not signature or still is None or signature != still.signature:
            self._stillness[run] = _Stillness(signature, now, _cpu_time(process.pid))
        elif now - still.since > self._after:
            idle = _cpu_time(process.pid) - still.cpu < IDLE * (now - still.since) + IDLE
            if idle and _is_alone(process.pid):
                still.written, still.asked_at = len(_read(tracked.job.paths.stack)), now
                with suppress(ProcessLookupError):
                    os.kill(process.pid, STACK_SIGNAL)
            else:
                del self._stillness[run]
        return ""

    def _confirm(self, tracked: TrackedRun, pid: int, stillness: _Stillness) -> str:
        """Return the requested stack if it shows that the run has hung, or ""."""
        del self._stillness[tracked.job.run]
        stack = _read(tracked.job.paths.stack)[stillness.written :]
        return stack if _is_native(stack, pid) else ""


def describe_location(stack: str) -> str:
    """Return a description of where the main thread of a stack is."""
    frame = _FRAME.search(_main_thread(stack))
    return f"{frame[3]}, {Path(frame[1]).name} line {frame[2]}" if frame else "native code"


def _is_candidate(tracked: TrackedRun) -> bool:
    return (
        tracked.parent is RunParent.FORK_SERVER
        and tracked.is_confirmed
        and tracked.exit_info is None
        and not tracked.job.command
        and not tracked.reason
        and not tracked.logs.has_history
    )


def _wait_signature(pid: int) -> tuple[str, ...]:
    """Return a signature of the main thread's wait for another thread; else empty."""
    try:
        call = Path(f"/proc/{pid}/task/{pid}/syscall").read_text(encoding="ascii").split()
        status = Path(f"/proc/{pid}/task/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return ()
    if len(call) < 5 or call[0] != FUTEX.get(platform.machine()):  # noqa: PLR2004 - up to its timeout
        return ()
    operation = int(call[2], 16)
    endless = int(call[4], 16) == 0
    if not (operation & PRIVATE and operation & COMMAND in WAITS and endless):
        return ()
    caught = re.search(r"^SigCgt:\s*(\w+)", status, re.MULTILINE)
    if caught is None or not int(caught[1], 16) >> (STACK_SIGNAL - 1) & 1:
        return ()
    return (*call, *re.findall(r"ctxt_switches:\s*(\d+)", status))


def _cpu_time(pid: int) -> float:
    with suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return 0.0


def _is_alone(pid: int) -> bool:
    """Return whether a process has no child and no GPU to wait for."""
    try:
        names = [child.name() for child in psutil.Process(pid).children()]
        links = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    except (OSError, psutil.Error):
        return False
    return set(names) <= {"wandb-core"} and not any(link.startswith(_DEVICES) for link in links)


def _is_native(stack: str, pid: int) -> bool:
    """Return whether the main thread waits in native code, with no thread left to wake it.

    Waits in Python itself, for a lock or a queue, belong to the user's code, and waits in wandb to
    wandb. A thread that Python does not know, or that is not wandb's, may be what is waited for.
    """
    if not _wait_signature(pid):
        return False
    threads = stack.count("hread 0x")
    try:
        tasks = len(os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208 - only the number
    except OSError:
        return False
    others = [part for part in re.split(r"^(?=Thread 0x)|\n\n", stack) if "Thread 0x" in part]
    frame = _FRAME.search(_main_thread(stack))
    return (
        threads == tasks
        and all("/wandb/" in part for part in others)
        and frame is not None
        and not _is_python_wait(frame[1])
    )


def _is_python_wait(filename: str) -> bool:
    is_standard = filename.startswith(_STANDARD) and "site-packages" not in filename
    return is_standard or "/wandb/" in filename


def _main_thread(stack: str) -> str:
    return stack.partition("Current thread 0x")[2].partition("\n\n")[0]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
