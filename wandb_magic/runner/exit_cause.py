"""Determines why a run ended, in one line: from its exception, or from its output.

The line is also written into W&B's own record of the run, as ``wandb_magic/cause`` in its summary.
There are three cases: an exception leaves ``with wandb.init()``; it reaches the end of the run
with wandb's run still open; or the process has died, and ``python -m wandb_magic.runner.exit_cause
RUN EXIT_CODE CAUSE`` ends the record in its place. Successful runs have no cause.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from wandb_magic.disk import check_log_space, shortage, wait_for_disk
from wandb_magic.paths import RunPaths, write_atomically
from wandb_magic.runner.site_hook.sitecustomize import patch_init
from wandb_magic.runner.wandb_preload import flushes_in_blocks

CAUSE_KEY = "wandb_magic/cause"
STOPPED_AT_WANDB = "stopped at W&B"
UNWRITABLE_LOG = "wandb could not write the log"
"""How the message begins of a run that could save nothing, because of the disk."""
MAX_LENGTH = 300
"""Maximum length of a cause, in characters."""

DISK_CHECK_INTERVAL_S = 0.02  # between checks that the disk has space for what is logged
LOG_HEADER_BYTES = 7
LOG_TIMEOUT_S = 10.0  # wandb has created its log when `wandb.init` returns; for slow disks

_TRACEBACK = re.compile(
    r"^(?:  \+ Exception Group )?Traceback \(most recent call last\):\n", re.MULTILINE
)
# The prefix of each line of an exception group's traceback, except for the first.
_OF_GROUP = re.compile(r"^  (?:\| |\+-)", re.MULTILINE)


def describe_exception(error: BaseException) -> str:
    """Return an exception's type and the first line of its message, then its parts and notes."""
    name, message = type(error).__name__, _first_line(_message_of(error))
    description = f"{name}: {message}" if message else name
    if parts := _grouped_exceptions(error):
        description += ": " + "; ".join(describe_exception(part) for part in parts)
    if notes := _notes_of(error):
        description += f" ({'; '.join(notes)})"
    return shorten(description)


def last_traceback(output: str) -> str:
    """Return a process's output from its last traceback on; "" if there is none."""
    matches = list(_TRACEBACK.finditer(output))
    return output[matches[-1].start() :] if matches else ""


def cause_from_output(output: str) -> str:
    """Return the exception that ends the last traceback in `output`; "" if there is none."""
    header, _, text = last_traceback(output).partition("\n")
    if header.startswith(" "):
        text = _OF_GROUP.sub("", text)
    # Frames, their code and the markers below that are indented.
    return shorten(next((line for line in text.splitlines() if line[:1].strip()), ""))


def shorten(text: str) -> str:
    """Return the first line of `text`, cut to the length of a cause."""
    line = _first_line(text)
    return line if len(line) <= MAX_LENGTH else f"{line[: MAX_LENGTH - 1]}…"


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _message_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - the `__str__` of a user's exception may fail
        return ""


def _grouped_exceptions(error: BaseException) -> tuple[BaseException, ...]:
    """Return the exceptions in a group."""
    parts = getattr(error, "exceptions", None)
    if not hasattr(error, "derive") or not isinstance(parts, tuple):
        return ()
    return tuple(part for part in parts if isinstance(part, BaseException))


def _notes_of(error: BaseException) -> list[str]:
    notes = getattr(error, "__notes__", None)
    if not isinstance(notes, (list, tuple)):
        return []
    return [line for note in notes if isinstance(note, str) and (line := _first_line(note))]


def describe_exit(error: BaseException, paths: RunPaths) -> str:
    """Return why a run ends with `error`; for a stop, the reason is in the run's folder."""
    if isinstance(error, KeyboardInterrupt):
        with contextlib.suppress(FileNotFoundError):
            return paths.stop.read_text(encoding="utf-8", errors="replace")
    if isinstance(error, SystemExit):
        return f"sys.exit({error.code!r})"
    return describe_exception(error)


