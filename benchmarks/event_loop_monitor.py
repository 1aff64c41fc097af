"""A server extension that measures how late a Jupyter server's event loop is.

``GET loop-watch`` returns the lateness of every check since the last request, in seconds.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import tornado.web
from jupyter_server.base.handlers import JupyterHandler

LOOK_EVERY_S = 0.005


class EventLoopMonitor:
    """Checks the clock of the running event loop periodically."""

    def __init__(self) -> None:
        self._late: list[float] = []

    async def look(self) -> None:
        """Check for as long as the loop runs."""
        while True:
            due = time.perf_counter() + LOOK_EVERY_S
            await asyncio.sleep(LOOK_EVERY_S)
            self._late.append(time.perf_counter() - due)

    def take(self) -> list[float]:
        """Return the measurements since the last call."""
        seen, self._late = self._late, []
        return seen


class EventLoopMonitorHandler(JupyterHandler):
    """Reports the measurements of the monitor."""

    def initialize(self, watch: EventLoopMonitor) -> None:
        """Store the monitor."""
        self._watch = watch

    @tornado.web.authenticated
    def get(self) -> None:
        """Answer with a JSON array."""
        self.finish(json.dumps(self._watch.take()))


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "event_loop_monitor"}]


def _load_jupyter_server_extension(server: Any) -> None:  # noqa: ANN401 - a ServerApp
    watch = EventLoopMonitor()
    server.web_app.add_handlers(
        ".*$", [(f"{server.base_url}loop-watch", EventLoopMonitorHandler, {"watch": watch})]
    )
    server.io_loop.add_callback(watch.look)
