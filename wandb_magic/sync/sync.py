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
from wandb_magic.processes import alive
from wandb_magic.records import RunId, RunRecord, RunState, SweepRecord, SweepState
from wandb_magic.store import StoreReader
from wandb_magic.sync import copying
from wandb_magic.sync.copying import Copy, Source
from wandb_magic.sync.sending import Command
from wandb_magic.sync.site import Arrived, Site
from wandb_magic.sync.state import Phase, Progress, Step

log = logging.getLogger(__name__)

BATCH = 20
TRIES = 3
LOOK_S = 1.0  # between looks for runs that have ended meanwhile
COUNTED_S = 15.0  # for the server to have counted what it was sent
PATIENCE_S = 600.0  # for a server that is in trouble


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
        progress: Progress,
        site: Site,
        command: Command,
        only: frozenset[RunId] | None = None,
    ) -> None:
        self._paths = paths
        self._reader = reader
        self._progress = progress
        self._site = site
        self._command = command
        self._only = only
        self._tries: Counter[RunId] = Counter()
        paths.sync.copies.mkdir(mode=FOLDER_MODE, exist_ok=True)

    def run(self, *, once: bool) -> None:
        """Send what there is until the sweep is over; with `once`, what has ended now.

        Raises
        ------
        RemoteError
            If the server refuses, or is in trouble for long.
        """
        last_word, pause = time.monotonic(), LOOK_S
        while True:
            runs = self._runs()
            due = [run for run in runs if run.state.ended and self._is_due(run)]
            self._progress.change(runs=len(runs), sent=sum(map(self._progress.is_sent, runs)))
            if due:
                self._progress.change(phase=Phase.SENDING)
                try:
                    self._send(due[:BATCH])
                except RemoteError as error:
                    if error.lasting or time.monotonic() - last_word > PATIENCE_S:
                        raise
                    log.warning("%s", error)
                    time.sleep(pause)
                    pause = min(2 * pause, 30.0)
                else:
                    last_word, pause = time.monotonic(), LOOK_S
            elif once or _over(self._reader.sweep(), runs):
                break
            else:
                self._progress.change(phase=Phase.WAITING)
                time.sleep(LOOK_S)
        self._conclude(runs)

    def _runs(self) -> list[RunRecord]:
        runs = [run for run in self._reader.runs() if self._only is None or run.id in self._only]
        return sorted(runs, key=lambda run: (run.number, run.attempt))

    def _is_due(self, run: RunRecord) -> bool:
        return not self._progress.is_sent(run) and self._tries[run.id] < TRIES

    def _send(self, runs: Sequence[RunRecord]) -> None:
        there = self._there(runs)
        copies = []
        for run in runs:
            had = there.get(run.id)
            # wandb-core puts a history behind the lines that the server has.
            skip = had.steps if had is not None and self._command.parallel else 0
            source = Source(run, self._paths.run(run.id), list(self._folders(run)))
            copy = copying.copy(source, self._paths.sync.copies, self._site.address, skip)
            if copy.damaged:
                self._progress.notice(f"part of the log of run {run.number} cannot be read")
            taken = self._progress.taken.get(run.id)
            resumed = taken is not None and taken.sent
            if had is not None and not resumed and self._is_whole(copy, had):
                self._arrived(copy, had)
                continue
            if had is None:
                self._progress.note(run, Step.BEGUN)
                self._site.enter(run.id)
            copies.append(copy)
        if copies:
            log.info("sending %s", ", ".join(f"run {copy.run.number}" for copy in copies))
            self._command.send(copies)
            self._confirm([copy for copy in copies if copy.marked])
        for copy in copies:
            if not self._progress.is_sent(copy.run):
                self._tries[copy.run.id] += 1

    def _there(self, runs: Sequence[RunRecord]) -> dict[RunId, Arrived]:
        """Ask what the server has of runs, until it no longer counts what it was sent before."""
        there = self._site.arrived([run.id for run in runs])
        while any(not run.ended and run.steps for run in there.values()):
            before = there
            time.sleep(LOOK_S)
            there = self._site.arrived([run.id for run in runs])
            if there == before:
                break
        return there

    def _confirm(self, copies: Sequence[Copy]) -> None:
        """Ask the server whether runs have arrived; it may still be counting."""
        deadline = time.monotonic() + COUNTED_S
        left = {copy.run.id: copy for copy in copies}
        while left:
            late = time.monotonic() > deadline
            for run, found in self._site.arrived(left).items():
                # What wandb-core has sent to its end would be doubled; the older command may try
                # again, but it may also have been wandb that dropped a line.
                spent = self._command.parallel or self._tries[run] > 0
                if self._is_whole(left[run], found, short=late and spent):
                    self._arrived(left.pop(run), found)
            if late:
                break
            time.sleep(LOOK_S if left else 0)

    def _is_whole(self, copy: Copy, there: Arrived, *, short: bool = False) -> bool:
        """Tell whether the server has a run to its end; with `short`, lines may be missing."""
        whole = short or there.steps >= copy.steps
        return there.ended and whole and there.sweep == self._site.address.sweep

    def _arrived(self, copy: Copy, there: Arrived) -> None:
        if there.steps != copy.steps:
            self._progress.notice(
                f"run {copy.run.number} has {there.steps} steps at W&B, and {copy.steps} here"
            )
        self._progress.note(copy.run, Step.SENT)
        self._progress.change(sent=self._progress.state.sent + 1)
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
                self._progress.notice(
                    f"W&B's folder of run {run.number} is gone ({place}): only its parameters, "
                    "output and state were sent"
                )

    def _conclude(self, runs: Sequence[RunRecord]) -> None:
        lacking = [
            run.number for run in runs if run.state.ended and not self._progress.is_sent(run)
        ]
        if lacking:
            raise RemoteError(
                f"{len(lacking)} runs did not arrive (run {', '.join(map(str, lacking[:5]))}): "
                f"{self._paths.sync.log} says why; sync again to try again",
                lasting=False,
            )
        if self._only is None and self._reader.sweep().state.ended:
            self._site.finish()
        self._progress.change(phase=Phase.DONE, problem="")


def _over(sweep: SweepRecord, runs: Sequence[RunRecord]) -> bool:
    """Tell whether no more runs will end unless somebody does something."""
    if any(run.state is RunState.RUNNING and alive(run.process) for run in runs):
        return False
    held = sweep.state is SweepState.PAUSED or sweep.state.ended
    return held or not alive(sweep.supervisor)
