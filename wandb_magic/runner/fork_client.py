"""The runner's end of the fork server: starts it, sends it jobs, and receives its messages."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from wandb_magic.child_process import NEUTRAL_DIR
from wandb_magic.processes import oom_kill_count
from wandb_magic.runner.channel import Channel
from wandb_magic.runner.run_process import Job, process_command


class ForkServerClient:
    """One fork server process.

    Parameters
    ----------
    bundle
        The bundle's folder, which it loads.
    environment
        Its environment.
    on_message
        Called in the event loop with this client and each message, and with ``{"event": "died"}``
        at the end.
    import_cache
        The folder that records what runs import late; None to preload nothing.

    Attributes
    ----------
    is_preloading
        Whether it is importing what runs import late, and so forks no run.
    """

    def __init__(
        self,
        bundle: Path,
        environment: Mapping[str, str],
        on_message: Callable[[ForkServerClient, dict[str, Any]], None],
        import_cache: Path | None = None,
    ) -> None:
        self._on_message = on_message
        self.oom_kills = oom_kill_count()
        self.is_preloading = False
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours)
        self._loop = asyncio.get_running_loop()
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "wandb_magic.runner.fork_server",
                    str(bundle),
                    str(theirs.fileno()),
                    str(import_cache or ""),
                ],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                cwd=NEUTRAL_DIR,
                env=dict(environment),
            )
        self._loop.add_reader(self._channel, self._receive)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def fork(self, job: Job) -> None:
        """Request a run; a dead fork server is reported by its last message, not here."""
        self._channel.send(job.to_json())
        if self._channel.has_unsent:
            self._loop.add_writer(self._channel, self._flush)

    def shut_down(self) -> None:
        """Close it after all of its runs have ended; kill it if it is only preloading."""
        self.close()
        if self.is_preloading:
            self._process.kill()

    def close(self) -> None:
        """Close the connection: the fork server exits when its last run has ended."""
        self._loop.remove_reader(self._channel)
        self._loop.remove_writer(self._channel)
        self._channel.close()

    def wait(self) -> int:
        """Wait until it has exited; return its exit code."""
        return self._process.wait()

    def _flush(self) -> None:
        self._channel.flush()
        if not self._channel.has_unsent:
            self._loop.remove_writer(self._channel)

    def _receive(self) -> None:
        lines = self._channel.receive()
        if lines is None:
            self.close()
            self._on_message(self, {"event": "died"})
            return
        for line in lines:
            self._on_message(self, json.loads(line))


def spawn_run(job: Job, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a run in a fresh interpreter."""
    return subprocess.Popen(
        process_command(job),
        stdin=subprocess.DEVNULL,
        cwd=NEUTRAL_DIR,
        env=dict(environment),
        start_new_session=True,
    )


def spawn_finisher(
    run: str, code: int, cause: str, environment: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    """Start the process that ends W&B's record of a dead run."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "wandb_magic.runner.exit_cause", run, str(code), cause],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=NEUTRAL_DIR,
            env=dict(environment),
        )


def become_subreaper() -> None:
    """Become the parent of orphaned descendants (Linux), to learn how they end."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - Linux only

        set_child_subreaper = 36
        ctypes.CDLL(None, use_errno=True).prctl(set_child_subreaper, 1, 0, 0, 0)


def reap(pid: int) -> int | None:
    """Return the wait status of a child that has ended; None if it is alive or not our child."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return status if ended else None


def reap_orphans(tracked: Collection[int]) -> None:
    """Reap the ended orphans that this process has inherited, except for the `tracked` ones."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid in tracked:
            return
        reap(ended.si_pid)
