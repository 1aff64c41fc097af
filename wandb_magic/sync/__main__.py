"""The sync process: takes the lock, finds or creates the real sweep, sends, reports errors."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from contextlib import closing
from pathlib import Path
from typing import NoReturn

from wandb_magic.errors import RemoteError, SweepError
from wandb_magic.file_lock import FileLock
from wandb_magic.paths import FOLDER_MODE, SweepPaths
from wandb_magic.processes import current_process
from wandb_magic.records import RunId
from wandb_magic.store import StoreReader
from wandb_magic.sync.remote_project import RemoteProject, ensure_sweep
from wandb_magic.sync.state import Phase, SyncJournal, SyncState, Target, read
from wandb_magic.sync.sync import Sync
from wandb_magic.sync.uploader import MARK, WandbSyncCommand, kill_stale_processes
from wandb_magic.wandb_client import WandbClient, account
from wandb_magic.wandb_client.account import Account
from wandb_magic.wandb_client.subprocess_client import TIMEOUT_S
from wandb_magic.wandb_client.sweeps import DEFAULT_PROJECT
from wandb_magic.wandb_log.rewrite import Address

log = logging.getLogger(__name__)


def main() -> int:
    """Send the sweep in the folder that the command line names."""
    options = _parse_arguments()
    paths = SweepPaths(options.folder)
    if options.runs:
        paths = paths.resend
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr
    )
    os.umask(0o077)
    paths.sync.folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    with FileLock(paths.sync.lock) as lock:
        if not lock.acquire():
            return os.EX_TEMPFAIL if options.runs else 0  # the running one continues
        signal.signal(signal.SIGTERM, _abort)
        succeeded = _send(paths, options)
    return os.EX_UNAVAILABLE if options.runs and not succeeded else 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m wandb_magic.sync")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--project", default="")
    parser.add_argument("--entity", default="")
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--runs", default="")
    return parser.parse_args()


def _send(paths: SweepPaths, options: argparse.Namespace) -> bool:
    before = read(paths.sync) or SyncState(Target())
    progress = SyncJournal(paths.sync, before)
    progress.update(phase=Phase.CREATING, problem="", notices=(), process=current_process())
    # The search for the sweep must not miss one that is still being created.
    creating_still = before.asked and not before.target.id
    kill_stale_processes(paths.sync.folder, TIMEOUT_S if creating_still else 0.0)
    try:
        with closing(StoreReader(paths.store)) as reader:
            (_resend if options.runs else _run)(paths, options, progress, reader)
    except SweepError as error:
        log.error("%s", error)  # noqa: TRY400 - a sentence for the user
        progress.update(phase=Phase.FAILED, problem=str(error))
        return False
    return True


def _resend(
    paths: SweepPaths, options: argparse.Namespace, progress: SyncJournal, reader: StoreReader
) -> None:
    """Send runs of an online sweep whose uploads the server refused while they ran."""
    environment = {**os.environ, MARK: str(paths.sync.folder)}
    found_account, sweep = account(environment), reader.sweep()
    with closing(
        WandbClient(found_account.base_url, found_account.key, found_account.source)
    ) as client:
        entity = client.entity(sweep.entity or found_account.entity)
        target = Target(entity, sweep.project, sweep.id, sweep.url)
        progress.update(target=target, phase=Phase.SENDING)
        command = WandbSyncCommand.installed(environment, paths.sync.folder)
        remote_project = RemoteProject(client, Address(target.entity, target.project, target.id))
        selected = frozenset(RunId(run) for run in options.runs.split(","))
        Sync(paths, reader, progress, remote_project, command, selected).run(once=True)


def _run(
    paths: SweepPaths, options: argparse.Namespace, progress: SyncJournal, reader: StoreReader
) -> None:
    environment = {**os.environ, MARK: str(paths.sync.folder)}
    found_account = account(environment)
    with closing(
        WandbClient(found_account.base_url, found_account.key, found_account.source)
    ) as client:
        _resolve_target(options, progress, reader, found_account, client)
        target = ensure_sweep(progress, reader.sweep(), found_account, client, environment)
        progress.update(target=target, phase=Phase.SENDING)
        log.info("sending to %s", target.url)
        address = Address(target.entity, target.project, target.id)
        command = WandbSyncCommand.installed(environment, paths.sync.folder)
        sync = Sync(paths, reader, progress, RemoteProject(client, address), command)
        sync.run(once=options.once)


def _resolve_target(
    options: argparse.Namespace,
    progress: SyncJournal,
    reader: StoreReader,
    who: Account,
    client: WandbClient,
) -> None:
    """Determine entity and project, once and for all; options take precedence over defaults."""
    target, sweep = progress.state.target, reader.sweep()
    if target.id or (progress.state.asked and target.entity):
        for name in ("entity", "project"):
            requested, current = getattr(options, name), getattr(target, name)
            if requested not in ("", current):
                raise RemoteError(
                    f"{name}: the sweep was sent to {target.entity}/{target.project} before, and "
                    f"continues there: remove --{name} {requested}"
                )
        client.entity(target.entity)  # check that the account still has access
        return
    entity = client.entity(options.entity or sweep.entity or who.entity)
    default_project = "" if sweep.project == DEFAULT_PROJECT else sweep.project
    project = options.project or default_project or who.project or DEFAULT_PROJECT
    progress.update(target=Target(entity, project))


def _abort(_number: int, _frame: object) -> NoReturn:
    """Exit on SIGTERM, ending the processes that were started."""
    sys.exit(os.EX_TEMPFAIL)


if __name__ == "__main__":
    sys.exit(main())
