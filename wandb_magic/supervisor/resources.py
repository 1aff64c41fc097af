"""Which GPUs belong to which agent."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from functools import cache


def devices_of_agent(agent: int, agents: int, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that show an agent its share of the machine's GPUs.

    A single agent sees all of them. Several share them out evenly; where there are more agents
    than GPUs, several agents use the same one.
    """
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    devices = visible.split(",") if visible else ([] if visible == "" else list(_devices()))
    if agents < 2 or not devices:  # noqa: PLR2004 - one agent, or several
        return {}
    if agents > len(devices):
        mine = [devices[agent % len(devices)]]
    else:
        mine = devices[agent % agents :: agents]
    return {"CUDA_VISIBLE_DEVICES": ",".join(mine)}


@cache
def _devices() -> tuple[str, ...]:
    command = shutil.which("nvidia-smi")
    if command is None:
        return ()
    done = subprocess.run(
        [command, "--query-gpu=index", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
    )
    return tuple(done.stdout.split()) if done.returncode == 0 else ()
