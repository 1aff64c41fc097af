"""The fork server: imports and unpickles everything once, then forks a run on request.

It runs no user computation and keeps a single Python thread.
``python -m wandb_magic.runner.fork_server BUNDLE DESCRIPTOR NOTES`` exchanges JSON lines over the
socket that it inherits: it receives jobs, and sends ``ready``, ``failed``, ``forked``, ``unborn``
and ``ended``; ``core`` before the first of them, if it is to start the wandb-core that the runs
share; and ``preloading``, then ``preloaded`` or ``spoiled``, when it imports what a run
has imported late. When the socket closes, the supervisor has exited: the fork server forks no
more, waits for its last run, writes how each ended, and exits.
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

from wandb_magic.bundle import Entrypoint, Manifest, signed_manifest, thaw
from wandb_magic.disk import RETRY_S, is_transient
from wandb_magic.errors import SweepError
from wandb_magic.paths import write_exclusively
from wandb_magic.runner.channel import Channel
from wandb_magic.runner.exit_cause import describe_exception
from wandb_magic.runner.fork_safety import ForkSafetyCheck
from wandb_magic.runner.late_imports import LateImportCache, pop_report, preload_modules
from wandb_magic.runner.output import install_disk_waiting_streams
from wandb_magic.runner.run_process import (
    Job,
    enable_stack_dumps,
    enter_run_process,
    exec_command,
    run_bundle,
    seed_generators,
)
from wandb_magic.runner.wandb_preload import (
    START_CORE_ENV,
    CoreStart,
    cache_git_root,
    preload_wandb,
)


def decode_wait_status(status: int) -> dict[str, int]:
    """Return a wait status as a message: an exit code, or the signal that ended the process."""
    if os.WIFSIGNALED(status):
        return {"signal": os.WTERMSIG(status)}
    return {"code": os.WEXITSTATUS(status)}


class ForkServer:
    """Forks runs and waits for them.

    Parameters
    ----------
    entrypoint
        What runs execute; None if each job has a command.
    channel
        The connection to the runner.
    preloader
        Imports what runs import late; None to preload nothing.
    """

    def __init__(
        self, entrypoint: Entrypoint | None, channel: Channel, preloader: Preloader | None = None
    ) -> None:
        self._entrypoint = entrypoint
        self._channel = channel
        self._preloader = preloader
        self._runs: dict[int, Job] = {}
        self._unwritten: list[tuple[Path, str]] = []  # exit files, until the disk has space
        self._modules = frozenset(sys.modules)
        self._fork_unsafe = False
        self._wake, self._wakeup = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._wakeup, False)

    def serve(self) -> None:
        """Fork and wait until the runner has disconnected and the last run has ended."""
        signal.set_wakeup_fd(self._wakeup, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        selector = selectors.DefaultSelector()
        selector.register(self._wake, selectors.EVENT_READ)
        selector.register(self._channel, selectors.EVENT_READ)
        is_connected = True
        with ExitStack() as at_end:
            at_end.enter_context(finalizers_disabled())
            if self._preloader is not None:
                self._preload(self._preloader.known_modules, at_end)
            while is_connected or self._runs or self._unwritten:
                if is_connected:
                    unsent = selectors.EVENT_WRITE if self._channel.has_unsent else 0
                    selector.modify(self._channel, selectors.EVENT_READ | unsent)
                for key, events in selector.select(RETRY_S if self._unwritten else None):
                    if key.fileobj is self._channel:
                        if events & selectors.EVENT_WRITE:
                            self._channel.flush()
                        if events & selectors.EVENT_READ and not self._handle_requests():
                            selector.unregister(self._channel)
                            is_connected = False
                    else:
                        with suppress(BlockingIOError):
                            os.read(self._wake, 4096)
                ended = self._reap()
                self._write_exits()
                if is_connected:
                    self._preload_reported([*ended, *self._runs.values()], at_end)

    def _handle_requests(self) -> bool:
        """Fork the requested runs; return whether the runner is still connected."""
        lines = self._channel.receive()
        for line in lines or ():
            if not self._fork_unsafe:  # then the runner uses another fork server
                self._fork(Job.from_json(line))
        return lines is not None

    def _preload_reported(self, jobs: Iterable[Job], at_end: ExitStack) -> None:
        """Import what runs report as imported late; jobs wait meanwhile.

        A run that was forked now would import the same, and take as long.
        """
        if self._preloader is None or self._fork_unsafe:
            return
        for job in jobs:
            if names := pop_report(job.paths.imports):
                self._preload(names, at_end)

    def _preload(self, names: Sequence[str], at_end: ExitStack) -> None:
        if self._preloader is None or not (names := self._preloader.untried(names)):
            return
        self.send({"event": "preloading"})
        problem = self._preloader.preload(names)
        at_end.enter_context(finalizers_disabled())
        self._fork_unsafe = bool(problem)
        self._modules = frozenset(sys.modules)
        self.send({"event": "spoiled" if problem else "preloaded", "reason": problem})

    def send(self, message: dict[str, Any]) -> None:
        """Send a message to the runner."""
        self._channel.send(json.dumps(message))

    def _fork(self, job: Job) -> None:
        try:
            pid = os.fork()
        except OSError as error:
            # Too many processes, or too little memory: the others continue.
            reason = f"no process could be started for it: {error.strerror}"
            self.send({"event": "unborn", "run": job.run, "reason": reason})
            return
        if pid == 0:
            self._child_main(job)
        self._runs[pid] = job
        self.send({"event": "forked", "run": job.run, "pid": pid})

    def _child_main(self, job: Job) -> None:
        try:
            signal.set_wakeup_fd(-1)
            self._channel.close()
            os.close(self._wake)
            os.close(self._wakeup)
            enter_run_process(job)
            if job.command or self._entrypoint is None:
                exec_command(job)
            enable_stack_dumps(job)
            run_bundle(self._entrypoint, job, self._modules)
        except BaseException:  # noqa: BLE001 - a fork must never return into the server's loop
            traceback.print_exc()
        finally:
            os._exit(70)

    def _reap(self) -> list[Job]:
        """Report how runs ended; return their jobs."""
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
                exit_info = decode_wait_status(status)
                content = json.dumps({**exit_info, "ended": time.time()})
                self._unwritten.append((job.paths.exit, content))
                self._write_exits()
                self.send({"event": "ended", "run": job.run, **exit_info})
        return reaped

    def _write_exits(self) -> None:
        """Write how runs ended, for the next supervisor in case this one has exited."""
        unwritten = []
        for path, content in self._unwritten:
            try:
                write_exclusively(path, content)
            except OSError as error:
                # A full disk is retried; in a deleted folder nobody would read the file.
                if is_transient(error):
                    unwritten.append((path, content))
        self._unwritten = unwritten


class Preloader:
    """Imports what runs have imported late, and checks whether this process may still fork.

    Parameters
    ----------
    check
        The check that has been applied to this process since its start.
    cache
        What earlier sweeps with the same packages have imported late.

    Attributes
    ----------
    known_modules
        The modules in `cache` that may be imported.
    """

    def __init__(self, check: ForkSafetyCheck, cache: LateImportCache) -> None:
        self._check = check
        self._cache = cache
        self._seen: dict[str, None] = {}
        names, self._never = cache.read()
        self.known_modules = self.untried(names)

    def untried(self, names: Sequence[str]) -> list[str]:
        """Return the modules that may be imported and were not tried before."""
        return [
            name
            for name in names
            if name not in sys.modules
            and name not in self._seen
            and not any(name == module or name.startswith(f"{module}.") for module in self._never)
        ]

    def preload(self, names: Sequence[str]) -> str:
        """Import the modules; return why this process must not fork any more, or ""."""
        self._cache.clear()
        self._seen |= dict.fromkeys(names)
        culprit, problem = preload_modules(names, self._check.unsafe_reason)
        if culprit:
            self._never.append(culprit)
        self._cache.write(self._seen, self._never)
        if not problem:
            prepare_to_fork()
        return problem


def prepare_to_fork() -> None:
    """Prepare this process to fork, after imports."""
    seed_generators(0)  # each run would repeat the imports of seeding
    # Exempt loaded objects from the collector, which would touch, and so copy, their pages.
    gc.collect()
    gc.freeze()


@contextmanager
def finalizers_disabled() -> Iterator[None]:
    """Keep forks from freeing shared resources when they exit.

    The first run to end would remove the temporary folders in which wandb prepares the media of
    every run, and the user's own.
    """
    registry: dict[Any, Any] = getattr(weakref.finalize, "_registry", {})
    disabled = [finalizer for finalizer in list(registry) if finalizer.atexit]
    for finalizer in disabled:
        finalizer.atexit = False
        target = finalizer.peek()
        if target is not None and isinstance(target[0], TemporaryDirectory):
            # wandb registers this in addition; the finalizer is enough.
            atexit.unregister(target[0].cleanup)
    yield
    for finalizer in disabled:
        finalizer.atexit = True


class SharedCoreStart:
    """Starts the wandb-core that the runs share, beside what the fork server loads.

    Parameters
    ----------
    server
        Reports the core's address.
    request
        How to start it, as in `START_CORE_ENV`; None to start none.
    """

    def __init__(self, server: ForkServer, request: str | None) -> None:
        self._server = server
        self._request: dict[str, Any] | None = None if request is None else json.loads(request)
        self._environment = dict(os.environ)
        self._start: CoreStart | None = None

    def begin(self) -> None:
        """Start it, now that wandb is imported and nothing of the user's is."""
        if self._request is not None:
            environment = {**self._environment, **self._request["variables"]}
            with suppress(OSError):  # no process could be started
                self._start = CoreStart(self._request["directory"], environment)

    def finish(self) -> None:
        """Wait until it has started, and report it; do nothing the second time."""
        if self._request is not None:
            token = self._start.finish() if self._start is not None else ""
            self._server.send({"event": "core", "token": token})
            self._request = None


