"""The live view of a sweep under a cell, in a kernel.

One output has several representations, and each front end uses the best that it supports: the
panel's own type, from which the panel uses only the sweep's id, because it reads the rest from the
store; without the panel, a widget that the kernel keeps up to date; HTML and text of the last
state, with its time (see `sweep_output`).

The kernel's own event loop updates the view twice a second while the kernel is idle, so there is
no thread, nothing that blocks, and nothing to cancel when the kernel ends. Updates, including
errors, appear only in the view, never in another cell. The last state replaces the widget, so
that a saved notebook shows it without one.
"""

from __future__ import annotations

import asyncio
import time
from html import escape
from typing import TYPE_CHECKING, Any

from IPython.display import DisplayHandle

from wandb_magic.api._sweep import Sweep
from wandb_magic.display import formatting, launch_summary
from wandb_magic.display.progress import poll_status
from wandb_magic.display.sweep_output import WIDGET_MIME_TYPE, MimeBundle, SweepOutput

if TYPE_CHECKING:
    from wandb_magic.api._status import Status

TICK_S = 0.5
MAX_LOAD_FACTOR = 10  # drawing takes at most a tenth of the kernel's time


class LiveView:
    """A cell output that shows a sweep.

    Parameters
    ----------
    sweep
        The sweep.
    show_summary
        Whether to include the launch summary, because this output's cell started the sweep.
    """

    def __init__(self, sweep: Sweep, *, show_summary: bool = False) -> None:
        self.sweep = sweep
        # The launch summary already shows these notices.
        skipped_notices = len(sweep.status().sweep.notices) if show_summary else 0
        summary = launch_summary.lines(sweep) if show_summary else []
        self._content = SweepOutput(sweep, summary, skipped_notices)
        self._last: MimeBundle = {}  # what was shown last, without the widget
        self.is_closed = False  # the sweep can no longer be read
        self._output = DisplayHandle()
        self._widget: Any = None
        self._shown_state = ""  # the state that the output shows
        self._live = False  # the sweep is active, and the output is updated
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Show the sweep as this cell's output, and start to update it."""
        bundle, status = self._content.render(time.time())
        self._update_state(status)
        self._output.display(self._with_widget(bundle), raw=True)
        self._schedule(TICK_S)

    def refresh(self) -> None:
        """Show the sweep's current status, and keep updating while it is active."""
        started = time.perf_counter()
        try:
            self._show(*self._content.render(time.time()))
        except Exception as error:  # noqa: BLE001 - any error belongs only in this output
            self._live, self.is_closed = False, True
            self._output.update(self._closed(error), raw=True)
        self._schedule(max(TICK_S, MAX_LOAD_FACTOR * (time.perf_counter() - started)))

    def _show(self, bundle: MimeBundle, status: Status) -> None:
        if self._update_state(status) or (self._live and self._widget is None):
            self._output.update(self._with_widget(bundle), raw=True)
        elif self._live:
            self._last = bundle
            self._widget.value = bundle["text/html"]

    def _update_state(self, status: Status) -> bool:
        """Record the state; return whether the output must be replaced."""
        before, self._live = (self._live, self._shown_state), formatting.is_active(status)
        self._shown_state = "" if self._live else status.state
        return before != (self._live, self._shown_state)

    def _with_widget(self, bundle: MimeBundle) -> MimeBundle:
        """Return what is to be shown, with the widget if the sweep is active."""
        self._last = bundle
        if self._live and self._widget is None:
            self._widget = _html_widget()
        if not self._live or self._widget is None:
            return bundle
        self._widget.value = bundle["text/html"]
        view = {"version_major": 2, "version_minor": 0, "model_id": self._widget.model_id}
        return {**bundle, WIDGET_MIME_TYPE: view}

    def _closed(self, error: Exception) -> MimeBundle:
        """Return why the sweep can no longer be shown, below the last known state."""
        exists = self.sweep.path.exists()
        reason = formatting.truncate(str(error), 200) if exists else "it was deleted"
        text = f"Sweep {self.sweep.id} is no longer shown: {reason}."
        return {
            "text/html": self._last.get("text/html", "") + f"<div>{escape(text)}</div>",
            "text/plain": "\n".join(filter(None, (self._last.get("text/plain"), text))),
        }

    def _schedule(self, delay: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._live:
            self._timer = asyncio.get_running_loop().call_later(delay, self.refresh)


class LiveViewManager:
    """The live views of a kernel."""

    def __init__(self) -> None:
        self._views: list[LiveView] = []

    def open(self, sweep: Sweep, *, show_summary: bool = False) -> LiveView:
        """Show a sweep as this cell's output; see `LiveView`."""
        view = LiveView(sweep, show_summary=show_summary)
        self._views.append(view)
        view.open()
        return view

    def refresh_all(self) -> None:
        """Refresh all views after a cell, which may, for example, have resumed a sweep."""
        self._views = [view for view in self._views if not view.is_closed]
        for view in self._views:
            view.refresh()

    def watch(self, sweep: Sweep, timeout: float | None) -> None:
        """Wait in this cell for the end of a sweep, and keep its views up to date."""
        views = [view for view in self._views if view.sweep.id == sweep.id] or [self.open(sweep)]
        for _ in poll_status(sweep, timeout):
            for view in views:
                view.refresh()


def _html_widget() -> Any:  # noqa: ANN401 - ipywidgets has no types
    """Return an empty widget; None without ipywidgets."""
    try:
        from ipywidgets import HTML  # noqa: PLC0415 - slow to import, and may be missing
    except ImportError:
        return None
    return HTML()
