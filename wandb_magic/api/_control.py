"""Sends requests to a sweep's supervisor, and starts a supervisor if none is running.

A request is a row in the sweep's store; the supervisor writes its answer there when it is done.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wandb_magic.api._status import has_died, is_supervisor_alive
from wandb_magic.api._trust import authorize, read_manifest
from wandb_magic.bundle import trust_environment
from wandb_magic.daemon import is_supervisor_running as is_supervised
from wandb_magic.daemon import start_supervisor
from wandb_magic.errors import SweepStateError
from wandb_magic.paths import SweepPaths
from wandb_magic.processes import is_alive
from wandb_magic.records import SweepRecord, SweepState
from wandb_magic.requests import REQUESTS, validate_request
from wandb_magic.safe_open import read_inside
from wandb_magic.store import (
    Answer,
    StoreReader,
    insert_request,
    read_answer,
    withdraw_request,
)

POLL_S = 0.02
ANSWER_TIMEOUT_S = 30.0
STARTUP_TIMEOUT_S = 300.0  # while it is starting: its imports may take long
MAX_STARTS = 3  # of supervisors that die before they answer
EXIT_TIMEOUT_S = 5.0  # a supervisor that has released its folder has exited by then


def send_request(
    paths: SweepPaths,
    reader: StoreReader,
    verb: str,
    arguments: Mapping[str, Any],
    *,
    trust: bool = False,
) -> Any:  # noqa: ANN401 - a JSON value
    """Send a request, and return its result; start a supervisor if the request needs one.

    With `trust`, the user vouches for the code of a sweep that comes from elsewhere.

    Raises
    ------
    ArgumentError
        If an argument is invalid.
    SweepStateError
        If the request is refused or not answered, no supervisor is running, or the sweep has no
        code.
    UntrustedError
        If a supervisor would execute code that this user has not written.
    """
    arguments = validate_request(verb, arguments)
    record = reader.sweep()
    reject_imported(record)
    supervised = is_supervisor_alive(record, paths) or _is_starting(reader, paths)
    if not supervised and not REQUESTS[verb].starts:
        how = f"has {record.state.value}" if record.state.has_ended else "has lost its supervisor"
        raise SweepStateError(f"sweep {record.id} {how}: resume() starts it again")
    if not supervised:
        _require_local(record, paths)
        _require_code(paths, record)
        authorize(paths, record.spec, trust=trust)
    request = insert_request(paths.store, verb, arguments)
    answer = None
    try:
        answer = _wait_for_answer(
            paths,
            reader,
            record,
            request,
            None if supervised else _restart_supervisor(paths, record),
        )
    finally:
        # Nobody waits for the answer any more, for example after an interrupt: do not do it later.
        if answer is None:
            withdrawn = withdraw_request(paths.store, request)
    if answer is None:
        answer = read_answer(paths.store, request)
        if withdrawn or answer is None:
            kept = "" if withdrawn else "; it has received the request, and may still carry it out"
            raise SweepStateError(
                f"sweep {record.id} does not answer: {_last_log_line(paths)}{kept}"
            )
    if answer.refusal:
        raise SweepStateError(answer.refusal)
    return answer.result


def _wait_for_answer(
    paths: SweepPaths,
    reader: StoreReader,
    record: SweepRecord,
    request: int,
    process: subprocess.Popen[bytes] | None,
) -> Answer | None:
    """Return the answer to a request; None if it is not answered.

    A supervisor that is starting is given more time than one that is running; one that has died
    is restarted, at most `MAX_STARTS` times.
    """
    now = time.monotonic()
    deadline, startup_deadline, starts = (
        now + ANSWER_TIMEOUT_S,
        now + STARTUP_TIMEOUT_S,
        MAX_STARTS,
    )
    while (answer := read_answer(paths.store, request)) is None:
        time.sleep(POLL_S)
        # The supervisor that was running may have exited without reading the request, and until
        # it had, its lock kept others from starting.
        starting = process is not None and process.poll() is None
        if not starting and not (
            is_supervisor_alive(reader.sweep(), paths) or _is_starting(reader, paths)
        ):
            if not starts:
                return read_answer(paths.store, request)
            starts -= 1
            process = _restart_supervisor(paths, record)
        if time.monotonic() > (startup_deadline if starting else deadline):
            return read_answer(paths.store, request)
    return answer


def _last_log_line(paths: SweepPaths) -> str:
    """Return the last line of the supervisor's log, and the path of the log."""
    try:
        lines = (
            read_inside(paths.folder, paths.log).decode("utf-8", "replace").strip().splitlines()
        )
    except OSError:
        lines = []
    if not lines:
        return f"its supervisor left no message ({paths.log} is empty): try again"
    return f"the last line of {paths.log} is {lines[-1][:300]!r}"


def reject_imported(sweep: SweepRecord) -> None:
    """Refuse to control an imported sweep, which never ran here.

    Raises
    ------
    SweepStateError
        If the sweep is imported.
    """
    if sweep.options.copied:
        path = "/".join(part for part in (sweep.entity, sweep.project, sweep.id) if part)
        raise SweepStateError(
            f"sweep {sweep.id} is a copy of a W&B sweep: attach({path!r}, function) runs more of "
            f"it here, and fetch({path!r}) reads what is new"
        )


def _require_local(sweep: SweepRecord, paths: SweepPaths) -> None:
    """Refuse to restart a sweep that was copied from elsewhere and cannot run here.

    Raises
    ------
    SweepStateError
        If its working directory does not exist, or the supervisor of another folder runs it.
    """
    deadline = time.monotonic() + EXIT_TIMEOUT_S
    while is_alive(sweep.supervisor) and not is_supervised(paths):
        if time.monotonic() > deadline:
            raise SweepStateError(
                f"{paths.folder} is a copy of sweep {sweep.id}, which is running in a folder of "
                f"its own: attach({sweep.id!r}) controls it"
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
    if record.options.external:
        return  # its runs are executed by those who ask for them
    if read_manifest(paths).kind == "command" and not record.spec.get("program"):
        raise SweepStateError(
            f"sweep {record.id} has no code to run yet: give it with "
            f"agent({str(record.id)!r}, function=train), or with a %%wandb_sweep {record.id} cell"
        )


def _restart_supervisor(paths: SweepPaths, record: SweepRecord) -> subprocess.Popen[bytes]:
    statement, manifest = authorize(paths, record.spec)
    environment = {**manifest.launch_environment(), **trust_environment(statement)}
    return start_supervisor(paths, environment, manifest.executable)
