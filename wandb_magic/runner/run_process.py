"""One run in its own process: claims it, executes it, and records how it ended.

The process is a fork of the fork server, or a fresh Python:
``python -m wandb_magic.runner.run_process JOB``. It communicates through files: its output goes to
one, how it ended to another, and what it logs to wandb.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import ctypes
import faulthandler
import functools
import inspect
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from wandb_magic.bundle import (
    Entrypoint,
    explain_missing_name,
    plain_shell,
    reject_generator,
    signed_manifest,
    thaw,
)
from wandb_magic.disk import check_free_space, wait_for_disk, wait_reason
from wandb_magic.paths import (
    FOLDER_MODE,
    RunPaths,
    append_line,
    write_atomically,
    write_exclusively,
)
from wandb_magic.postmortem.hold_file import HOLD_VARIABLE
from wandb_magic.postmortem.worker_dumps import remove_dumps
from wandb_magic.postmortem.worker_errors import watch_forks
from wandb_magic.processes import current_process
from wandb_magic.records import RunId
from wandb_magic.runner.exit_cause import (
    CAUSE_KEY,
    describe_exception,
    describe_exit,
    install_exit_hooks,
    shorten,
)
from wandb_magic.runner.late_imports import ImportReport
from wandb_magic.runner.output import redirect_output, write_resume_marker
from wandb_magic.runner.site_hook import sitecustomize
from wandb_magic.runner.wandb_core_client import use_shared_core
from wandb_magic.runner.wandb_resume import patch_wandb_resume
from wandb_magic.slots.devices import VISIBILITY_VARIABLES
from wandb_magic.slots.leases import confirm_lease
from wandb_magic.slots.threads import limit_threads

INTERRUPTED = 130  # the shell's exit code for SIGINT
# The kernel's out-of-memory killer should prefer a run to the notebook.
OOM_SCORE = "300"
# A real-time signal, which programs and schedulers rarely use; only Linux has them.
STACK_SIGNAL = signal.SIGRTMAX - 6 if sys.platform == "linux" else 0
# They end a process that does not handle them; faulthandler itself knows those of a crash.
_ENDING_SIGNALS = (
    *(signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGXCPU),
    *(signal.SIGUSR1, signal.SIGUSR2),
)
# The files whose frames lie above the user's in a traceback.
_HIDDEN_FRAMES = (
    f"{Path(__file__).parents[1]}{os.sep}",
    f"{Path(asyncio.__file__).parent}{os.sep}",
)

# The fields of a job that are paths.
_PATHS = ("folder", "bundle", "lease")

_Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


@dataclass(frozen=True)
class Job:
    """What a runner is requested to start.

    Attributes
    ----------
    run
        The run's id.
    folder
        The run's folder, with its parameters in it.
    bundle
        The bundle's folder.
    environment
        Variables in addition to the runner's own.
    seed
        Seeds the global generators of `random`, NumPy and PyTorch.
    command
        The command to execute instead of the bundle, for a sweep with a ``program``.
    execution
        The number of this execution of the run; above 0, it continues the earlier ones.
    core
        The address of the shared wandb-core; "" if the run starts its own.
    agent, agents
        The agent that executes it, and how many agents there are.
    lease
        The file of its lease of GPUs; None without one.
    """

    run: RunId
    folder: Path
    bundle: Path
    environment: Mapping[str, str]
    seed: int
    command: tuple[str, ...] = ()
    execution: int = 0
    core: str = ""
    agent: int = 0
    agents: int = 1
    lease: Path | None = None

    @property
    def paths(self) -> RunPaths:
        """The run's paths, for this execution."""
        return RunPaths(self.folder, self.execution)

    def to_json(self) -> str:
        """Return the job as one line of JSON."""
        data = asdict(self)
        for name in _PATHS:
            data[name] = data[name] and str(data[name])
        return json.dumps(data)

    @classmethod
    def from_json(cls, text: str) -> Job:
        """Read what `to_json` wrote."""
        data: dict[str, Any] = json.loads(text)
        for name in _PATHS:
            data[name] = data[name] and Path(data[name])
        data["command"] = tuple(data["command"])
        return cls(**data)


def process_command(job: Job) -> list[str]:
    """Return the command that executes a run, in a Python of its own.

    Its process claims the run, so a second one that is started by mistake exits at once. It leads
    a process group.
    """
    return [sys.executable, "-m", "wandb_magic.runner.run_process", job.to_json()]


def enter_run_process(job: Job) -> None:
    """Set up this process as the run: session, claim, output, environment."""
    if os.getsid(0) != os.getpid():
        os.setsid()
    if job.lease is not None and not confirm_lease(job.lease):
        # The supervisor has died, and its lease is worth nothing: another sweep may have the GPU.
        os._exit(os.EX_TEMPFAIL)
    claim = json.dumps(asdict(current_process()))
    if not wait_for_disk(lambda: write_exclusively(job.paths.process, claim)):
        os._exit(0)  # another process has claimed it, or the supervisor has abandoned it
    wait_for_disk(lambda: redirect_output(job.paths.output))
    if job.execution:
        wait_for_disk(lambda: write_resume_marker(job.paths.output))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE, encoding="ascii")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(job.environment)
    sitecustomize.mark_outer_ranks()
    path = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (sitecustomize.FOLDER, path)))
    limit_threads(job.environment)
    if devices := next(filter(None, map(os.environ.get, VISIBILITY_VARIABLES)), None):
        wait_for_disk(lambda: write_atomically(job.paths.devices, devices))
    _record_wandb_dirs(job)


