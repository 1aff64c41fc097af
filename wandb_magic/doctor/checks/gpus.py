"""Lists the GPUs, and checks whether runs will see them.

It queries the driver's own tool. PyTorch is only checked for its build, and only if this process
has imported it: querying its devices could initialise CUDA here.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from wandb_magic.doctor.diagnostics import Diagnostic, note, ok, problem
from wandb_magic.doctor.environment import Environment

TIMEOUT_S = 4.0
_COLUMNS = "index,name,memory.total,memory.used,utilization.gpu"
_VISIBLE = "CUDA_VISIBLE_DEVICES"


def check(env: Environment) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each GPU, and for whatever hides GPUs from runs."""
    command = shutil.which("nvidia-smi", path=env.variables.get("PATH"))
    if command is None:
        yield ok("none: nvidia-smi is not installed")
        return
    query = [command, f"--query-gpu={_COLUMNS}", "--format=csv,noheader"]
    try:
        done = subprocess.run(
            query,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        yield problem(
            f"nvidia-smi does not answer within {TIMEOUT_S:.0f} seconds: the driver hangs",
            env.shell_command("nvidia-smi"),
        )
        return
    if done.returncode:
        message = " ".join((done.stderr or done.stdout).split())
        yield problem(f"nvidia-smi fails: {message}", env.shell_command("nvidia-smi"))
        return
    rows = [line for line in done.stdout.splitlines() if line.strip()]
    for row in rows:
        yield ok(_describe_gpu(row))
    if rows:
        yield from _visibility(env)
    else:
        yield ok("none")


def _describe_gpu(row: str) -> str:
    cells = [cell.strip() for cell in row.split(",")]
    if len(cells) != len(_COLUMNS.split(",")):
        return row
    index, name, total, used, busy = cells
    return f"GPU {index}: {name}, {used} of {total} used, {busy} busy"


def _visibility(env: Environment) -> Iterator[Diagnostic]:
    visible = env.variables.get(_VISIBLE)
    if visible is None:
        yield ok("several agents share them evenly")
    elif visible.strip() in ("", "-1"):
        yield note(f"{_VISIBLE} hides all GPUs from runs", env.unset_variables(_VISIBLE))
    else:
        yield ok(f"{_VISIBLE}={visible}: several agents share these evenly")
    built = getattr(sys.modules.get("torch"), "version", None)
    if built is not None and built.cuda is None and getattr(built, "hip", None) is None:
        yield note(
            f"torch {_version('torch')} is built without CUDA, so it computes on the CPU only",
            env.pip_install("torch"),
        )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of an unknown version"