def install_exit_hooks(paths: RunPaths) -> None:
    """Make ``with wandb.init()`` record the cause when an exception leaves it."""
    wandb: Any = sys.modules.get("wandb")
    if wandb is None:
        return
    patch_init(wandb)  # for processes that are forked from this one
    _record_remote_stops(paths)
    _require_log(wandb)
    _wait_for_disk_before_logging(wandb.Run)
    leave_run = wandb.Run.__exit__

    @functools.wraps(leave_run)
    def exit_with_cause(
        run: Any,  # noqa: ANN401 - wandb is not imported here
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> object:
        if error is not None and not (isinstance(error, SystemExit) and not error.code):
            run.summary[CAUSE_KEY] = describe_exit(error, paths)
        if isinstance(error, SystemExit) and not error.code:
            return leave_run(run, None, None, None)  # this is a success
        return leave_run(run, kind, error, trace)

    wandb.Run.__exit__ = exit_with_cause


def _require_log(wandb: Any) -> None:  # noqa: ANN401 - wandb is not imported here
    """Make ``wandb.init`` wait for the disk, and fail if wandb could not create a log.

    All that the run logs would be lost, and nobody would know.
    """
    original_init = wandb.init

    @functools.wraps(original_init)
    def init(*args: object, **settings: object) -> object:
        run = wait_for_disk(lambda: original_init(*args, **settings))
        log = _log_of(run)
        deadline = time.monotonic() + LOG_TIMEOUT_S
        while log.parent.is_dir() and not log.exists():
            if time.monotonic() > deadline:
                raise _unwritable(log)
            time.sleep(0.05)
        return run

    wandb.init = init


def _wait_for_disk_before_logging(run_class: Any) -> None:  # noqa: ANN401 - wandb is not imported here
    """Make runs wait while the disk is full before they log or end: wandb drops failed writes.

    If it has dropped the first of them, it writes none of the others.
    """
    log, finish, leave = run_class.log, run_class.finish, run_class.__exit__
    checked_at = 0.0

    def wait(run: Any) -> None:  # noqa: ANN401 - as above
        nonlocal checked_at
        checked_at = time.monotonic()
        file = _log_of(run)
        if file.is_file():
            with contextlib.suppress(FileNotFoundError):
                _wait_for_log_space(file)

    @functools.wraps(log)
    def log_when_writable(run: Any, *data: object, **kwargs: object) -> object:  # noqa: ANN401 - as above
        if time.monotonic() - checked_at > DISK_CHECK_INTERVAL_S:
            wait(run)
        return log(run, *data, **kwargs)

    def when_writable(end: Any) -> Any:  # noqa: ANN401 - as above
        @functools.wraps(end)
        def end_when_writable(run: Any, *args: object, **kwargs: object) -> object:  # noqa: ANN401 - as above
            wait(run)
            result = end(run, *args, **kwargs)
            if sys.exc_info()[0] is None:  # an exception that is under way says more
                _require_content(_log_of(run))
            return result

        return end_when_writable

    run_class.log = log_when_writable
    run_class.finish, run_class.__exit__ = when_writable(finish), when_writable(leave)


def _wait_for_log_space(log: Path) -> None:
    """Wait until a log can be written; fail if what was written to it first is lost."""
    waits: list[OSError] = []
    wait_for_disk(lambda: check_log_space(log.parent), waits.append)
    if waits and not flushes_in_blocks():
        _require_content(log)


def _require_content(log: Path) -> None:
    """Fail if a log stays empty; wandb writes to it a moment later than it says."""
    deadline = time.monotonic() + LOG_TIMEOUT_S
    while log.is_file() and log.stat().st_size <= LOG_HEADER_BYTES:
        if time.monotonic() > deadline:
            raise _unwritable(log)
        time.sleep(0.002)


def _log_of(run: Any) -> Path:  # noqa: ANN401 - wandb is not imported here
    """Return the log of wandb's run; if it has none, a path that is no file."""
    return Path(getattr(run.settings, "sync_file", None) or os.devnull)


def _unwritable(log: Path) -> OSError:
    reason = shortage(log.parent).removeprefix("waiting for ")
    return OSError(
        f"{UNWRITABLE_LOG} {log}"
        + (f" without {reason}" if reason else "")
        + ": nothing that the run logs would be saved"
    )


def _record_remote_stops(paths: RunPaths) -> None:
    """Make wandb record the reason before it interrupts a run that was stopped on its W&B page."""
    module: Any = sys.modules.get("wandb.sdk.lib.interrupt")
    interrupt = getattr(module, "interrupt_main", None)
    if interrupt is None:
        return  # another version of wandb

    @functools.wraps(interrupt)
    def interrupt_main() -> None:
        if not paths.stop.exists():
            with contextlib.suppress(OSError):  # interrupt it even if the disk cannot be written
                write_atomically(paths.stop, STOPPED_AT_WANDB)
        interrupt()

    module.interrupt_main = interrupt_main


def finish_orphaned_run(run: str, exit_code: int, cause: str) -> None:
    """End the record of a run whose process has died.

    A shared wandb-core keeps the record of a killed client open, and would end it with exit code
    0. Takes ``WANDB_SERVICE`` from the environment; call it in a process of its own.
    """
    import wandb  # noqa: PLC0415 - half a second, and only here

    os.environ["WANDB_SILENT"] = "true"
    attach = getattr(wandb, "attach", None)
    if attach is None or "WANDB_SERVICE" not in os.environ:
        return
    with contextlib.suppress(wandb.errors.UsageError):  # it had ended, or never started
        attached = attach(run)
        attached.summary[CAUSE_KEY] = cause
        attached.finish(exit_code=exit_code)


if __name__ == "__main__":
    finish_orphaned_run(sys.argv[1], int(sys.argv[2]), sys.argv[3])
