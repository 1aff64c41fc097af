"""The course of a sync: which run is sent when, and when it is known to have arrived.

Each run is first entered into the real sweep, in order, then sent. It counts as sent once the
server says that the run has ended and has all its history; whatever happens before that, the next
look at the server tells how much of it is there, and only the rest is sent.
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
POLL_INTERVAL_S = 1.0  # between looks for runs that have ended meanwhile
CONFIRM_TIMEOUT_S = 15.0  # for the server to have counted what it was sent
OUTAGE_TIMEOUT_S = 600.0  # for a server that is in trouble


class Sync:
    """Sends the runs of one sweep.

    Parameters
    ----------
    paths
        The sweep's paths.
    reader
        Its store.
    progress
        How far it is.
    site
        Where it goes.
    command
        What sends it.
    only
        The runs to send, all by default. What becomes of the sweep is then somebody else's matter.
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
        """Send what there is until the sweep is over; with `once`, what has ended now.

        Raises
        ------
        RemoteError
            If the server refuses, or is in trouble for long.
        """
        last_word, pause = time.monotonic(), POLL_INTERVAL_S
        while True:
            runs = self._runs()
            due = [run for run in runs if run.state.has_ended and self._is_due(run)]
            self._journal.update(runs=len(runs), sent=sum(map(self._journal.is_sent, runs)))
            if due:
                self._journal.update(phase=Phase.SENDING)
                try:
                    self._send(due[:BATCH])
                except RemoteError as error:
                    if error.lasting or time.monotonic() - last_word > OUTAGE_TIMEOUT_S:
                        raise
                    log.warning("%s", error)
                    time.sleep(pause)
                    pause = min(2 * pause, 30.0)
                else:
                    last_word, pause = time.monotonic(), POLL_INTERVAL_S
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
        there = self._query_uploaded(runs)
        copies = []
        for run in runs:
            had = there.get(run.id)
            # wandb-core puts a history behind the lines that the server has.
            skip = had.steps if had is not None and self._command.parallel else 0
            source = RunSource(run, self._paths.run(run.id), list(self._folders(run)))
            copy = staging.stage_run(source, self._paths.sync.staging, self._project.address, skip)
            if copy.damaged:
                self._journal.add_notice(f"part of the log of run {run.number} cannot be read")
            taken = self._journal.uploads.get(run.id)
            resumed = taken is not None and taken.sent
            if had is not None and not resumed and self._is_complete(copy, had):
                self._mark_sent(copy, had)
                continue
            if had is None:
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
        """Ask what the server has of runs, until it no longer counts what it was sent before."""
        there = self._project.uploaded_runs([run.id for run in runs])
        while any(not run.ended and run.steps for run in there.values()):
            before = there
            time.sleep(POLL_INTERVAL_S)
            there = self._project.uploaded_runs([run.id for run in runs])
            if there == before:
                break
        return there

    def _confirm(self, copies: Sequence[StagedRun]) -> None:
        """Ask the server whether runs have arrived; it may still be counting."""
        deadline = time.monotonic() + CONFIRM_TIMEOUT_S
        left = {copy.run.id: copy for copy in copies}
        while left:
            late = time.monotonic() > deadline
            for run, found in self._project.uploaded_runs(left).items():
                # What wandb-core has sent to its end would be doubled; the older command may try
                # again, but it may also have been wandb that dropped a line.
                spent = self._command.parallel or self._tries[run] > 0
                if self._is_complete(left[run], found, short=late and spent):
                    self._mark_sent(left.pop(run), found)
            if late:
                break
            time.sleep(POLL_INTERVAL_S if left else 0)

    def _is_complete(self, copy: StagedRun, there: UploadedRun, *, short: bool = False) -> bool:
        """Tell whether the server has a run to its end; with `short`, lines may be missing."""
        whole = short or there.steps >= copy.steps
        return there.ended and whole and there.sweep == self._project.address.sweep

    def _mark_sent(self, copy: StagedRun, there: UploadedRun) -> None:
        if there.steps != copy.steps:
            self._journal.add_notice(
                f"run {copy.run.number} has {there.steps} steps at W&B, and {copy.steps} here"
            )
        self._journal.record_step(copy.run, UploadStep.SENT)
        self._journal.update(sent=self._journal.state.sent + 1)
        copy.remove()

    def _folders(self, run: RunRecord) -> Iterator[Path]:
        """Yield W&B's folders of a run, which may have been moved with the sweep's."""
        places = dict.fromkeys([*self._reader.logs(run.id), run.directory])
        for place in sorted(
            (Path(place) for place in places if place), key=lambda path: path.name
        ):
            moved = self._paths.folder.parent / place.name
            found = next((path for path in (place, moved) if path.is_dir()), None)
            if found is not None:
                yield found
            else:
                self._journal.add_notice(
                    f"W&B's folder of run {run.number} is gone ({place}): only its parameters, "
                    "output and state were sent"
                )

    def _finish(self, runs: Sequence[RunRecord]) -> None:
        lacking = [
            run.number for run in runs if run.state.has_ended and not self._journal.is_sent(run)
        ]
        if lacking:
            raise RemoteError(
                f"{len(lacking)} runs did not arrive (run {', '.join(map(str, lacking[:5]))}): "
                f"{self._paths.sync.log} says why; sync again to try again",
                lasting=False,
            )
        if self._only is None and self._reader.sweep().state.has_ended:
            self._project.finish()
        self._journal.update(phase=Phase.DONE, problem="")


def _is_finished(sweep: SweepRecord, runs: Sequence[RunRecord]) -> bool:
    """Tell whether no more runs will end unless somebody does something."""
    if any(run.state is RunState.RUNNING and is_alive(run.process) for run in runs):
        return False
    held = sweep.state is SweepState.PAUSED or sweep.state.has_ended
    return held or not is_alive(sweep.supervisor)
