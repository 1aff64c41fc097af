"""Imports a W&B sweep that never ran here, to analyse it; an imported sweep is read-only.

It has its own folder next to the sweeps of this machine. Fetching it again adds what is new: each
run's history continues after the last imported step.
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
from wandb_magic.file_lock import FileLock
from wandb_magic.paths import FOLDER_MODE, SweepPaths, make_folder, wandb_folder, write_atomically
from wandb_magic.records import Options, SweepId, SweepRecord, SweepState
from wandb_magic.spec import Spec, load_lenient
from wandb_magic.store import StoreReader, StoreWriter
from wandb_magic.wandb_client import RemoteSweep, has_credentials
from wandb_magic.wandb_client.export import SweepExport
from wandb_magic.wandb_client.sweeps import parse_sweep_path

CURSORS_FILE = "fetched.json"  # the cursor of each run when it was imported
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
"""The empty bundle of an imported sweep."""
_STATES = {
    "FINISHED": SweepState.FINISHED,
    "CANCELED": SweepState.STOPPED,
    "STOPPED": SweepState.STOPPED,
    "CRASHED": SweepState.FAILED,
    "FAILED": SweepState.FAILED,
}


def fetch(sweep: str, *, entity: str | None = None, project: str | None = None) -> Sweep:
    """Import a W&B sweep, with everything that its runs logged, into a local folder.

    A sweep that this machine runs is only returned. Fetching an imported sweep again adds what is
    new.

    Parameters
    ----------
    sweep
        ``entity/project/id``, an id, or the URL of the sweep's page.
    entity, project
        The entity and project, if `sweep` does not contain them.

    Raises
    ------
    RemoteError
        If the server cannot be reached, or has no such sweep.
    SweepNotFoundError
        If there is no API key, or `sweep` does not name a sweep.
    """
    id_ = SweepId(parse_sweep_path(sweep)[2])
    entry = registry.find_available(id_)
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
    """Import a sweep into a new folder, completely or not at all."""
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
        if target.folder.exists():  # another process was faster, or left an incomplete import
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
    """Import run by run; the runs imported before an error are kept."""
    spec = load_lenient(export.sweep.config)
    with closing(StoreWriter(paths.store)) as store, closing(StoreReader(paths.store)) as reader:
        importer = RunImporter(store, reader, export.sweep)
        for run, cursor in importer.import_runs(iter(export)):
            cursors[run] = cursor
            write_atomically(paths.folder / CURSORS_FILE, json.dumps(cursors))
        record = _sweep_record(export.sweep, spec)
        notices = record.notices
        if importer.skipped:
            skipped = importer.skipped
            runs_are = "run is" if skipped == 1 else "runs are"
            notices += (f"{skipped} {runs_are} left out: the id does not have W&B's usual form",)
        runs = reader.runs()
        store.update_sweep(
            name=record.name,
            state=record.state,
            cause=record.cause,
            spec=record.spec,
            notices=notices,
            started=min((run.started for run in runs if run.started is not None), default=None),
            ended=max((run.ended for run in runs if run.ended is not None), default=time.time()),
        )
        store.commit()


def _sweep_record(remote: RemoteSweep, spec: Spec) -> SweepRecord:
    state = _STATES.get(remote.state, SweepState.STOPPED)
    remote_state = remote.state.lower()
    read_at = time.strftime("%Y-%m-%d %H:%M:%S")
    cause = (
        ""
        if state is SweepState.FINISHED
        else f"a copy: it was {remote_state} at W&B on {read_at}"
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
        notices=(*spec.notices, f"a copy of a W&B sweep, read on {read_at}"),
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
    """Return how far each run was imported; the last one may not have a cursor yet."""
    if not paths.store.exists():
        return {}
    with closing(StoreWriter(paths.store)) as store, closing(StoreReader(paths.store)) as reader:
        return {
            run.id: (cursors.get(run.id, ""), store.positions(run.id).get(HISTORY, 0))
            for run in reader.runs()
        }


@contextlib.contextmanager
def _exclusive_lock(paths: SweepPaths) -> Iterator[None]:
    """Hold the imported sweep's lock: a store has one writer."""
    with FileLock(paths.lock) as lock:
        if not lock.acquire():
            raise SweepStateError(
                f"{paths.folder} is already being fetched: wait until that is done"
            )
        yield
