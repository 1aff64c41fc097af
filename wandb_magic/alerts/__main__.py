"""Entry point of the process that watches a sweep and sends its alerts."""

from __future__ import annotations

import logging
import os
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from wandb_magic.alert_rules import AlertRule, parse_rules
from wandb_magic.alerts.address import SendError, require_address, send
from wandb_magic.alerts.journal import Alert, Journal
from wandb_magic.alerts.watcher import applying
from wandb_magic.api._status import is_supervisor_alive, status_of
from wandb_magic.display.formatting import status_line
from wandb_magic.errors import SweepError
from wandb_magic.file_lock import FileLock
from wandb_magic.paths import SweepPaths
from wandb_magic.store import StoreReader

_POLL_S = 0.5
_WITHOUT_SUPERVISOR_S = 3600.0  # it may be started again; then it starts another of these
_RETRY_DELAYS_S = (0.0, 2.0, 10.0, 60.0, 300.0)

log = logging.getLogger(__name__)


def main() -> int:
    """Watch the sweep in the folder that the command line names, until all is sent."""
    paths = SweepPaths(Path(sys.argv[1]))
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr
    )
    os.umask(0o077)
    with FileLock(paths.notify_lock) as lock:
        if lock.acquire():
            with closing(StoreReader(paths.store)) as reader:
                _watch(paths, reader)
    return 0


def _watch(paths: SweepPaths, reader: StoreReader) -> None:
    rules = parse_rules(reader.sweep().options.notify)
    sender = _Sender(Journal(paths.notify), reader.sweep().name)
    seen_alive = time.monotonic()
    while paths.folder.exists():
        try:
            is_over = _look(rules, paths, reader, sender)
            if is_supervisor_alive(reader.sweep(), paths):
                seen_alive = time.monotonic()
            elif is_over or time.monotonic() - seen_alive > _WITHOUT_SUPERVISOR_S:
                return
        except SweepError as error:  # the disk, for example
            log.warning("%s", error)
        time.sleep(_POLL_S)


def _look(
    rules: tuple[AlertRule, ...], paths: SweepPaths, reader: StoreReader, sender: _Sender
) -> bool:
    """Send what is due; return whether nothing is left to do."""
    status = status_of(reader, paths)
    for key, text in applying(rules, status, reader, paths):
        sender.journal.add(key, text)
    sender.send_due(status_line(status))
    return status.sweep.ended is not None and not sender.journal.due


class _Sender:
    """Sends what is due, and tries again what could not be delivered."""

    def __init__(self, journal: Journal, name: str) -> None:
        self.journal = journal
        self._name = name
        self._attempts: dict[str, tuple[int, float]] = {}

    def send_due(self, status: str) -> None:
        """Send each alert that is due; `status` is the sweep in one line."""
        for alert in self.journal.due:
            attempts, at = self._attempts.get(alert.key, (0, 0.0))
            if time.monotonic() >= at:
                self._send(alert, attempts, status)

    def _send(self, alert: Alert, attempts: int, status: str) -> None:
        try:
            address = require_address(os.environ)
            self.journal.set(replace(alert, state="sending"))
            send(address, f"sweep {self._name}: {alert.text}", status)
        except SendError as error:
            log.warning("%s was not sent: %s", alert.key, error)
            attempts += 1
            state = "due" if attempts < len(_RETRY_DELAYS_S) else "failed"
            if state == "due":
                delay = _RETRY_DELAYS_S[attempts]
                self._attempts[alert.key] = (attempts, time.monotonic() + delay)
            self.journal.set(replace(alert, state=state, note=str(error)))
        else:
            log.info("%s was sent", alert.key)
            self.journal.set(replace(alert, state="sent", note=""))


if __name__ == "__main__":
    sys.exit(main())
