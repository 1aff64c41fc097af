"""Divides the cores of this machine among runs, so that their thread pools do not fight."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
)
"""What thread pools of numeric libraries read when they are loaded."""
_POOLS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
CPU_QUOTA, CPU_PERIOD = (
    Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
    Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
)


def thread_variables(agents: int, environment: Mapping[str, str]) -> dict[str, str]:
    """Return variables that give each of several agents its share of the cores.

    What the user has set is left alone. A single agent has all cores.
    """
    if agents == 1:
        return {}
    share = str(max(1, usable_cores() // agents))
    return {name: share for name in VARIABLES if name not in environment}


def usable_cores() -> int:
    """Return how many cores this process may use, at least 1."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        cores = os.cpu_count() or 1
    return max(1, math.ceil(min(cores, _cpu_limit())))


def _cpu_limit() -> float:
    """Return the limit of this container, in cores; infinity without one."""
    with suppress(OSError, ValueError, ZeroDivisionError):
        quota, period = CPU_MAX.read_text(encoding="ascii").split()
        return int(quota) / int(period)  # ValueError: the quota is `max`
    with suppress(OSError, ValueError, ZeroDivisionError):
        quota_us = int(CPU_QUOTA.read_text(encoding="ascii"))
        if quota_us > 0:
            return quota_us / int(CPU_PERIOD.read_text(encoding="ascii"))
    return math.inf


def limit_threads(variables: Mapping[str, str]) -> None:
    """Apply thread variables in a process in which libraries may be loaded already.

    Parameters
    ----------
    variables
        As `thread_variables` returned them.
    """
    if not all(name in variables for name in _POOLS):
        return
    threads = int(variables["OMP_NUM_THREADS"])
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        with suppress(AttributeError, RuntimeError):
            torch.set_num_threads(threads)
    threadpoolctl: Any = sys.modules.get("threadpoolctl")
    if threadpoolctl is not None:
        with suppress(AttributeError, RuntimeError):
            threadpoolctl.threadpool_limits(threads)
