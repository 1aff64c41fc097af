"""Speeds up the runs' ``wandb.init`` by work that is done once, in the fork server.

This is the only module that knows which parts of wandb a first ``init`` imports and reads lazily,
and how a wandb-core that several processes share is started and stopped. It never calls
``wandb.init`` or ``wandb.setup``: both would start threads in a process that forks.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

# Found by comparing `sys.modules` before and after a first offline `init`; each imports many more.
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
START_CORE_ENV = "WANDB_MAGIC_START_CORE"
"""Tells the fork server how to start a wandb-core, as JSON: its `directory`, and `variables` that
it has besides those of the fork server."""
_START_CORE = ("beta", "core", "start", "--idle-timeout", f"{IDLE_TIMEOUT_MINUTES}m")

# By default, wandb gives up an `init` after 90 seconds and other calls after 15 minutes, and may
# wait another minute once the server is back: too short for a long run during an outage.
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
    """Import what a first ``wandb.init`` imports, and list the installed packages once."""
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
    """Find the current folder's Git repository once; every ``init`` looks for it four times."""
    try:
        gitlib: Any = importlib.import_module("wandb.sdk.lib.gitlib")
        find = gitlib.GitRepo.repo_root_for
    except (ImportError, AttributeError):  # another version of wandb
        return
    folder = str(Path.cwd())
    try:
        root = gitlib.GitRepo().repo_root_for(folder)
    except gitlib.GitCommandError:  # it is not in a repository
        return
    gitlib.GitRepo.repo_root_for = lambda repository, cwd: (
        root if cwd == folder else find(repository, cwd)
    )


def run_environment(
    *, run: str, sweep: str, params: str, root: str, project: str, entity: str, mode: str
) -> dict[str, str]:
    """Return the variables from which wandb takes a run's id, parameters and folder."""
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
    """Return whether this version of wandb writes a run's log only in whole 32 KiB blocks."""
    return _release() < FLUSH_INTERVAL_SINCE


def _release() -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version("wandb"))[:3])


def has_shared_core() -> bool:
    """Return whether several processes can share a wandb-core of this version."""
    return _release() >= SHARED_CORE_SINCE


class CoreStart:
    """The start of a shared wandb-core in a fork of this process, which has imported wandb.

    The command in a process of its own would import wandb again, for a second.

    Parameters
    ----------
    directory
        The core's current directory.
    environment
        The core's environment.
    """

    def __init__(self, directory: str, environment: Mapping[str, str]) -> None:
        self._output, output = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                os.chdir(directory)
                os.environ.clear()
                os.environ.update(environment)
                os.write(output, _start_core_here().encode())
            finally:
                os._exit(0)
        os.close(output)

    def finish(self) -> str:
        """Wait until it has started; return its address, or "" if it has not."""
        with os.fdopen(self._output, "rb") as output:
            token = output.read().decode().strip()
        os.waitpid(self._pid, 0)
        return token


def _start_core_here() -> str:
    commands: Any = importlib.import_module("wandb.cli.cli")
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
        commands.cli.main([*_START_CORE], prog_name="wandb", standalone_mode=False)
    return output.getvalue()


def start_core(environment: Mapping[str, str], directory: str | None = None) -> str | None:
    """Start a wandb-core that all runs can share, in `directory`; return its address.

    None if this version of wandb has no such command (before 0.26.1): each run then starts its own
    core.
    """
    if not has_shared_core():  # trying the command itself takes seconds
        return None
    result = subprocess.run(
        [sys.executable, "-m", "wandb", *_START_CORE],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=directory,
        env=dict(environment),
    )
    token = result.stdout.strip()
    return token if result.returncode == 0 and token else None


def remove_core_sockets(pid: int) -> None:
    """Remove the sockets that an exited wandb-core left in the temporary folder.

    It leaves one for each run that ended while its system monitor was still starting.
    """
    for socket in Path(tempfile.gettempdir()).glob(f"wandb_symon-{pid}-*.sock"):
        socket.unlink(missing_ok=True)
