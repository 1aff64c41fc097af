"""Real clients in processes of their own, of the installed and of the oldest supported wandb."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from loopback.controls import Controls

OTHER = os.environ.get("WANDB_MAGIC_OTHER_PYTHON")
PYTHONS = [sys.executable, *filter(None, [OTHER])]
NAMES = ["newest", "oldest"][: len(PYTHONS)]
DEADLINE = 90.0


def start(
    server: Controls | None, folder: Path, *command: str | Path, **variables: str
) -> subprocess.Popen[str]:
    """Start a client in a folder, pointed to a server."""
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [str(part) for part in command],
        cwd=folder,
        env={
            **os.environ,
            "WANDB_DIR": str(folder),
            "PYTHONWARNINGS": "ignore",
            "PYTHONDONTWRITEBYTECODE": "",  # else each of the many clients compiles all of wandb
            **(server.environment if server else {}),
            **variables,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str], expected: int | None = 0) -> tuple[str, str]:
    """Wait for a client; return its output and what it wrote to stderr."""
    try:
        output, errors = process.communicate(timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
        raise AssertionError(f"did not end: {output} {errors}") from None
    assert expected in {None, process.returncode}, f"{process.returncode}: {output} {errors}"
    return output, errors


def execute(
    server: Controls | None,
    folder: Path,
    python: str,
    code: str,
    expected: int | None = 0,
    **variables: str,
) -> str:
    """Run a script to its end, and return what it printed."""
    return ended(start(server, folder, python, "-c", code, **variables), expected)[0]


def wait_for(condition: Callable[[], object], what: str, deadline: float = DEADLINE) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < until, f"{what}: not within {deadline:.0f} s"
        time.sleep(0.02)
