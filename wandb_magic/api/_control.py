"""Asking a sweep's supervisor for something, and starting one that is to hear it.

A request is a row in the sweep's store; its answer is there, too, once what was asked is done.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wandb_magic.api._status import has_died, is_supervisor_alive
from wandb_magic.api._trust import authorize, read_manifest
from wandb_magic.arguments import validate_request
from wandb_magic.bundle import trust_environment
from wandb_magic.bundle.manifest import inheritable_environment
from wandb_magic.daemon import is_supervisor_running as is_supervised
from wandb_magic.daemon import start_supervisor
from wandb_magic.errors import SweepStateError
from wandb_magic.paths import SweepPaths
from wandb_magic.processes import is_alive
from wandb_magic.records import SweepRecord, SweepState
from wandb_magic.safe_open import read_inside
from wandb_magic.store import StoreReader, insert_request, read_answer, withdraw_request

POLL_S = 0.02
ANSWER_TIMEOUT_S = 30.0
STARTUP_TIMEOUT_S = 300.0  # a process that lives will speak: its imports may take long
MAX_STARTS = 3  # of supervisors that die before they answer
EXIT_TIMEOUT_S = 5.0  # a supervisor that has let go of its folder is gone by then


def send_request(
    paths: SweepPaths,
    reader: StoreReader,
    verb: str,
    arguments: Mapping[str, Any],
    *,
    restart: bool = False,
    trust: bool = False,
) -> None:
    """Post a request, and wait for the answer; with `restart`, start a supervisor for it.

    With `trust`, the user answers for the code of a sweep that comes from elsewhere.

    Raises
    ------
    ArgumentError
        If it makes no sense.
    SweepStateError
        If it was refused, nobody is there to hear it, or nobody answers; if it has no code.
    UntrustedError
        If a supervisor would execute what this user has not written.
    """
    arguments = validate_request(verb, arguments)
    record = reader.sweep()
    reject_imported(record)
    supervised = is_supervisor_alive(record, paths) or _is_starting(reader, paths)
    if not supervised and not restart:
        how = f"has {record.state.value}" if record.state.has_ended else "has lost its supervisor"
        raise SweepStateError(f"sweep {record.id} {how}: resume() starts it again")
    if not supervised:
        _require_local(record, paths)
        _require_code(paths, record)
        authorize(paths, record.spec, trust=trust)
    request = insert_request(paths.store, verb, arguments)
    error = None
    try:
        error = _wait_for_answer(
            paths,
            reader,
            record,
            request,
            None if supervised else _restart_supervisor(paths, record),
        )
    finally:
        # Nobody waits for the answer any more, after an interrupt, too: it must not be done later.
        if error is None:
            withdrawn = withdraw_request(paths.store, request)
    if error is None:
        error = read_answer(paths.store, request)
        if withdrawn or error is None:
            kept = "" if withdrawn else "; it has heard what was asked, and may still do it"
            raise SweepStateError(
                f"sweep {record.id} does not answer: {_last_log_line(paths)}{kept}"
            )
    if error:
        raise SweepStateError(error)


def _wait_for_answer(
    paths: SweepPaths,
    reader: StoreReader,
    record: SweepRecord,
    request: int,
    process: subprocess.Popen[bytes] | None,
) -> str | None:
    """Return the answer to a request; None if there will be none.

    A supervisor that lives is given time; one that is starting may take longer than one that
    runs, and one that has died is started again, a few times.
    """
    now = time.monotonic()
    deadline, at_last, starts = now + ANSWER_TIMEOUT_S, now + STARTUP_TIMEOUT_S, MAX_STARTS
    while (error := read_answer(paths.store, request)) is None:
        time.sleep(POLL_S)
        # The one that was alive may have ended without seeing the request, and until it had, it
        # sent others away.
        starting = process is not None and process.poll() is None
        if not starting and not (
            is_supervisor_alive(reader.sweep(), paths) or _is_starting(reader, paths)
        ):
            if not starts:
                return read_answer(paths.store, request)
            starts -= 1
            process = _restart_supervisor(paths, record)
        if time.monotonic() > (at_last if starting else deadline):
            return read_answer(paths.store, request)
    return error


def _last_log_line(paths: SweepPaths) -> str:
    """Return the last words of the supervisor, and where the others are."""
    try:
        lines = (
            read_inside(paths.folder, paths.log).decode("utf-8", "replace").strip().splitlines()
        )
    except OSError:
        lines = []
    if not lines:
        return f"its supervisor ended without a word ({paths.log} is empty): ask again"
    return f"its supervisor's last words in {paths.log} are {lines[-1][:300]!r}"


def reject_imported(sweep: SweepRecord) -> None:
    """See to it that nobody steers what never ran here.

    Raises
    ------
    SweepStateError
        If it is a copy.
    """
    if sweep.options.copied:
        path = "/".join(part for part in (sweep.entity, sweep.project, sweep.id) if part)
        raise SweepStateError(
            f"sweep {sweep.id} is a copy of a W&B sweep: attach({path!r}, function) runs more of "
            f"it here, and fetch({path!r}) reads what is new"
        )


def _require_local(sweep: SweepRecord, paths: SweepPaths) -> None:
    """Refuse to restart what was copied from elsewhere and could not run here.

    Raises
    ------
    SweepStateError
        If its runs had nowhere to run, or another folder's supervisor looks after them.
    """
    deadline = time.monotonic() + EXIT_TIMEOUT_S
    while is_alive(sweep.supervisor) and not is_supervised(paths):
        if time.monotonic() > deadline:
            raise SweepStateError(
                f"{paths.folder} is a copy of sweep {sweep.id}, which is running in a folder of "
                f"its own: attach({sweep.id!r}) steers it"
            )
        time.sleep(POLL_S)
    directory = read_manifest(paths).directory
    if not Path(directory).is_dir():
        raise SweepStateError(
            f"sweep {sweep.id} ran in {directory}, which does not exist here: it can be read, and "
            "its runs exported; to run more, start a sweep with prior="
            f"{str(paths.folder)!r}"
        )


def _is_starting(reader: StoreReader, paths: SweepPaths) -> bool:
    record = reader.sweep()
    return (
        record.state is SweepState.PENDING
        and record.supervisor is None
        and not has_died(record, paths)
    )


def _require_code(paths: SweepPaths, record: SweepRecord) -> None:
    if read_manifest(paths).kind == "command" and not record.spec.get("program"):
        raise SweepStateError(
            f"sweep {record.id} has no code to run yet: give it with "
            f"agent({str(record.id)!r}, function=train), or with a %%wandb_sweep {record.id} cell"
        )


def _restart_supervisor(paths: SweepPaths, record: SweepRecord) -> subprocess.Popen[bytes]:
    statement, manifest = authorize(paths, record.spec)
    environment = {
        **manifest.environment,
        **inheritable_environment(os.environ),
        **trust_environment(statement),
    }
    return start_supervisor(paths, environment, manifest.executable)
