"""Sends staged runs with W&B's own command, ``wandb sync``, of the installed version.

In older versions, the command is written in Python: it sends one run after another, and resends a
run that the server has in part from its first line, each line to its old position. Newer ones
leave it to wandb-core: it sends several runs at a time, as many as ``-n`` specifies, and appends
the history to the lines that the server already has. Both exit with success even if runs did not
arrive: the caller has to query the server.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from wandb_magic.child_process import NEUTRAL_DIR
from wandb_magic.sync.staging import StagedRun

MARK = "WANDB_MAGIC_SYNC"  # set to the folder in every process that is started to send a sweep
AT_ONCE = 5
END_S = 10.0  # for killed processes to disappear


@dataclass(frozen=True)
class WandbSyncCommand:
    """W&B's command.

    Attributes
    ----------
    environment
        Its environment, with the account and the server.
    folder
        The sync's folder, which identifies the processes that it starts.
    parallel
        Whether it sends several runs at a time, and continues a history.
    """

    environment: Mapping[str, str]
    folder: Path
    parallel: bool

    @classmethod
    def installed(cls, environment: Mapping[str, str], folder: Path) -> WandbSyncCommand:
        """Return the command of the installed wandb."""
        help_text = subprocess.run(
            [sys.executable, "-m", "wandb", "sync", "--help"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=dict(environment),
            cwd=NEUTRAL_DIR,
        ).stdout
        options = {line.split()[0] for line in help_text.splitlines() if line.strip()}
        return cls({**environment, MARK: str(folder)}, folder, parallel="-n" in options)

    def send(self, copies: Sequence[StagedRun]) -> None:
        """Send staged runs, and return when the command has ended, successfully or not."""
        options = ["-n", str(AT_ONCE)] if self.parallel else []
        shares = [copies] if self.parallel else [copies[n::AT_ONCE] for n in range(AT_ONCE)]
        # It may leave files here; a new folder, because Python imports from its working directory.
        with tempfile.TemporaryDirectory(
            dir=self.folder, ignore_cleanup_errors=True
        ) as working_dir:
            senders = [
                self._start([*options, *map(_path, share)], working_dir)
                for share in shares
                if share
            ]
            try:
                for sender in senders:
                    sender.wait()
            finally:
                kill_stale_processes(self.folder)

    def _start(self, arguments: Sequence[str], place: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "wandb", "sync", *arguments],
            stdin=subprocess.DEVNULL,
            env=dict(self.environment),
            cwd=place,
        )


def kill_stale_processes(folder: Path, timeout: float = 0.0) -> None:
    """End the processes of an earlier sync of the same sweep, and wait until they have ended.

    A wandb-core outlives the command that was killed, and would keep sending next to a new one.

    Parameters
    ----------
    folder
        The sync's folder.
    timeout
        Seconds that they have to end by themselves.
    """
    processes = [process for process in psutil.process_iter() if _has_marker(process, str(folder))]
    _, alive = psutil.wait_procs(processes, timeout=timeout)
    for process in alive:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(alive, timeout=END_S)


def _has_marker(process: psutil.Process, folder: str) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        marker: str | None = process.environ().get(MARK)
    except psutil.Error:  # ended, a zombie, or another user's
        return False
    return marker == folder


def _path(copy: StagedRun) -> str:
    return str(copy.folder)
