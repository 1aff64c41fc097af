"""The warm process: it imports and unpickles everything once, then forks a run on request.

It runs no user computation and keeps a single Python thread. ``python -m wandb_magic.template
BUNDLE DESCRIPTOR`` speaks JSON lines over the socket that it inherits: it is sent jobs, and says
``ready``, ``failed``, ``forked`` and ``ended``. When the socket closes, the supervisor is gone: it
forks no more, waits for its last run, writes how each ended, and exits.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import selectors
import signal
import socket
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from wandb_magic.bundle import Manifest, Thawed, thaw
from wandb_magic.channel import Channel
from wandb_magic.errors import SweepError
from wandb_magic.paths import write_exclusively
from wandb_magic.run import Job, become, execute, execute_command, seed
from wandb_magic.warm import remember_repository, warm_wandb


def ending_of(status: int) -> dict[str, int]:
    """Return a wait status as a message: an exit code, or the signal that ended the process."""
    if os.WIFSIGNALED(status):
        return {"signal": os.WTERMSIG(status)}
    return {"code": os.WEXITSTATUS(status)}


class Template:
    """Forks runs and waits for them.

    Parameters
    ----------
    thawed
        What runs execute; None where each job brings a command.
    channel
        What leads to the host.
    """

    def __init__(self, thawed: Thawed | None, channel: Channel) -> None:
        self._thawed = thawed
        self._channel = channel
        self._runs: dict[int, Job] = {}
        self._wake, self._wakeup = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._wakeup, False)

    def serve(self) -> None:
        """Fork and wait until the host is gone and the last run has ended."""
        signal.set_wakeup_fd(self._wakeup, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        selector = selectors.DefaultSelector()
        selector.register(self._wake, selectors.EVENT_READ)
        selector.register(self._channel, selectors.EVENT_READ)
        attended = True
        while attended or self._runs:
            if attended:
                unsent = selectors.EVENT_WRITE if self._channel.has_unsent else 0
                selector.modify(self._channel, selectors.EVENT_READ | unsent)
            for key, events in selector.select():
                if key.fileobj is self._channel:
                    if events & selectors.EVENT_WRITE:
                        self._channel.flush()
                    if events & selectors.EVENT_READ and not self._obey():
                        selector.unregister(self._channel)
                        attended = False
                else:
                    with suppress(BlockingIOError):
                        os.read(self._wake, 4096)
            self._reap()

    def _obey(self) -> bool:
        """Fork what is asked for; tell whether the host is still there."""
        lines = self._channel.receive()
        for line in lines or ():
            self._fork(Job.from_json(line))
        return lines is not None

    def say(self, message: dict[str, Any]) -> None:
        """Tell the host."""
        self._channel.send(json.dumps(message))

    def _fork(self, job: Job) -> None:
        try:
            pid = os.fork()
        except OSError as problem:
            # Too many processes, or too little memory: the others go on.
            reason = f"no process could be started for it: {problem.strerror}"
            self.say({"event": "unborn", "run": job.run, "reason": reason})
            return
        if pid == 0:
            self._be(job)
        self._runs[pid] = job
        self.say({"event": "forked", "run": job.run, "pid": pid})

    def _be(self, job: Job) -> None:
        try:
            signal.set_wakeup_fd(-1)
            self._channel.close()
            os.close(self._wake)
            os.close(self._wakeup)
            become(job)
            if job.command or self._thawed is None:
                execute_command(job)
            execute(self._thawed, job)
        except BaseException:  # noqa: BLE001 - a fork must never return into the template's loop
            traceback.print_exc()
        finally:
            os._exit(70)

    def _reap(self) -> None:
        while self._runs:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            job = self._runs.pop(pid, None)
            if job is not None:
                ending = ending_of(status)
                # The supervisor may be gone: leave word for the next one.
                write_exclusively(job.paths.exit, json.dumps({**ending, "ended": time.time()}))
                self.say({"event": "ended", "run": job.run, **ending})


def why_not_fork() -> str:
    """Return why runs must not be forked from this process, or "" if they may."""
    if sys.platform != "linux":
        return "this system's frameworks do not survive a fork"
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if str(descriptor.readlink()) == "/dev/nvidia-uvm":
                return "an import or a variable of the cell initialised CUDA"
    others = [thread.name for thread in threading.enumerate() if thread.name != "MainThread"]
    if others:
        return f"an import or a variable of the cell started a thread ({others[0]})"
    return ""


@contextmanager
def finalizers_kept() -> Iterator[None]:
    """Keep the forks from freeing at their end what all of them share.

    The first run to end would remove the temporary folders in which wandb prepares the media of
    every run, and the user's own.
    """
    registry: dict[Any, Any] = getattr(weakref.finalize, "_registry", {})
    kept = [finalizer for finalizer in list(registry) if finalizer.atexit]
    for finalizer in kept:
        finalizer.atexit = False
        alive = finalizer.peek()
        if alive is not None and isinstance(alive[0], TemporaryDirectory):
            # wandb registers this besides; the finalizer is enough.
            atexit.unregister(alive[0].cleanup)
    yield
    for finalizer in kept:
        finalizer.atexit = True


def main() -> None:
    """Thaw the bundle, then serve."""
    folder, channel = Path(sys.argv[1]), Channel(socket.socket(fileno=int(sys.argv[2])))
    thawed = None
    template = Template(None, channel)
    try:
        if Manifest.read(folder).kind == "command":
            os.chdir(Manifest.read(folder).directory)
        else:
            warm_wandb()
            thawed = thaw(folder)
            remember_repository()
    except BaseException as error:  # noqa: BLE001 - a user's module may raise anything
        told = isinstance(error, SweepError)
        reason = str(error) if told else traceback.format_exception_only(error)[-1].strip()
        template.say({"event": "failed", "reason": reason, "details": traceback.format_exc()})
        channel.drain()
        return
    template = Template(thawed, channel)
    seed(0)  # each run would import anew what seeding imports
    # What is loaded by now stays: the collector would only touch, and so copy, its pages.
    gc.collect()
    gc.freeze()
    template.say({"event": "ready", "cold": why_not_fork() if thawed is not None else ""})
    with finalizers_kept():
        template.serve()


if __name__ == "__main__":
    main()
