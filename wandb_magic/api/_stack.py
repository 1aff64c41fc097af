"""Finds out where a run is at this moment: the stack of each of its threads.

py-spy is asked if it is installed. Otherwise the run writes its stack itself, in a signal handler
that it has had since its start, even if it is in native code.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from wandb_magic.api import _log_reader
from wandb_magic.errors import SweepStateError
from wandb_magic.paths import RunPaths
from wandb_magic.postmortem.stacks import last_stack
from wandb_magic.processes import is_alive
from wandb_magic.records import RunRecord
from wandb_magic.runner.run_process import STACK_SIGNAL

_PATIENCE_S = 10.0
_POLL_S = 0.05


def stack_of(run: RunRecord, paths: RunPaths) -> str:
    """Return the stack of each thread of a run that is executing on this machine.

    Raises
    ------
    SweepStateError
        If it is not executing here, or cannot be asked.
    """
    if run.state.has_ended:
        raise SweepStateError(
            f"run {run.number} has ended: `failure {run.number}` shows where, if it failed"
        )
    if run.process is None or not is_alive(run.process):
        raise SweepStateError(
            f"run {run.number} is not executing on this machine, and its stack can be seen only "
            "where it is"
        )
    pid = run.process.pid
    text = _ask_py_spy(pid) or _ask_run(pid, paths)
    if not text:
        raise SweepStateError(
            f"run {run.number} does not answer: pip install py-spy, which needs no answer"
        )
    return text


def _ask_py_spy(pid: int) -> str:
    """Return what py-spy says; "" if it is not installed, or may not look."""
    beside = Path(sys.executable).with_name("py-spy")
    command = str(beside) if beside.is_file() else shutil.which("py-spy")
    if command is None:
        return ""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        answer = subprocess.run(
            [command, "dump", "--pid", str(pid)],
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        if answer.returncode == 0:
            return answer.stdout.decode("utf-8", "replace").strip()
    return ""


def _ask_run(pid: int, paths: RunPaths) -> str:
    """Return the stack that the run writes when it is asked; "" if it does not."""
    if not _has_handler(pid, paths.stack):
        return ""
    begin = _log_reader.tail(paths.stack, 0).size
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, STACK_SIGNAL)
    deadline, text = time.monotonic() + _PATIENCE_S, ""
    while time.monotonic() < deadline:
        time.sleep(_POLL_S)
        previous, text = text, _log_reader.read(paths.stack, begin)
        if text and text == previous:  # it is complete
            break
    return last_stack(text)


def _has_handler(pid: int, file: Path) -> bool:
    """Return whether a process would write its stack to a file; any other would be killed."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
        links = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return False
    caught = re.search(r"^SigCgt:\s*(\w+)", status, re.MULTILINE)
    return (
        bool(STACK_SIGNAL)
        and caught is not None
        and bool(int(caught[1], 16) >> (STACK_SIGNAL - 1) & 1)
        and os.path.realpath(file) in links
    )
