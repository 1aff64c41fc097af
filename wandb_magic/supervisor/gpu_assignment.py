"""Assigns the machine's GPUs to agents."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache

TIMEOUT_S = 10.0
EXIT_TIMEOUT_S = 1.0  # for a killed process to exit

log = logging.getLogger(__name__)


def agent_gpu_env(agent: int, agents: int, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that show an agent its share of the machine's GPUs.

    A single agent sees all of them. Several agents share them evenly; if there are more agents
    than GPUs, several agents use the same one.
    """
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    devices = visible.split(",") if visible else ([] if visible == "" else list(_devices()))
    if agents < 2 or not devices:  # noqa: PLR2004 - one agent, or several
        return {}
    if agents > len(devices):
        share = [devices[agent % len(devices)]]
    else:
        share = devices[agent % agents :: agents]
    return {"CUDA_VISIBLE_DEVICES": ",".join(share)}


@cache
def _devices() -> tuple[str, ...]:
    command = shutil.which("nvidia-smi")
    if command is None:
        return ()
    try:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            process = subprocess.Popen(
                [command, "--query-gpu=index", "--format=csv,noheader"],
                stdin=subprocess.DEVNULL,
                stdout=output,  # a pipe would block for as long as any process has it open
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            try:
                process.wait(TIMEOUT_S)
            except subprocess.TimeoutExpired:
                log.warning("nvidia-smi does not respond: the GPUs are not divided among agents")
                # If the driver hangs, even SIGKILL does not end it; do not wait for it.
                with suppress(OSError, subprocess.TimeoutExpired):
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait(EXIT_TIMEOUT_S)
                return ()
            output.seek(0)
            indices = tuple(output.read().split())
    except OSError as error:
        log.warning("nvidia-smi cannot be run (%s): the GPUs are not divided among agents", error)
        return ()
    # It prints errors to stdout as well, and the runner may have reaped it, so that its exit code
    # is lost.
    return indices if process.returncode == 0 and all(map(str.isdigit, indices)) else ()
