"""What makes a run's ``wandb.init`` quick: done once, in the process that forks the runs.

The one module that knows which parts of wandb a first ``init`` imports and reads lazily, and how a
wandb-core that several processes share is started and stopped. It never calls ``wandb.init`` or
``wandb.setup``: both would start threads in a process that forks.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

# Found by comparing `sys.modules` before and after a first offline `init`; each brings many more.
LAZY_MODULES = (
    "wandb.apis.public",
    "wandb.sdk.launch",
    "wandb.sdk.launch.inputs.internal",
    "wandb.sdk.lib.gitlib",
    "wandb.docker",
    "yaml",
)
IDLE_TIMEOUT_MINUTES = 10
FLUSH_INTERVAL_S = 0.1
FLUSH_INTERVAL_SINCE = (0, 31, 0)
SHARED_CORE_SINCE = (0, 26, 1)

# wandb gives up an `init` after 90 seconds and the rest after a quarter of an hour, and once the
# server is back it may wait for another minute: a run is worth more patience than that.
OUTAGE_S = 6 * 3600
RETRY_S = 10
OUTAGE_ENV = {
    "WANDB_INIT_TIMEOUT": str(OUTAGE_S),
    **{
        f"WANDB_X_{what}_RETRY_{name}": str(value)
        for what in ("GRAPHQL", "FILE_STREAM", "FILE_TRANSFER")
        for name, value in (("MAX", OUTAGE_S // RETRY_S), ("WAIT_MAX_SECONDS", RETRY_S))
    },
}


def preload_wandb() -> None:
    """Import what a first ``wandb.init`` would, and read the installed packages once."""
    for name in LAZY_MODULES:
        with contextlib.suppress(ImportError):  # another version of wandb
            importlib.import_module(name)
    util: Any = importlib.import_module("wandb.util")
    if hasattr(util, "working_set"):
        # Every run would read the metadata of every installed package for its requirements.txt:
        # the list is the same for all runs of a sweep.
        packages = tuple(util.working_set())
        util.working_set = lambda: iter(packages)


def cache_git_root() -> None:
    """Find the Git repository of the current folder once, where every ``init`` asks four times."""
    try:
        gitlib: Any = importlib.import_module("wandb.sdk.lib.gitlib")
        find = gitlib.GitRepo.repo_root_for
    except (ImportError, AttributeError):  # another version of wandb
        return
    here = str(Path.cwd())
    try:
        root = gitlib.GitRepo().repo_root_for(here)
    except gitlib.GitCommandError:  # it is in no repository
        return
    gitlib.GitRepo.repo_root_for = lambda repository, cwd: (
        root if cwd == here else find(repository, cwd)
    )


def run_environment(
    *, run: str, sweep: str, params: str, root: str, project: str, entity: str, mode: str
) -> dict[str, str]:
    """Return the variables from which wandb takes a run's identity, parameters and place."""
    environment = {
        "WANDB_RUN_ID": run,
        "WANDB_SWEEP_ID": sweep,
        "WANDB_SWEEP_PARAM_PATH": params,
        "WANDB_DIR": root,
        "WANDB_MODE": mode,
        "WANDB_PROJECT": project,
        "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL": str(FLUSH_INTERVAL_S),
    }
    if entity:
        environment["WANDB_ENTITY"] = entity
    return environment


def flushes_in_blocks() -> bool:
    """Tell whether this version of wandb writes a run's log in whole blocks of 32 KiB only."""
    return _release() < FLUSH_INTERVAL_SINCE


def _release() -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version("wandb"))[:3])


def start_core(environment: Mapping[str, str], directory: str | None = None) -> str | None:
    """Start a wandb-core that all runs may share, in `directory`; return its address.

    None where this version of wandb has no such command (below 0.26.1): each run then starts a
    core of its own.
    """
    if _release() < SHARED_CORE_SINCE:  # asking the command itself costs seconds
        return None
    done = subprocess.run(
        [
            *(sys.executable, "-m", "wandb", "beta", "core", "start"),
            *("--idle-timeout", f"{IDLE_TIMEOUT_MINUTES}m"),
        ],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=directory,
        env=dict(environment),
    )
    token = done.stdout.strip()
    return token if done.returncode == 0 and token else None


def remove_core_sockets(pid: int) -> None:
    """Remove the sockets that a wandb-core which has ended left in the temporary folder.

    It leaves one of each run that ended while the monitor of its machine was still starting.
    """
    for socket in Path(tempfile.gettempdir()).glob(f"wandb_symon-{pid}-*.sock"):
        socket.unlink(missing_ok=True)
