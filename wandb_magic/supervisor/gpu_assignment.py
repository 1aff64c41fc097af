"""Which GPUs belong to which agent."""

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
EXIT_TIMEOUT_S = 1.0  # for what was killed to be gone

log = logging.getLogger(__name__)


def agent_gpu_env(agent: int, agents: int, environment: Mapping[str, str]) -> dict[str, str]:
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
    try:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
            process = subprocess.Popen(
                [command, "--query-gpu=index", "--format=csv,noheader"],
                stdin=subprocess.DEVNULL,
                stdout=said,  # a pipe would be waited for as long as anybody has it open
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            try:
                process.wait(TIMEOUT_S)
            except subprocess.TimeoutExpired:
                log.warning("nvidia-smi does not answer: agents do not share out the GPUs")
                # Where the driver hangs not even that ends it, and nobody waits for it.
                with suppress(OSError, subprocess.TimeoutExpired):
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait(EXIT_TIMEOUT_S)
                return ()
            said.seek(0)
            listed = tuple(said.read().split())
    except OSError as error:
        log.warning("nvidia-smi cannot be asked (%s): agents do not share out the GPUs", error)
        return ()
    # It says on stdout, too, why it fails; and the host may have reaped it, with its exit code.
    return listed if process.returncode == 0 and all(map(str.isdigit, listed)) else ()
