"""Which GPUs there are, and whether the runs will see them.

The driver's own tool is asked. Of PyTorch only what it is known to be built for is read, and only
if this process has imported it: asking it for devices could initialise CUDA here.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from wandb_magic.doctor.findings import Finding, note, ok, problem
from wandb_magic.doctor.place import Place

LIMIT_S = 4.0
_COLUMNS = "index,name,memory.total,memory.used,utilization.gpu"
_VISIBLE = "CUDA_VISIBLE_DEVICES"


def findings(place: Place) -> Iterator[Finding]:
    """Yield a finding for each GPU, and what keeps runs from them."""
    command = shutil.which("nvidia-smi", path=place.environment.get("PATH"))
    if command is None:
        yield ok("none: there is no nvidia-smi here")
        return
    asking = [command, f"--query-gpu={_COLUMNS}", "--format=csv,noheader"]
    try:
        done = subprocess.run(
            asking,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        yield problem(
            f"nvidia-smi does not answer within {LIMIT_S:.0f} seconds: the driver hangs",
            place.command("nvidia-smi"),
        )
        return
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        yield problem(f"nvidia-smi fails: {said}", place.command("nvidia-smi"))
        return
    rows = [line for line in done.stdout.splitlines() if line.strip()]
    for row in rows:
        yield ok(_described(row))
    if rows:
        yield from _hidden(place)
    else:
        yield ok("none")


def _described(row: str) -> str:
    cells = [cell.strip() for cell in row.split(",")]
    if len(cells) != len(_COLUMNS.split(",")):
        return row
    index, name, total, used, busy = cells
    return f"GPU {index}: {name}, {used} of {total} used, {busy} busy"


def _hidden(place: Place) -> Iterator[Finding]:
    visible = place.environment.get(_VISIBLE)
    if visible is None:
        yield ok("several agents share them out evenly")
    elif visible.strip() in ("", "-1"):
        yield note(f"{_VISIBLE} hides all GPUs from runs", place.forget(_VISIBLE))
    else:
        yield ok(f"{_VISIBLE}={visible}: several agents share these out evenly")
    built = getattr(sys.modules.get("torch"), "version", None)
    if built is not None and built.cuda is None and getattr(built, "hip", None) is None:
        yield note(
            f"torch {_version('torch')} is built without CUDA, so it computes on the CPU only",
            place.pip("torch"),
        )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of an unknown version"
