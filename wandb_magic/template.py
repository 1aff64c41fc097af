"""The warm process: it imports and unpickles everything once, then forks a run on request.

It runs no user computation and keeps a single Python thread. ``python -m wandb_magic.template
BUNDLE DESCRIPTOR ENDING`` speaks JSON lines over the socket that it inherits: it is sent jobs, and
says ``ready``, ``failed``, ``forked`` and ``ended``. When the socket closes, the supervisor is
gone: it forks no more, waits for its last run, writes how each ended, and exits.
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
import time
import traceback
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from wandb_magic.bundle import Thawed, signed_manifest, thaw
from wandb_magic.causes import describe
from wandb_magic.channel import Channel
from wandb_magic.disk import RETRY_S, is_passing
from wandb_magic.errors import SweepError
from wandb_magic.forking import ForkCheck
from wandb_magic.output import replace_streams
from wandb_magic.paths import write_exclusively
from wandb_magic.run import Job, become, execute, execute_command, seed, tell_stack
from wandb_magic.warm import import_learned, remember_repository, warm_wandb


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
        self._unwritten: list[tuple[Path, str]] = []  # ends of runs, until the disk has room
        self._modules = frozenset(sys.modules)
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
        while attended or self._runs or self._unwritten:
            if attended:
                unsent = selectors.EVENT_WRITE if self._channel.has_unsent else 0
                selector.modify(self._channel, selectors.EVENT_READ | unsent)
            for key, events in selector.select(RETRY_S if self._unwritten else None):
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
            self._leave_word()

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
            if sys.platform == "linux":
                tell_stack(job)
            execute(self._thawed, job, self._modules)
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
                word = json.dumps({**ending, "ended": time.time()})
                self._unwritten.append((job.paths.exit, word))
                self._leave_word()
                self.say({"event": "ended", "run": job.run, **ending})

    def _leave_word(self) -> None:
        """Write how runs ended: the supervisor may be gone, and the next one reads it."""
        waiting = []
        for path, word in self._unwritten:
            try:
                write_exclusively(path, word)
            except OSError as problem:
                # In a folder that was deleted nobody reads it; a full disk gets room again.
                if is_passing(problem):
                    waiting.append((path, word))
        self._unwritten = waiting


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


class Course:
    """How the template comes to be: once more from the start, if need be, to leave something out.

    A thread that was started cannot be taken back; so where reading a variable starts one that no
    fork survives, this process executes itself anew, and leaves that variable to the runs.

    Parameters
    ----------
    arguments
        Those of the command line: the bundle's folder, the descriptor, the file about the end of
        a run to learn from, and what to leave to the runs and why.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._folder, self._descriptor, self._ending, *late = arguments
        self._place, self._environment = Path.cwd(), dict(os.environ)
        self._check = ForkCheck()
        self.late: str | None = None
        self._cause = ""
        if late:
            self.late, self._cause = late
        self.cold = ""
        self._culprit: str | None = None

    def on_step(self, kind: str, name: str) -> None:
        """Look at this process after an import or a variable."""
        if self.cold:
            return
        named = f"variable {name!r}" if name else "the function"
        self.cold = self._check.why_not(named if kind == "variable" else f"importing {name}")
        if self.cold and kind == "variable":
            self._culprit = name

    def learn(self) -> None:
        """Import what an earlier run imported late."""
        if self._ending:
            for name in import_learned(Path(self._ending)):
                self.on_step("import", name)

    def finish(self) -> None:
        """Look once more; begin anew if that cures what was found."""
        if self._culprit is not None and self.late is None and sys.platform == "linux":
            self._anew(self._culprit)
        self.cold = self.cold or self._check.why_not()

    @property
    def notices(self) -> list[str]:
        """What the user should know."""
        if self.late is None or self.cold:
            return []
        return [f"{self._cause}: each run reads it itself, with the variables behind it"]

    def _anew(self, late: str) -> NoReturn:
        os.chdir(self._place)
        os.set_inheritable(int(self._descriptor), True)  # noqa: FBT003 - it takes no keyword
        arguments = (self._folder, self._descriptor, self._ending, late, self.cold)
        command = [sys.executable, "-m", "wandb_magic.template", *arguments]
        os.execve(sys.executable, command, self._environment)  # noqa: S606 - this very module


def main() -> None:
    """Thaw the bundle, then serve."""
    folder, channel = Path(sys.argv[1]), Channel(socket.socket(fileno=int(sys.argv[2])))
    replace_streams()
    thawed, cold, notices = None, "", []
    template = Template(None, channel)
    try:
        manifest = signed_manifest(folder)
        if manifest.kind == "command":
            os.chdir(manifest.directory)
        else:
            course = Course(sys.argv[1:])
            warm_wandb()
            thawed = thaw(folder, late=course.late, on_step=course.on_step)
            course.learn()
            course.finish()
            cold, notices = course.cold, course.notices
            remember_repository()
    except BaseException as error:  # noqa: BLE001 - a user's module may raise anything
        told = isinstance(error, SweepError)
        reason = str(error) if told else describe(error)
        template.say({"event": "failed", "reason": reason, "details": traceback.format_exc()})
        channel.drain()
        return
    template = Template(thawed, channel)
    seed(0)  # each run would import anew what seeding imports
    # What is loaded by now stays: the collector would only touch, and so copy, its pages.
    gc.collect()
    gc.freeze()
    template.say({"event": "ready", "cold": cold, "notices": notices})
    with finalizers_kept():
        template.serve()


if __name__ == "__main__":
    main()
