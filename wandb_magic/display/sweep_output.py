"""The output of a cell that shows a sweep, in the formats in which a notebook keeps it.

The panel's own format has the sweep's id, from which the panel shows the sweep as it is. All other
programs show HTML or text: the last known state, with its time. `refresh` brings these up to date
in an output that was saved before, in whatever process reads the notebook. Nothing here imports
IPython.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from wandb_magic.api._status import Status
from wandb_magic.api._sweep import Sweep
from wandb_magic.display import formatting, launch_summary
from wandb_magic.display.card import card

PANEL_MIME_TYPE = "application/vnd.wandb-magic.sweep+json"
WIDGET_MIME_TYPE = "application/vnd.jupyter.widget-view+json"

MimeBundle = dict[str, Any]


class SweepOutput:
    """What the output of a cell shows of a sweep.

    Parameters
    ----------
    sweep
        The sweep.
    summary
        The lines of the launch summary, if this output's cell started the sweep.
    skipped_notices
        How many of the first notices are left out, because the launch summary has them.
    """

    def __init__(
        self, sweep: Sweep, summary: Sequence[str] = (), skipped_notices: int = 0
    ) -> None:
        self.sweep = sweep
        self._summary = list(summary)
        self._skipped_notices = skipped_notices

    def render(self, now: float) -> tuple[MimeBundle, Status]:
        """Return the output as of `now`, in seconds since the epoch, and the status it shows."""
        as_of = _as_of(now)
        html, status = card(self.sweep, self._skipped_notices, as_of)
        if self._summary:
            html += launch_summary.html(self.sweep, self._summary)
        text = (formatting.status_lines(status, self._skipped_notices, as_of), *self._summary)
        return {
            PANEL_MIME_TYPE: {
                "id": self.sweep.id,
                "as_of": now,
                "summary": self._summary,
                "skipped_notices": self._skipped_notices,
            },
            "text/html": html,
            "text/plain": "\n".join(text),
        }, status


def sweep_id(data: object) -> str | None:
    """Return the id of the sweep that an output shows; None if it shows none."""
    own = data.get(PANEL_MIME_TYPE) if isinstance(data, dict) else None
    found = own.get("id") if isinstance(own, dict) else None
    return found if isinstance(found, str) else None


def refresh(
    data: MimeBundle, find: Callable[[str], Sweep], now: float, *, keep_widget: bool = True
) -> bool:
    """Bring a saved output up to date, in place; return whether anything has changed.

    An output that shows the sweep as it still is keeps its time, so that a notebook which is saved
    again has no differences.

    Parameters
    ----------
    data
        The output's formats.
    find
        Returns the sweep with an id.
    now
        The time in seconds since the epoch.
    keep_widget
        Whether an active sweep keeps its widget, which lives as long as its kernel.

    Raises
    ------
    Exception
        If the sweep does not exist, or cannot be read.
    """
    own = data[PANEL_MIME_TYPE]
    output = SweepOutput(find(own["id"]), _summary(own), _skipped_notices(own))
    latest, status = output.render(now)
    before = dict(data)
    if not keep_widget or not formatting.is_active(status):
        data.pop(WIDGET_MIME_TYPE, None)
    saved_at = own.get("as_of")
    if not isinstance(saved_at, float) or not _differ_in_time_only(data, saved_at, latest, now):
        data.update(latest)
    return data != before


def format_time(seconds: float) -> str:
    """Return a time with the offset of its zone: ``2026-11-30 22:14+00:00``."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(sep=" ", timespec="minutes")


def _differ_in_time_only(
    data: MimeBundle, saved_at: float, latest: MimeBundle, now: float
) -> bool:
    return all(
        _joined(data.get(mime_type)) == latest[mime_type].replace(_as_of(now), _as_of(saved_at))
        for mime_type in ("text/html", "text/plain")
    )


def _as_of(seconds: float) -> str:
    return f"as of {format_time(seconds)}"


def _joined(text: object) -> object:
    """Return a text that a file may have as a list of lines."""
    return "".join(map(str, text)) if isinstance(text, list) else text


def _summary(own: dict[str, Any]) -> list[str]:
    found = own.get("summary")
    return [line for line in found if isinstance(line, str)] if isinstance(found, list) else []


def _skipped_notices(own: dict[str, Any]) -> int:
    found = own.get("skipped_notices")
    return found if isinstance(found, int) and found >= 0 else 0