class ServerSetup:
    """The setup of the fork server, which restarts itself to defer a variable to the runs.

    A started thread cannot be undone; so if reading a variable starts one that no fork survives,
    this process executes itself again, and defers that variable to the runs.

    Parameters
    ----------
    arguments
        Those of the command line: the bundle's folder, the descriptor, the folder that records
        late imports, or "" to preload none, and the variable to defer to the runs and why.
    core
        The start of the wandb-core, which ends before this process executes itself again.
    """

    def __init__(self, arguments: Sequence[str], core: SharedCoreStart) -> None:
        self._core = core
        self._folder, self._descriptor, self._import_cache, *deferral = arguments
        self._directory, self._environment = Path.cwd(), dict(os.environ)
        self.check = ForkSafetyCheck()
        self.deferred: str | None = None
        self._cause = ""
        if deferral:
            self.deferred, self._cause = deferral
        self.fork_unsafe_reason = ""
        self._culprit: str | None = None

    def on_step(self, kind: str, name: str) -> None:
        """Check this process after an import or a variable."""
        if self.fork_unsafe_reason:
            return
        subject = f"variable {name!r}" if name else "the function"
        self.fork_unsafe_reason = self.check.unsafe_reason(
            subject if kind == "variable" else f"importing {name}"
        )
        if self.fork_unsafe_reason and kind == "variable":
            self._culprit = name

    def preloader(self, manifest: Manifest) -> Preloader | None:
        """Return the preloader of late imports; None if nothing may be preloaded."""
        if not self._import_cache or self.fork_unsafe_reason or manifest.imports_in_run:
            return None
        return Preloader(self.check, LateImportCache(Path(self._import_cache)))

    def finish(self) -> None:
        """Check once more; restart if deferring a variable solves the problem."""
        if self._culprit is not None and self.deferred is None and sys.platform == "linux":
            self._restart(self._culprit)
        self.fork_unsafe_reason = self.fork_unsafe_reason or self.check.unsafe_reason()

    @property
    def notices(self) -> list[str]:
        """Messages to the user."""
        if self.deferred is None or self.fork_unsafe_reason:
            return []
        return [f"{self._cause}: each run reads it itself, with the variables behind it"]

    def _restart(self, variable: str) -> NoReturn:
        self._core.finish()
        os.chdir(self._directory)
        os.set_inheritable(int(self._descriptor), True)  # noqa: FBT003 - it takes no keyword
        arguments = (
            self._folder,
            self._descriptor,
            self._import_cache,
            variable,
            self.fork_unsafe_reason,
        )
        command = [sys.executable, "-m", "wandb_magic.runner.fork_server", *arguments]
        os.execve(sys.executable, command, self._environment)  # noqa: S606 - this module itself


