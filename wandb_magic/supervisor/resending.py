"""Sending anew what W&B's server has refused of runs in their course, once they have ended.

wandb stops uploading a run for good at an answer that it takes for final; all of it is on the
disk. A process of its own, `wandb_magic.sync`, sends what the server lacks, a few times at most.
"""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Callable, Mapping

from wandb_magic.detach import start_sync
from wandb_magic.host import Refused
from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunId

PAUSES_S = (0.0, 10.0)  # before each try
LONGEST_S = 180.0  # of one try: the sweep's end waits for it
LEAVING_S = 20.0  # for one that was told to end
MOST_TOLD = 5  # what a server refuses of one run it may refuse of all

log = logging.getLogger(__name__)


class Resending:
    """The runs of a sweep that W&B's server has refused; owned by the supervisor's loop.

    Parameters
    ----------
    paths
        The sweep's paths.
    environment
        The environment of what sends them, with the account.
    notify
        Tells the user something.
    """

    def __init__(
        self, paths: SweepPaths, environment: Mapping[str, str], notify: Callable[[str], None]
    ) -> None:
        self._paths = paths.resending
        self._environment = environment
        self._notify = notify
        self._refused: dict[RunId, str] = {}
        self._due: dict[RunId, int] = {}  # how often each was tried
        self._sent_now: list[RunId] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._next = float("-inf")
        self._is_ending = False
        self._told = 0

    def refused(self, event: Refused) -> None:
        """Note that a run is not uploaded any more."""
        self._refused[event.run] = event.directory
        self._tell(
            f"W&B's server refused what run {event.run} sends ({event.reason}), and wandb has "
            "stopped uploading it for good: all of it is here, and is sent when the run has ended"
        )

    def ended(self, run: RunId) -> None:
        """Note that a run has ended."""
        if run in self._refused:
            self._due[run] = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing more is to be sent."""
        return self._process is None and not self._due

    def tick(self) -> None:
        """Send what is due; the store must have been written before."""
        now = time.monotonic()
        if self._process is not None:
            if self._process.poll() is None:
                self._end_if_late(self._process, now - self._started - LONGEST_S)
                return
            self._conclude(well=self._process.returncode == 0)
            self._process = None
        if self._due and now >= self._next:
            self._sent_now, self._started = list(self._due), now
            arguments = ["--runs", ",".join(self._sent_now)]
            try:
                self._is_ending = False
                self._process = start_sync(self._paths, arguments, self._environment)
            except OSError as error:
                log.warning("%s", error)
                self._conclude(well=False)

    def _end_if_late(self, process: subprocess.Popen[bytes], late: float) -> None:
        """End a try that is late, by so many seconds; a later tick sees it gone."""
        if late >= LEAVING_S:
            process.kill()
        elif late >= 0 and not self._is_ending:
            self._is_ending = True
            process.terminate()

    def _conclude(self, *, well: bool) -> None:
        for run in self._sent_now:
            self._due[run] += 1
            if well:
                del self._due[run]
                self._tell(f"what W&B's server had refused of run {run} was sent")
            elif self._due[run] >= len(PAUSES_S):
                del self._due[run]
                self._tell(
                    f"what W&B's server had refused of run {run} could not be sent "
                    f"({self._paths.sync.log} says why): "
                    f"`wandb sync --include-online {self._refused[run]}` tries again"
                )
        tries = max(self._due.values(), default=0)
        self._next = time.monotonic() + PAUSES_S[min(tries, len(PAUSES_S) - 1)]

    def _tell(self, text: str) -> None:
        self._told += 1
        if self._told <= 2 * MOST_TOLD:
            self._notify(text)
        log.info("%s", text)