def enable_stack_dumps(job: Job) -> None:
    """Dump the stack of every thread on `STACK_SIGNAL`, and when a signal ends the run.

    This works even from native code; only SIGKILL leaves no time for it. A handler of the user's
    takes the place of this one.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    with contextlib.suppress(OSError, RuntimeError):
        file = os.open(job.paths.stack, flags, 0o600)
        faulthandler.enable(file)
        for number in _ENDING_SIGNALS:
            faulthandler.register(number, file=file, chain=True)
        # A pool ends its workers with a signal: that is no end of the run.
        os.register_at_fork(after_in_child=_unregister_ending_signals)
        if STACK_SIGNAL:
            faulthandler.register(STACK_SIGNAL, file=file)


def _unregister_ending_signals() -> None:
    for number in _ENDING_SIGNALS:
        faulthandler.unregister(number)


def run_bundle(
    entrypoint: Entrypoint, job: Job, imported: Collection[str] | None = None
) -> NoReturn:
    """Execute the bundle, finish wandb's run, record how it ended, and exit.

    Parameters
    ----------
    entrypoint, job
        What to execute.
    imported
        The modules of the fork server, which receives the names of further modules that the run
        imports, so that later runs need not.
    """
    seed_generators(job.seed)
    report = None if imported is None else ImportReport(job.paths.imports, imported)
    if job.core:
        use_shared_core(job.core, report.report_early if report else None)
    install_exit_hooks(job.paths)
    if job.execution:
        patch_wandb_resume(job.run, job.paths)
    environment = dict(os.environ)
    watch_forks(job.folder, environment)
    code, error, cause, held = _run_user_code(entrypoint, job, environment)
    stopped = cause if code == INTERRUPTED and job.paths.stop.exists() else ""
    if code == 0:
        _join_threads()  # threads may still log
        remove_dumps(job.folder)
    code, error, cause = _finish_wandb(code, error, cause, job, environment)
    _shut_down()
    exit_info: dict[str, Any] = {
        "code": code,
        "error": error,
        "cause": cause,
        "stopped": stopped,
        "held": held,
        "ended": time.time(),
    }
    if report is not None:
        report.report()
    wait_for_disk(lambda: write_atomically(job.paths.exit, json.dumps(exit_info)))
    os._exit(code)


def exec_command(job: Job) -> NoReturn:
    """Execute the command of the spec; the process that waits for it records how it ended."""
    os.environ[sitecustomize.FAILURE_VARIABLE] = f"{job.execution}:{job.folder}"
    os.environ.setdefault("PYTHONFAULTHANDLER", "1")
    try:
        os.execvpe(job.command[0], job.command, os.environ)  # noqa: S606 - the user's command
    except OSError as error:
        message = f"{job.command[0]}: {error.strerror}"
        print(message, file=sys.stderr, flush=True)  # noqa: T201 - this is the run's own output
        exit_info = {"code": 127, "error": message, "ended": time.time()}
        wait_for_disk(lambda: write_atomically(job.paths.exit, json.dumps(exit_info)))
        os._exit(127)


def seed_generators(number: int) -> None:
    """Seed the global generators of loaded libraries, so that forks draw different numbers."""
    import random  # noqa: PLC0415

    random.seed(number)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(number % 2**32)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(number)


def _run_user_code(
    entrypoint: Entrypoint, job: Job, environment: Mapping[str, str]
) -> tuple[int, str, str, bool]:
    """Execute; return the exit code, the error, its cause in one line, and whether it was held."""
    try:
        result = entrypoint.execute()
        if inspect.iscoroutine(result):
            asyncio.run(result)
        reject_generator(result)
    except SystemExit as exit_request:
        if exit_request.code is None or isinstance(exit_request.code, int):
            code = (exit_request.code or 0) & 0xFF  # as the system truncates it
            cause = f"sys.exit({exit_request.code})" if code else ""
            if code:
                _record_frames(exit_request, job, environment)
            return code, cause, cause, False
        sys.stderr.write(f"{exit_request.code}\n")
        _record_frames(exit_request, job, environment)
        return 1, str(exit_request.code), shorten(str(exit_request.code)), False
    except KeyboardInterrupt as interrupt:
        if not job.paths.stop.exists():
            _record_frames(interrupt, job, environment)
        text = _print_traceback(interrupt)
        return INTERRUPTED, text, describe_exit(interrupt, job.paths), False
    except BaseException as error:  # noqa: BLE001 - any exception ends the run
        explain_missing_name(error, job.bundle)
        text = _print_traceback(error)
        _record_frames(error, job, environment)
        cause = describe_exit(error, job.paths)
        return 1, text, cause, _hold(error, job, environment, (text, cause))
    return 0, "", "", False


def _finish_wandb(
    code: int, error: str, cause: str, job: Job, environment: Mapping[str, str]
) -> tuple[int, str, str]:
    """Finish wandb's run, if one is open; return how this run ended."""
    wandb: Any = sys.modules.get("wandb")
    if getattr(wandb, "run", None) is not None:
        try:
            if cause:
                wandb.run.summary[CAUSE_KEY] = cause
            wandb.finish(exit_code=code)
        except BaseException as finish_error:  # noqa: BLE001 - an interrupt also ends the run in order
            if not code:
                _record_frames(finish_error, job, environment)
            return (
                code or 1,
                error or _print_traceback(finish_error),
                cause or describe_exception(finish_error),
            )
    return code, error, cause


