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

from wandb_magic.bundle import vouched
from wandb_magic.bundle.manifest import inherited
from wandb_magic.detach import start_supervisor
from wandb_magic.detach import supervised as is_supervised
from wandb_magic.errors import SweepStateError
from wandb_magic.paths import SweepPaths
from wandb_magic.processes import alive
from wandb_magic.records import SweepRecord, SweepState
from wandb_magic.safe_open import read_below
from wandb_magic.store import StoreReader, answered, post, withdraw
from wandb_magic.validation import request_arguments
from wandb_magic.verbs.status import has_died, supervisor_lives
from wandb_magic.verbs.trusting import authorize, manifest_of

POLL_S = 0.02
PATIENCE_S = 30.0
STARTING_PATIENCE_S = 300.0  # a process that lives will speak: its imports may take long
MOST_STARTS = 3  # of supervisors that die before they answer
ENDING_S = 5.0  # a supervisor that has let go of its folder is gone by then


def ask(
    paths: SweepPaths,
    reader: StoreReader,
    verb: str,
    arguments: Mapping[str, Any],
    *,
    revive: bool = False,
    trust: bool = False,
) -> None:
    """Post a request, and wait for the answer; with `revive`, start a supervisor for it.

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
    arguments = request_arguments(verb, arguments)
    record = reader.sweep()
    refuse_copies(record)
    supervised = supervisor_lives(record, paths) or _starting(reader, paths)
    if not supervised and not revive:
        how = f"has {record.state.value}" if record.state.ended else "has lost its supervisor"
        raise SweepStateError(f"sweep {record.id} {how}: resume() starts it again")
    if not supervised:
        _must_be_at_home(record, paths)
        _refuse_without_code(paths, record)
        authorize(paths, record.spec, trust=trust)
    request = post(paths.store, verb, arguments)
    error = None
    try:
        error = _answer(
            paths, reader, record, request, None if supervised else _revive(paths, record)
        )
    finally:
        # Nobody waits for the answer any more, after an interrupt, too: it must not be done later.
        if error is None:
            withdrawn = withdraw(paths.store, request)
    if error is None:
        error = answered(paths.store, request)
        if withdrawn or error is None:
            kept = "" if withdrawn else "; it has heard what was asked, and may still do it"
            raise SweepStateError(f"sweep {record.id} does not answer: {_reason(paths)}{kept}")
    if error:
        raise SweepStateError(error)


def _answer(
    paths: SweepPaths,
    reader: StoreReader,
    record: SweepRecord,
    request: int,
    revived: subprocess.Popen[bytes] | None,
) -> str | None:
    """Return the answer to a request; None if there will be none.

    A supervisor that lives is given time; one that is starting may take longer than one that
    runs, and one that has died is started again, a few times.
    """
    now = time.monotonic()
    deadline, at_last, starts = now + PATIENCE_S, now + STARTING_PATIENCE_S, MOST_STARTS
    while (error := answered(paths.store, request)) is None:
        time.sleep(POLL_S)
        # The one that was alive may have ended without seeing the request, and until it had, it
        # sent others away.
        starting = revived is not None and revived.poll() is None
        if not starting and not (
            supervisor_lives(reader.sweep(), paths) or _starting(reader, paths)
        ):
            if not starts:
                return answered(paths.store, request)
            starts -= 1
            revived = _revive(paths, record)
        if time.monotonic() > (at_last if starting else deadline):
            return answered(paths.store, request)
    return error


def _reason(paths: SweepPaths) -> str:
    """Return the last words of the supervisor, and where the others are."""
    try:
        said = read_below(paths.folder, paths.log).decode("utf-8", "replace").strip().splitlines()
    except OSError:
        said = []
    if not said:
        return f"its supervisor ended without a word ({paths.log} is empty): ask again"
    return f"its supervisor's last words in {paths.log} are {said[-1][:300]!r}"


def refuse_copies(sweep: SweepRecord) -> None:
    """See to it that nobody steers what never ran here.

    Raises
    ------
    SweepStateError
        If it is a copy.
    """
    if sweep.options.copied:
        there = "/".join(part for part in (sweep.entity, sweep.project, sweep.id) if part)
        raise SweepStateError(
            f"sweep {sweep.id} is a copy of a W&B sweep: attach({there!r}, function) runs more of "
            f"it here, and fetch({there!r}) reads what is new"
        )


def _must_be_at_home(sweep: SweepRecord, paths: SweepPaths) -> None:
    """Refuse to revive what was copied from elsewhere and could not run here.

    Raises
    ------
    SweepStateError
        If its runs had nowhere to run, or another folder's supervisor looks after them.
    """
    deadline = time.monotonic() + ENDING_S
    while alive(sweep.supervisor) and not is_supervised(paths):
        if time.monotonic() > deadline:
            raise SweepStateError(
                f"{paths.folder} is a copy of sweep {sweep.id}, which is running in a folder of "
                f"its own: attach({sweep.id!r}) steers it"
            )
        time.sleep(POLL_S)
    directory = manifest_of(paths).directory
    if not Path(directory).is_dir():
        raise SweepStateError(
            f"sweep {sweep.id} ran in {directory}, which does not exist here: it can be read, and "
            "its runs exported; to run more, start a sweep with prior="
            f"{str(paths.folder)!r}"
        )


def _starting(reader: StoreReader, paths: SweepPaths) -> bool:
    record = reader.sweep()
    return (
        record.state is SweepState.PENDING
        and record.supervisor is None
        and not has_died(record, paths)
    )


def _refuse_without_code(paths: SweepPaths, record: SweepRecord) -> None:
    if manifest_of(paths).kind == "command" and not record.spec.get("program"):
        raise SweepStateError(
            f"sweep {record.id} has no code to run yet: give it with "
            f"agent({str(record.id)!r}, function=train), or with a %%wandb_sweep {record.id} cell"
        )


def _revive(paths: SweepPaths, record: SweepRecord) -> subprocess.Popen[bytes]:
    statement, manifest = authorize(paths, record.spec)
    environment = {**manifest.environment, **inherited(os.environ), **vouched(statement)}
    return start_supervisor(paths, environment, manifest.executable)
