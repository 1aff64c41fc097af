"""Controls a sync: which run is sent when, and when it counts as sent.

Each run is first registered in the real sweep, in order, then sent. It counts as sent once the
server reports that the run has ended and has its whole history. Whatever happens before that, the
next query to the server shows how much has arrived, and only the rest is sent.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from wandb_magic.errors import RemoteError
from wandb_magic.paths import FOLDER_MODE, SweepPaths
from wandb_magic.processes import is_alive
from wandb_magic.records import RunId, RunRecord, RunState, SweepRecord, SweepState
from wandb_magic.store import StoreReader
from wandb_magic.sync import staging
from wandb_magic.sync.remote_project import RemoteProject, UploadedRun
from wandb_magic.sync.staging import RunSource, StagedRun
from wandb_magic.sync.state import Phase, SyncJournal, UploadStep
from wandb_magic.sync.uploader import WandbSyncCommand

log = logging.getLogger(__name__)

BATCH = 20
MAX_TRIES = 3
POLL_INTERVAL_S = 1.0  # between checks for runs that have ended meanwhile
CONFIRM_TIMEOUT_S = 15.0  # for the server to count what it received
OUTAGE_TIMEOUT_S = 600.0  # for a server with errors


class Sync:
    """Sends the runs of one sweep.

    Parameters
    ----------
    paths
        The sweep's paths.
    reader
        Its store.
    progress
        The journal of the sync.
    site
        The project to send it to.
    command
        The command that sends it.
    only
        The runs to send; all by default. If given, the state of the sweep is not changed.
    """

    def __init__(
        self,
        paths: SweepPaths,
        reader: StoreReader,
        progress: SyncJournal,
        site: RemoteProject,
        command: WandbSyncCommand,
        only: frozenset[RunId] | None = None,
    ) -> None:
        self._paths = paths
        self._reader = reader
        self._journal = progress
        self._project = site
        self._command = command
        self._only = only
        self._tries: Counter[RunId] = Counter()
        paths.sync.staging.mkdir(mode=FOLDER_MODE, exist_ok=True)

    def run(self, *, once: bool) -> None:
        """Send runs until the sweep has ended; with `once`, only those that have ended now.

        Raises
        ------
        RemoteError
            If the server refuses, or has errors for too long.
        """
        last_success, pause = time.monotonic(), POLL_INTERVAL_S
        while True:
            runs = self._runs()
            due = [run for run in runs if run.state.has_ended and self._is_due(run)]
            self._journal.update(runs=len(runs), sent=sum(map(self._journal.is_sent, runs)))
            if due:
                self._journal.update(phase=Phase.SENDING)
                try:
                    self._send(due[:BATCH])
                except RemoteError as error:
                    if error.lasting or time.monotonic() - last_success > OUTAGE_TIMEOUT_S:
                        raise
                    log.warning("%s", error)
                    time.sleep(pause)
                    pause = min(2 * pause, 30.0)
                else:
                    last_success, pause = time.monotonic(), POLL_INTERVAL_S
            elif once or _is_finished(self._reader.sweep(), runs):
                break
            else:
                self._journal.update(phase=Phase.WAITING)
                time.sleep(POLL_INTERVAL_S)
        self._finish(runs)

    def _runs(self) -> list[RunRecord]:
        runs = [run for run in self._reader.runs() if self._only is None or run.id in self._only]
        return sorted(runs, key=lambda run: (run.number, run.attempt))

    def _is_due(self, run: RunRecord) -> bool:
        return not self._journal.is_sent(run) and self._tries[run.id] < MAX_TRIES

    def _send(self, runs: Sequence[RunRecord]) -> None:
        uploaded_runs = self._query_uploaded(runs)
        copies = []
        for run in runs:
            uploaded = uploaded_runs.get(run.id)
            # wandb-core appends a history to the lines that the server has.
            skip = uploaded.steps if uploaded is not None and self._command.parallel else 0
            labels = self._reader.annotations().get(run.id, {})
            source = RunSource(run, self._paths.run(run.id), list(self._folders(run)), labels)
            copy = staging.stage_run(source, self._paths.sync.staging, self._project.address, skip)
            if copy.damaged:
                self._journal.add_notice(f"part of the log of run {run.number} cannot be read")
            status = self._journal.uploads.get(run.id)
            resumed = status is not None and status.sent
            if uploaded is not None and not resumed and self._is_complete(copy, uploaded):
                self._mark_sent(copy, uploaded)
                continue
            if uploaded is None:
                self._journal.record_step(run, UploadStep.BEGUN)
                self._project.register_run(run.id)
            copies.append(copy)
        if copies:
            log.info("sending %s", ", ".join(f"run {copy.run.number}" for copy in copies))
            self._command.send(copies)
            self._confirm([copy for copy in copies if copy.is_synced])
        for copy in copies:
            if not self._journal.is_sent(copy.run):
                self._tries[copy.run.id] += 1

    def _query_uploaded(self, runs: Sequence[RunRecord]) -> dict[RunId, UploadedRun]:
        """Query what the server has of runs, until its counts no longer change."""
        uploaded = self._project.uploaded_runs([run.id for run in runs])
        while any(not run.ended and run.steps for run in uploaded.values()):
            before = uploaded
            time.sleep(POLL_INTERVAL_S)
            uploaded = self._project.uploaded_runs([run.id for run in runs])
            if uploaded == before:
                break
        return uploaded

    def _confirm(self, copies: Sequence[StagedRun]) -> None:
        """Check that runs have arrived at the server, which may still be counting."""
        deadline = time.monotonic() + CONFIRM_TIMEOUT_S
        pending = {copy.run.id: copy for copy in copies}
        while pending:
            is_late = time.monotonic() > deadline
            for run, uploaded in self._project.uploaded_runs(pending).items():
                # A run that wandb-core has sent completely would be duplicated; the older command
                # may try again, but wandb itself may also have dropped a line.
                is_final_try = self._command.parallel or self._tries[run] > 0
                if self._is_complete(pending[run], uploaded, short=is_late and is_final_try):
                    self._mark_sent(pending.pop(run), uploaded)
            if is_late:
                break
            time.sleep(POLL_INTERVAL_S if pending else 0)

    def _is_complete(self, copy: StagedRun, uploaded: UploadedRun, *, short: bool = False) -> bool:
        """Return whether the server has the whole run; with `short`, lines may be missing."""
        has_all_steps = short or uploaded.steps >= copy.steps
        return uploaded.ended and has_all_steps and uploaded.sweep == self._project.address.sweep

    def _mark_sent(self, copy: StagedRun, uploaded: UploadedRun) -> None:
        if uploaded.steps != copy.steps:
            self._journal.add_notice(
                f"run {copy.run.number} has {uploaded.steps} steps at W&B, and {copy.steps} here"
            )
        self._journal.record_step(copy.run, UploadStep.SENT)
        self._journal.update(sent=self._journal.state.sent + 1)
        copy.remove()

    def _folders(self, run: RunRecord) -> Iterator[Path]:
        """Yield W&B's folders of a run, which may have been moved together with the sweep's."""
        names = dict.fromkeys([*self._reader.logs(run.id), run.directory])
        recorded_paths = [Path(name) for name in names if name]
        for recorded in sorted(recorded_paths, key=lambda path: path.name):
            moved = self._paths.folder.parent / recorded.name
            folder = next((path for path in (recorded, moved) if path.is_dir()), None)
            if folder is not None:
                yield folder
            else:
                self._journal.add_notice(
                    f"W&B's folder of run {run.number} no longer exists ({recorded}): only its "
                    "parameters, output and state were sent"
                )

    def _finish(self, runs: Sequence[RunRecord]) -> None:
        missing = [
            run.number for run in runs if run.state.has_ended and not self._journal.is_sent(run)
        ]
        if missing:
            raise RemoteError(
                f"{len(missing)} runs did not arrive (run {', '.join(map(str, missing[:5]))}): "
                f"see {self._paths.sync.log} for the reason; sync again to retry",
                lasting=False,
            )
        if self._only is None and self._reader.sweep().state.has_ended:
            self._project.finish()
        self._journal.update(phase=Phase.DONE, problem="")


def _is_finished(sweep: SweepRecord, runs: Sequence[RunRecord]) -> bool:
    """Return whether no more runs will end unless a user intervenes."""
    if any(run.state is RunState.RUNNING and is_alive(run.process) for run in runs):
        return False
    is_stopped = sweep.state is SweepState.PAUSED or sweep.state.has_ended
    return is_stopped or not is_alive(sweep.supervisor)
