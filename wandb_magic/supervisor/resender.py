"""Resends what W&B's server refused while runs were running, once they have ended.

wandb stops uploading a run for good after an answer that it considers final; all data is on disk.
A separate process, `wandb_magic.sync`, sends what the server lacks, a few times at most.
"""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Callable, Mapping

from wandb_magic.daemon import start_sync
from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunId
from wandb_magic.runner.events import UploadRefused

RETRY_DELAYS_S = (0.0, 10.0)  # before each try
MAX_DURATION_S = 180.0  # of one try: the sweep's end waits for it
EXIT_TIMEOUT_S = 20.0  # after SIGTERM
MAX_NOTICES = 5  # a server that refuses one run may refuse all of them

log = logging.getLogger(__name__)


class Resender:
    """Tracks and resends the runs that W&B's server refused; owned by the supervisor's loop.

    Parameters
    ----------
    paths
        The sweep's paths.
    environment
        The environment of the sending process, with the account.
    notify
        Shows the user a notice.
    """

    def __init__(
        self, paths: SweepPaths, environment: Mapping[str, str], notify: Callable[[str], None]
    ) -> None:
        self._paths = paths.resend
        self._environment = environment
        self._notify = notify
        self._refused: dict[RunId, str] = {}
        self._attempts: dict[RunId, int] = {}  # by run that has ended
        self._in_flight: list[RunId] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._next_attempt_at = float("-inf")
        self._is_ending = False
        self._notice_count = 0

    def on_upload_refused(self, event: UploadRefused) -> None:
        """Note that a run is no longer uploaded."""
        self._refused[event.run] = event.directory
        self._send_notice(
            f"W&B's server refused what run {event.run} sends ({event.reason}), and wandb has "
            "stopped uploading it for good: all of it is here, and is sent when the run has ended"
        )

    def on_run_ended(self, run: RunId) -> None:
        """Note that a run has ended."""
        if run in self._refused:
            self._attempts[run] = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to send."""
        return self._process is None and not self._attempts

    def tick(self) -> None:
        """Send what is due; the store must have been committed before."""
        now = time.monotonic()
        if self._process is not None:
            if self._process.poll() is None:
                self._end_if_late(self._process, now - self._started - MAX_DURATION_S)
                return
            self._finish_attempt(succeeded=self._process.returncode == 0)
            self._process = None
        if self._attempts and now >= self._next_attempt_at:
            self._in_flight, self._started = list(self._attempts), now
            arguments = ["--runs", ",".join(self._in_flight)]
            try:
                self._is_ending = False
                self._process = start_sync(self._paths, arguments, self._environment)
            except OSError as error:
                log.warning("%s", error)
                self._finish_attempt(succeeded=False)

    def _end_if_late(self, process: subprocess.Popen[bytes], late: float) -> None:
        """End an attempt that is `late` seconds over its limit; a later tick notices its exit."""
        if late >= EXIT_TIMEOUT_S:
            process.kill()
        elif late >= 0 and not self._is_ending:
            self._is_ending = True
            process.terminate()

    def _finish_attempt(self, *, succeeded: bool) -> None:
        for run in self._in_flight:
            self._attempts[run] += 1
            if succeeded:
                del self._attempts[run]
                self._send_notice(f"what W&B's server had refused of run {run} was sent")
            elif self._attempts[run] >= len(RETRY_DELAYS_S):
                del self._attempts[run]
                self._send_notice(
                    f"what W&B's server had refused of run {run} could not be sent "
                    f"({self._paths.sync.log} says why): "
                    f"`wandb sync --include-online {self._refused[run]}` tries again"
                )
        attempts = max(self._attempts.values(), default=0)
        self._next_attempt_at = (
            time.monotonic() + RETRY_DELAYS_S[min(attempts, len(RETRY_DELAYS_S) - 1)]
        )

    def _send_notice(self, text: str) -> None:
        self._notice_count += 1
        if self._notice_count <= 2 * MAX_NOTICES:
            self._notify(text)
        log.info("%s", text)
