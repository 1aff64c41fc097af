"""Identifies processes beyond their pid, so that a reused pid is not taken for the old process.

On Linux the start mark is the boot id and the kernel's start tick, which does not depend on the
clock; elsewhere it is psutil's creation time. Nothing here starts or stops a process.
"""

from __future__ import annotations

import os
import sys
import time
from functools import cache
from pathlib import Path

from wandb_magic.records import ProcessId

CONTROL_GROUPS = Path("/sys/fs/cgroup")
_STATE, _START_TICK = 0, 19  # fields of /proc/<pid>/stat after the command's closing bracket


def process_identity(pid: int) -> ProcessId | None:
    """Return the identity of the process `pid`; None if it does not exist or is a zombie."""
    if sys.platform == "linux":
        fields = _stat(pid)
        if fields is None or fields[_STATE] in "ZX":
            return None
        return ProcessId(pid, f"{_boot_id()}:{fields[_START_TICK]}")
    return _psutil_identity(pid)


def current_process() -> ProcessId:
    """Return the identity of this process."""
    process = process_identity(os.getpid())
    assert process is not None
    return process


def is_alive(process: ProcessId | None) -> bool:
    """Return whether exactly this process is still running."""
    return process is not None and process_identity(process.pid) == process


def process_age(process: ProcessId | None) -> float | None:
    """Return for how many seconds a process has been running; None if unknown.

    The result does not depend on changes of the clock, or on which process calls.
    """
    if process is None or sys.platform != "linux":
        return None
    boot, _, tick = process.started.rpartition(":")
    if boot != _boot_id() or not tick.isdecimal():
        return None
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(tick) / os.sysconf("SC_CLK_TCK")


def oom_kill_count() -> int:
    """Return how many processes the kernel's out-of-memory killer has ended.

    Those of this process's control group count, so that what is killed in another container or job
    does not; without control groups, all of the machine's since boot do.
    """
    for file in (*_oom_counters(), Path("/proc/vmstat")):
        try:
            lines = file.read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def _oom_counters() -> list[Path]:
    """Return the files that may count the kills in this process's control group, best first."""
    try:
        groups = Path("/proc/self/cgroup").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    files: list[Path] = []
    for line in groups.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, name = rest.partition(":")
        if not controllers:  # version 2: a group counts what is below it
            group = CONTROL_GROUPS / name.lstrip("/")
            files += [
                folder / "memory.events"
                for folder in (group, *group.parents)
                if folder.is_relative_to(CONTROL_GROUPS)
            ]
        elif "memory" in controllers.split(","):
            # In a container, the group is the root of what it sees.
            memory = CONTROL_GROUPS / "memory"
            files += [memory / name.lstrip("/") / "memory.oom_control"]
            files += [memory / "memory.oom_control"]
    return files


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


@cache
def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _psutil_identity(pid: int) -> ProcessId | None:
    import psutil  # noqa: PLC0415 - not needed on Linux

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return ProcessId(pid, repr(process.create_time()))
    except psutil.NoSuchProcess:
        return None