def _record_frames(error: BaseException, job: Job, environment: Mapping[str, str]) -> None:
    """Keep the frames with their variables; whatever fails in that, the run ends as it would."""
    with contextlib.suppress(Exception):
        from wandb_magic.postmortem import recorder  # noqa: PLC0415 - only if a run fails

        recorder.record_failure(error, _user_frames(error), job.paths, environment)


def _hold(
    error: BaseException, job: Job, environment: Mapping[str, str], texts: tuple[str, str]
) -> bool:
    """Keep the process for a debugger if that is wanted; return whether it was kept."""
    if not float(environment.get(HOLD_VARIABLE) or 0):
        return False
    with contextlib.suppress(Exception):
        from wandb_magic.postmortem.hold import hold  # noqa: PLC0415 - as above

        return hold(error, _user_frames(error), job.paths, environment, texts)
    return False


def _print_traceback(error: BaseException) -> str:
    """Print the traceback, without our frames above and below the user's."""
    text = "".join(traceback.format_exception(type(error), error, _user_frames(error)))
    sys.stderr.write(text)
    return text


def _user_frames(error: BaseException) -> TracebackType | None:
    """Return the traceback without our frames above and below the user's."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_HIDDEN_FRAMES):
        frames = frames.tb_next
    frame = frames
    while frame is not None and frame.tb_next is not None:
        if frame.tb_next.tb_frame.f_code.co_filename == plain_shell.__file__:
            frame.tb_next = None  # it has rejected something
        frame = frame.tb_next
    return frames


def _join_threads() -> None:
    """Wait for threads that are not daemons, as the interpreter does before it ends."""
    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001 - as multiprocessing does


def _shut_down() -> None:
    """Do what the interpreter and libc do before they exit, since `os._exit` does not."""
    _join_threads()
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()  # noqa: SLF001 - as above
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    ctypes.CDLL(None).fflush(None)  # what C code printed


def _record_wandb_dirs(job: Job) -> None:
    """Record each folder that wandb creates for this run, wherever ``init(dir=…)`` puts it.

    An audit hook would see the same, but would slow down every `id` and `open` of the run.
    """
    make, suffix = os.mkdir, f"-{job.run}"

    @functools.wraps(make)
    def mkdir(path: _Path, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        folder = Path(os.fsdecode(path))
        if not (folder.name.startswith(("offline-run-", "run-")) and suffix in folder.name):
            make(path, mode, dir_fd=dir_fd)
            return
        # wandb would continue without a log, and lose what the run logs.
        parent, printed = folder.absolute().parent, set[str]()

        def print_reason(error: OSError) -> None:
            if (reason := wait_reason(error, parent)) not in printed:
                printed.add(reason)
                with contextlib.suppress(OSError):
                    os.write(2, f"wandb.init is {reason}\n".encode())

        wait_for_disk(lambda: check_free_space(parent), print_reason)
        wait_for_disk(lambda: make(path, mode, dir_fd=dir_fd), print_reason)
        wait_for_disk(lambda: append_line(job.paths.wandb, str(folder.absolute())))

    os.mkdir = mkdir


def main() -> NoReturn:
    """Start without a fork: read the job from the command line, load the bundle, execute it."""
    job = Job.from_json(sys.argv[1])
    enter_run_process(job)
    if job.command:
        os.chdir(signed_manifest(job.bundle).working_directory)
        exec_command(job)
    enable_stack_dumps(job)
    try:
        entrypoint = thaw(job.bundle)
    except BaseException as error:  # noqa: BLE001 - a user's module may raise anything
        text = _print_traceback(error)
        _record_frames(error, job, dict(os.environ))
        exit_info = {
            "code": 1,
            "error": text,
            "cause": describe_exception(error),
            "ended": time.time(),
        }
        wait_for_disk(lambda: write_atomically(job.paths.exit, json.dumps(exit_info)))
        os._exit(1)
    run_bundle(entrypoint, job)


def prepare_run_dir(job: Job, params: str) -> None:
    """Create the run's folder, with its parameters in the form that wandb reads."""
    job.paths.persistent_dir.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    write_atomically(job.paths.params, params)


if __name__ == "__main__":
    main()
