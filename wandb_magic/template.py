"""The warm process: it imports and unpickles everything once, then forks a run on request.

It runs no user computation and keeps a single Python thread. ``python -m wandb_magic.template
BUNDLE DESCRIPTOR NOTES`` speaks JSON lines over the socket that it inherits: it is sent jobs, and
says ``ready``, ``failed``, ``forked`` and ``ended``; and ``preloading``, then ``preloaded`` or
``spoiled``, when it imports what a run has imported late. When the socket closes, the supervisor
is gone: it forks no more, waits for its last run, writes how each ended, and exits.
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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from wandb_magic.bundle import Manifest, Thawed, signed_manifest, thaw
from wandb_magic.causes import describe
from wandb_magic.channel import Channel
from wandb_magic.disk import RETRY_S, is_passing
from wandb_magic.errors import SweepError
from wandb_magic.forking import ForkCheck
from wandb_magic.output import replace_streams
from wandb_magic.paths import write_exclusively
from wandb_magic.preloading import ImportNotes, preload, take_report
from wandb_magic.run import Job, become, execute, execute_command, seed, tell_stack
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
    preloader
        Imports what runs import late; None where nothing is.
    """

    def __init__(
        self, thawed: Thawed | None, channel: Channel, preloader: Preloader | None = None
    ) -> None:
        self._thawed = thawed
        self._channel = channel
        self._preloader = preloader
        self._runs: dict[int, Job] = {}
        self._unwritten: list[tuple[Path, str]] = []  # ends of runs, until the disk has room
        self._modules = frozenset(sys.modules)
        self._spoiled = False
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
        with ExitStack() as at_end:
            at_end.enter_context(finalizers_kept())
            if self._preloader is not None:
                self._preload(self._preloader.known, at_end)
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
                ended = self._reap()
                self._leave_word()
                if attended:
                    self._heed([*ended, *self._runs.values()], at_end)

    def _obey(self) -> bool:
        """Fork what is asked for; tell whether the host is still there."""
        lines = self._channel.receive()
        for line in lines or ():
            if not self._spoiled:  # then the host asks another template
                self._fork(Job.from_json(line))
        return lines is not None

    def _heed(self, jobs: Iterable[Job], at_end: ExitStack) -> None:
        """Import what runs say that they have imported late; jobs wait meanwhile.

        A run that was forked now would import the same, and take as long.
        """
        if self._preloader is None or self._spoiled:
            return
        for job in jobs:
            if names := take_report(job.paths.imports):
                self._preload(names, at_end)

    def _preload(self, names: Sequence[str], at_end: ExitStack) -> None:
        if self._preloader is None or not (names := self._preloader.new(names)):
            return
        self.say({"event": "preloading"})
        problem = self._preloader.preload(names)
        at_end.enter_context(finalizers_kept())
        self._spoiled = bool(problem)
        self._modules = frozenset(sys.modules)
        self.say({"event": "spoiled" if problem else "preloaded", "reason": problem})

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

    def _reap(self) -> list[Job]:
        """Tell how runs have ended; return these."""
        reaped: list[Job] = []
        while self._runs:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            job = self._runs.pop(pid, None)
            if job is not None:
                reaped.append(job)
                ending = ending_of(status)
                word = json.dumps({**ending, "ended": time.time()})
                self._unwritten.append((job.paths.exit, word))
                self._leave_word()
                self.say({"event": "ended", "run": job.run, **ending})
        return reaped

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


class Preloader:
    """Imports what runs have imported late, and looks whether this process may fork after it.

    Parameters
    ----------
    check
        What has watched this process since its start.
    notes
        What earlier sweeps of this kind have imported late.

    Attributes
    ----------
    known
        The modules that `notes` had.
    """

    def __init__(self, check: ForkCheck, notes: ImportNotes) -> None:
        self._check = check
        self._notes = notes
        self._seen: dict[str, None] = {}
        known, self._never = notes.read()
        self.known = self.new(known)

    def new(self, names: Sequence[str]) -> list[str]:
        """Return the modules among the names that may be imported, and were not tried before."""
        return [
            name
            for name in names
            if name not in sys.modules
            and name not in self._seen
            and not any(name == each or name.startswith(f"{each}.") for each in self._never)
        ]

    def preload(self, names: Sequence[str]) -> str:
        """Import the modules; return why this process must fork no more, or ""."""
        self._notes.forget()
        self._seen |= dict.fromkeys(names)
        culprit, problem = preload(names, self._check.why_not)
        if culprit:
            self._never.append(culprit)
        self._notes.write(self._seen, self._never)
        if not problem:
            settle()
        return problem


def settle() -> None:
    """Make the process ready to fork, after imports."""
    seed(0)  # each run would import anew what seeding imports
    # What is loaded by now stays: the collector would only touch, and so copy, its pages.
    gc.collect()
    gc.freeze()


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
        Those of the command line: the bundle's folder, the descriptor, the folder of the notes
        about late imports, or "" to preload none, and what to leave to the runs and why.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._folder, self._descriptor, self._notes, *late = arguments
        self._place, self._environment = Path.cwd(), dict(os.environ)
        self.check = ForkCheck()
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
        self.cold = self.check.why_not(named if kind == "variable" else f"importing {name}")
        if self.cold and kind == "variable":
            self._culprit = name

    def preloader(self, manifest: Manifest) -> Preloader | None:
        """Return what imports for the runs what they import late, if anything may."""
        if not self._notes or self.cold or manifest.imports_in_run:
            return None
        return Preloader(self.check, ImportNotes(Path(self._notes)))

    def finish(self) -> None:
        """Look once more; begin anew if that cures what was found."""
        if self._culprit is not None and self.late is None and sys.platform == "linux":
            self._anew(self._culprit)
        self.cold = self.cold or self.check.why_not()

    @property
    def notices(self) -> list[str]:
        """What the user should know."""
        if self.late is None or self.cold:
            return []
        return [f"{self._cause}: each run reads it itself, with the variables behind it"]

    def _anew(self, late: str) -> NoReturn:
        os.chdir(self._place)
        os.set_inheritable(int(self._descriptor), True)  # noqa: FBT003 - it takes no keyword
        arguments = (self._folder, self._descriptor, self._notes, late, self.cold)
        command = [sys.executable, "-m", "wandb_magic.template", *arguments]
        os.execve(sys.executable, command, self._environment)  # noqa: S606 - this very module


def main() -> None:
    """Thaw the bundle, then serve."""
    folder, channel = Path(sys.argv[1]), Channel(socket.socket(fileno=int(sys.argv[2])))
    replace_streams()
    thawed, preloader, cold, notices = None, None, "", []
    template = Template(None, channel)
    try:
        manifest = signed_manifest(folder)
        if manifest.kind == "command":
            os.chdir(manifest.directory)
        else:
            course = Course(sys.argv[1:])
            warm_wandb()
            thawed = thaw(folder, late=course.late, on_step=course.on_step)
            course.finish()
            preloader = course.preloader(manifest)
            cold, notices = course.cold, course.notices
            remember_repository()
    except BaseException as error:  # noqa: BLE001 - a user's module may raise anything
        told = isinstance(error, SweepError)
        reason = str(error) if told else describe(error)
        template.say({"event": "failed", "reason": reason, "details": traceback.format_exc()})
        channel.drain()
        return
    template = Template(thawed, channel, preloader)
    settle()
    template.say({"event": "ready", "cold": cold, "notices": notices})
    template.serve()


if __name__ == "__main__":
    main()
