"""A sweep live under a cell, in a kernel.

One output says the same in several ways, and each front end takes the best that it knows: the
panel's own type, which is only the sweep's id, for the panel reads the rest from the store; a
widget that the kernel keeps up to date, where the panel is not; HTML and text of the last state.

The kernel's own event loop calls back twice a second while the kernel is idle: no thread, nothing
that blocks, nothing left to cancel when the kernel ends. What the loop shows goes into the view
alone, errors included, never into another cell. The last state replaces the widget, so that a
saved notebook shows it without one.
"""

from __future__ import annotations

import asyncio
import time
from html import escape
from typing import TYPE_CHECKING, Any

from IPython.display import DisplayHandle

from wandb_magic.api._sweep import Sweep
from wandb_magic.display import formatting, launch_summary
from wandb_magic.display.card import card
from wandb_magic.display.progress import poll_status

if TYPE_CHECKING:
    from wandb_magic.api._status import Status

PANEL_MIME_TYPE = "application/vnd.wandb-magic.sweep+json"
WIDGET_MIME_TYPE = "application/vnd.jupyter.widget-view+json"
TICK_S = 0.5
MAX_LOAD_FACTOR = 10  # drawing takes at most one part of so many of the kernel's time


class LiveView:
    """One output that shows one sweep.

    Parameters
    ----------
    sweep
        The sweep.
    show_summary
        Whether this output's cell has started it: then it says, too, what went along.
    """

    def __init__(self, sweep: Sweep, *, show_summary: bool = False) -> None:
        self.sweep = sweep
        self._summary_lines = launch_summary.lines(sweep) if show_summary else []
        self._footer = launch_summary.html(sweep) if show_summary else ""
        self._skipped_notices = (
            len(sweep.status().sweep.notices) if show_summary else 0
        )  # notices of the receipt
        self.is_closed = False  # the sweep cannot be read any more
        self._output = DisplayHandle()
        self._widget: Any = None
        self._shown_state = ""  # the state that the output shows
        self._live = False  # the sweep goes on, and the output follows it
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Show the sweep as this cell's output, and begin to follow it."""
        html, status = self._card()
        self._update_state(status)
        self._output.display(self._mime_bundle(html, status), raw=True)
        self._schedule(TICK_S)

    def refresh(self) -> None:
        """Show how the sweep stands now, and follow it on if it goes on."""
        started = time.perf_counter()
        try:
            self._show(*self._card())
        except Exception as error:  # noqa: BLE001 - whatever it is belongs into this output only
            self._live, self.is_closed = False, True
            self._output.update(_static_bundle(*_error_message(self.sweep, error)), raw=True)
        self._schedule(max(TICK_S, MAX_LOAD_FACTOR * (time.perf_counter() - started)))

    def _card(self) -> tuple[str, Status]:
        html, status = card(self.sweep, self._skipped_notices)
        return html + self._footer, status

    def _show(self, html: str, status: Status) -> None:
        if self._update_state(status) or (self._live and self._widget is None):
            self._output.update(self._mime_bundle(html, status), raw=True)
        elif self._live:
            self._widget.value = html

    def _update_state(self, status: Status) -> bool:
        """Note the state; tell whether the output must be made anew for it."""
        before, self._live = (self._live, self._shown_state), formatting.is_active(status)
        self._shown_state = "" if self._live else status.state
        return before != (self._live, self._shown_state)

    def _mime_bundle(self, html: str, status: Status) -> dict[str, Any]:
        text = "\n".join(
            (formatting.status_lines(status, self._skipped_notices), *self._summary_lines)
        )
        bundle: dict[str, Any] = {
            PANEL_MIME_TYPE: {"id": self.sweep.id},
            **_static_bundle(html, text),
        }
        if self._live and self._widget is None:
            self._widget = _html_widget()
        if self._live and self._widget is not None:
            self._widget.value = html
            bundle[WIDGET_MIME_TYPE] = {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self._widget.model_id,
            }
        return bundle

    def _schedule(self, delay: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._live:
            self._timer = asyncio.get_running_loop().call_later(delay, self.refresh)


class LiveViewManager:
    """All views of a kernel."""

    def __init__(self) -> None:
        self._views: list[LiveView] = []

    def open(self, sweep: Sweep, *, show_summary: bool = False) -> LiveView:
        """Show a sweep as this cell's output; see `LiveView`."""
        view = LiveView(sweep, show_summary=show_summary)
        self._views.append(view)
        view.open()
        return view

    def refresh_all(self) -> None:
        """Show in all views what a cell may have changed: it may have resumed a sweep."""
        self._views = [view for view in self._views if not view.is_closed]
        for view in self._views:
            view.refresh()

    def watch(self, sweep: Sweep, timeout: float | None) -> None:
        """Wait in this cell for the end of a sweep; its views go on meanwhile."""
        views = [view for view in self._views if view.sweep.id == sweep.id] or [self.open(sweep)]
        for _ in poll_status(sweep, timeout):
            for view in views:
                view.refresh()


def _static_bundle(html: str, text: str) -> dict[str, Any]:
    return {"text/html": html, "text/plain": text}


def _error_message(sweep: Sweep, error: Exception) -> tuple[str, str]:
    """Return why a sweep can be shown no longer, as HTML and as text."""
    why = formatting.truncate(str(error), 200) if sweep.path.exists() else "it is deleted"
    text = f"Sweep {sweep.id} is shown no longer: {why}."
    return escape(text), text


def _html_widget() -> Any:  # noqa: ANN401 - ipywidgets has no types
    """Return an empty widget; None where there are none."""
    try:
        from ipywidgets import HTML  # noqa: PLC0415 - slow to import, and not everywhere
    except ImportError:
        return None
    return HTML()