def main() -> None:
    """Load the bundle, then serve."""
    folder, channel = Path(sys.argv[1]), Channel(socket.socket(fileno=int(sys.argv[2])))
    install_disk_waiting_streams()
    entrypoint, preloader, unsafe_reason, notices = None, None, "", []
    server = ForkServer(None, channel)
    core = SharedCoreStart(server, os.environ.pop(START_CORE_ENV, None))
    try:
        manifest = signed_manifest(folder)
        if manifest.kind == "command":
            os.chdir(manifest.working_directory)
        else:
            setup = ServerSetup(sys.argv[1:], core)
            preload_wandb()
            core.begin()
            entrypoint = thaw(folder, late=setup.deferred, on_step=setup.on_step)
            setup.finish()
            preloader = setup.preloader(manifest)
            unsafe_reason, notices = setup.fork_unsafe_reason, setup.notices
            cache_git_root()
    except BaseException as error:  # noqa: BLE001 - a user's module may raise anything
        is_sweep_error = isinstance(error, SweepError)
        reason = str(error) if is_sweep_error else describe_exception(error)
        core.finish()
        server.send({"event": "failed", "reason": reason, "details": traceback.format_exc()})
        channel.drain()
        return
    core.finish()
    server = ForkServer(entrypoint, channel, preloader)
    prepare_to_fork()
    server.send({"event": "ready", "cold": unsafe_reason, "notices": notices})
    server.serve()


if __name__ == "__main__":
    main()
