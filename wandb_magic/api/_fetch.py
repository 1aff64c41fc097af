"""A copy of a W&B sweep that never ran here: complete enough to analyse, and never steered.

It lies in a folder of its own beside the sweeps of this machine. Fetched again, it takes in what
is new: each run's history goes on behind the last step that is here.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from wandb_magic import registry
from wandb_magic.api import _sweep_dir
from wandb_magic.api._run_importer import HISTORY, RunImporter
from wandb_magic.api._sweep import Sweep
from wandb_magic.bundle import Manifest
from wandb_magic.bundle.manifest import inheritable_environment
from wandb_magic.errors import SweepError, SweepNotFoundError, SweepStateError
from wandb_magic.paths import (
    FOLDER_MODE,
    SweepPaths,
    make_folder,
    open_private,
    wandb_folder,
    write_atomically,
)
from wandb_magic.records import Options, SweepId, SweepRecord, SweepState
from wandb_magic.spec import Spec, load_lenient
from wandb_magic.store import StoreReader, StoreWriter
from wandb_magic.wandb_client import RemoteSweep, has_credentials
from wandb_magic.wandb_client.export import SweepExport
from wandb_magic.wandb_client.sweeps import parse_sweep_path

CURSORS_FILE = "fetched.json"  # what W&B said of each run when it was read
NO_CODE = Manifest(
    kind="command",
    python="",
    directory="",
    path=(),
    imports={},
    variables=(),
    spans=(),
    sources={},
    environment={},
)
"""The bundle of a copy: whoever reads one finds it empty."""
_STATES = {
    "FINISHED": SweepState.FINISHED,
    "CANCELED": SweepState.STOPPED,
    "STOPPED": SweepState.STOPPED,
    "CRASHED": SweepState.FAILED,
    "FAILED": SweepState.FAILED,
}


def fetch(sweep: str, *, entity: str | None = None, project: str | None = None) -> Sweep:
    """Return a W&B sweep with all that its runs logged, as a copy in a folder here.

    One that this machine runs is only returned. Fetched again, a copy takes in what is new.

    Parameters
    ----------
    sweep
        ``entity/project/id``, an id, or the address of the sweep's page.
    entity, project
        Where to look if `sweep` does not say it.

    Raises
    ------
    RemoteError
        If the server cannot be reached, or has no such sweep.
    SweepNotFoundError
        If there is no API key, or `sweep` names none.
    """
    id_ = SweepId(parse_sweep_path(sweep)[2])
    entry = next((entry for entry in registry.list_available() if entry.id == id_), None)
    paths = None if entry is None else entry.paths
    if paths is not None and not _is_imported(paths):
        return Sweep(paths)
    environment = inheritable_environment(os.environ)
    if not has_credentials(environment):
        raise SweepNotFoundError(
            f"there is no sweep {sweep!r} here, and W&B finds no API key to read it there: "
            "run `wandb login` or set WANDB_API_KEY"
        )
    target = paths or SweepPaths(wandb_folder(_sweep_dir.base_dir()) / f"sweep-{id_}-copy")
    cursors = _read_cursors(target)
    positions = _read_positions(target, cursors)
    export = SweepExport(sweep, environment, positions, entity=entity or "", project=project or "")
    with closing(export):
        try:
            if target.store.exists():
                with _exclusive_lock(target):
                    _import_runs(target, export, cursors)
            else:
                _create_import(target, export)
        except OSError as error:
            raise SweepError(_sweep_dir.explain_os_error(error, target)) from error
    return Sweep(target)


def _create_import(target: SweepPaths, export: SweepExport) -> None:
    """Make a whole copy, or none."""
    make_folder(target.folder.parent, exist_ok=True)
    staging = SweepPaths(
        Path(tempfile.mkdtemp(dir=target.folder.parent, prefix=f".{target.folder.name}."))
    )
    record = _sweep_record(export.sweep, load_lenient(export.sweep.config))
    try:
        _sweep_dir.write_files(staging, record)
        staging.bundle.mkdir(mode=FOLDER_MODE)
        NO_CODE.write(staging.bundle)
        _import_runs(staging, export, {})
        if target.folder.exists():  # somebody was faster, or left half of one
            shutil.rmtree(target.folder)
        staging.folder.rename(target.folder)
    except BaseException:
        staging.store.unlink(missing_ok=True)
        shutil.rmtree(staging.folder, ignore_errors=True)
        raise
    registry.add(
        registry.SweepLocation(record.id, record.name, str(target.folder), record.created)
    )


def _import_runs(paths: SweepPaths, export: SweepExport, cursors: dict[str, str]) -> None:
    """Take in what is read, run by run: what came before an error stays."""
    spec = load_lenient(export.sweep.config)
    with closing(StoreWriter(paths.store)) as store, closing(StoreReader(paths.store)) as reader:
        importer = RunImporter(store, reader, export.sweep)
        for run, mark in importer.import_runs(iter(export)):
            cursors[run] = mark
            write_atomically(paths.folder / CURSORS_FILE, json.dumps(cursors))
        fresh = _sweep_record(export.sweep, spec)
        notices = fresh.notices
        if importer.skipped:
            skipped = importer.skipped
            what = "run is" if skipped == 1 else "runs are"
            notices += (f"{skipped} {what} left out: another form of id than W&B's own",)
        runs = reader.runs()
        store.update_sweep(
            name=fresh.name,
            state=fresh.state,
            cause=fresh.cause,
            spec=fresh.spec,
            notices=notices,
            started=min((run.started for run in runs if run.started is not None), default=None),
            ended=max((run.ended for run in runs if run.ended is not None), default=time.time()),
        )
        store.commit()


def _sweep_record(remote: RemoteSweep, spec: Spec) -> SweepRecord:
    state = _STATES.get(remote.state, SweepState.STOPPED)
    remote_state = remote.state.lower()
    moment = time.strftime("%Y-%m-%d %H:%M:%S")
    cause = (
        "" if state is SweepState.FINISHED else f"a copy: it was {remote_state} at W&B on {moment}"
    )
    now = time.time()
    return SweepRecord(
        id=SweepId(remote.id),
        name=spec.name or remote.id,
        project=remote.project,
        entity=remote.entity,
        mode="online",
        state=state,
        created=now,
        spec=spec.to_dict(),
        options=Options(attached=True, copied=True),
        agents=1,
        budget=spec.run_cap,
        cause=cause,
        ended=now,
        notices=(*spec.notices, f"a copy of a W&B sweep, read on {moment}"),
        url=remote.url,
    )


def _is_imported(paths: SweepPaths) -> bool:
    with closing(StoreReader(paths.store)) as reader:
        return reader.sweep().options.copied


def _read_cursors(paths: SweepPaths) -> dict[str, str]:
    try:
        cursors: dict[str, str] = json.loads(
            (paths.folder / CURSORS_FILE).read_text(encoding="utf-8")
        )
    except (OSError, ValueError):
        return {}
    return cursors


def _read_positions(paths: SweepPaths, cursors: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """Return what is here of each run; what was written last need not have its mark yet."""
    if not paths.store.exists():
        return {}
    with closing(StoreWriter(paths.store)) as store, closing(StoreReader(paths.store)) as reader:
        return {
            run.id: (cursors.get(run.id, ""), store.positions(run.id).get(HISTORY, 0))
            for run in reader.runs()
        }


@contextlib.contextmanager
def _exclusive_lock(paths: SweepPaths) -> Iterator[None]:
    """Hold the copy's lock: a store has one writer."""
    import fcntl  # noqa: PLC0415 - as in `detach`

    with open_private(paths.lock, "ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SweepStateError(
                f"{paths.folder} is being fetched already: wait for it"
            ) from None
        yield
