"""Which alerts were sent, so that each is sent once, whatever is killed.

An alert is noted before it is sent, and again afterwards. One that was noted but not confirmed is
not sent again: the sending process was killed in that moment, and the alert has probably arrived.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from wandb_magic.paths import read_json_object, write_atomically

_MAX_ALERTS = 1000


@dataclass(frozen=True)
class Alert:
    """An alert.

    Attributes
    ----------
    key
        What tells it apart from all others of the sweep.
    text
        What is sent, on one line.
    time
        When it was due, in seconds since the epoch.
    state
        ``due``, ``sending``, ``sent`` or ``failed``.
    note
        Why it could not be sent.
    """

    key: str
    text: str
    time: float
    state: str = "due"
    note: str = ""


class Journal:
    """The alerts of one sweep; only one process writes it.

    Parameters
    ----------
    path
        Its file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._alerts = {alert.key: alert for alert in read_alerts(path)}

    def add(self, key: str, text: str) -> None:
        """Note that an alert is due, unless it is known."""
        if key not in self._alerts and len(self._alerts) < _MAX_ALERTS:
            self.set(Alert(key, text, time.time()))

    @property
    def due(self) -> list[Alert]:
        """The alerts that are to be sent."""
        return [alert for alert in self._alerts.values() if alert.state == "due"]

    def set(self, alert: Alert) -> None:
        """Replace what is known about an alert."""
        self._alerts[alert.key] = alert
        document = {"alerts": [asdict(each) for each in self._alerts.values()]}
        write_atomically(self._path, json.dumps(document), durable=True)


def read_alerts(path: Path) -> list[Alert]:
    """Return the alerts in a file; none if it is missing or damaged."""
    try:
        entries = (read_json_object(path) or {}).get("alerts", [])
        return [
            Alert(str(e["key"]), str(e["text"]), float(e["time"]), str(e["state"]), str(e["note"]))
            for e in entries
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []
