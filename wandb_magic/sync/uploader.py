"""Sending copies with W&B's own command, ``wandb sync``, of whichever version is installed.

In older versions the command is written in Python: it sends one run after the other, and a run
that the server has in part once more from its first line, each line to its old place. Newer ones
leave it to wandb-core: it sends several runs at a time, as many as ``-n`` says, and puts the
history behind the lines that the server has already. Both end with success though runs did not
arrive: whoever sends has to ask the server.
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

MARK = "WANDB_MAGIC_SYNC"  # whatever is started to send a sweep carries its folder
AT_ONCE = 5
END_S = 10.0  # for what was killed to be gone


@dataclass(frozen=True)
class WandbSyncCommand:
    """W&B's command.

    Attributes
    ----------
    environment
        Its environment, with the account and the server.
    folder
        The sync's folder, by which what it starts is known.
    parallel
        Whether it sends several runs at a time, and continues a history.
    """

    environment: Mapping[str, str]
    folder: Path
    parallel: bool

    @classmethod
    def installed(cls, environment: Mapping[str, str], folder: Path) -> WandbSyncCommand:
        """Return the command of the wandb that is installed."""
        told = subprocess.run(
            [sys.executable, "-m", "wandb", "sync", "--help"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=dict(environment),
            cwd=NEUTRAL_DIR,
        ).stdout
        words = {line.split()[0] for line in told.splitlines() if line.strip()}
        return cls({**environment, MARK: str(folder)}, folder, parallel="-n" in words)

    def send(self, copies: Sequence[StagedRun]) -> None:
        """Send copies, and return when the command has ended, however it did."""
        options = ["-n", str(AT_ONCE)] if self.parallel else []
        shares = [copies] if self.parallel else [copies[n::AT_ONCE] for n in range(AT_ONCE)]
        # Where it may leave what it leaves; new, for Python would import what lies in it.
        with tempfile.TemporaryDirectory(dir=self.folder, ignore_cleanup_errors=True) as place:
            senders = [
                self._start([*options, *map(_path, share)], place) for share in shares if share
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
    """End what an earlier sync of the same sweep has started, and wait until it is gone.

    A wandb-core outlives the command that was killed, and would go on sending beside a new one.

    Parameters
    ----------
    folder
        The sync's folder.
    timeout
        Seconds for them to end by themselves.
    """
    found = [process for process in psutil.process_iter() if _has_marker(process, str(folder))]
    _, living = psutil.wait_procs(found, timeout=timeout)
    for process in living:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(living, timeout=END_S)


def _has_marker(process: psutil.Process, folder: str) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        found: str | None = process.environ().get(MARK)
    except psutil.Error:  # gone, a zombie, or another user's
        return False
    return found == folder


def _path(copy: StagedRun) -> str:
    return str(copy.folder)
