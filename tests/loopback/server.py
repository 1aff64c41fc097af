"""The server as tests hold it: start it, point clients to it, look inside, make it fail."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from loopback.application import Application
from loopback.faults import FOREVER, Fault, Faults, Kind
from loopback.site import ENTITY, KEY, Site
from loopback.state import Agent, Artifact, Run, Sweep
from loopback.web import Logged, Web


class Loopback:
    """A W&B server on 127.0.0.1, in this process.

    Parameters
    ----------
    port
        Where to listen; 0 for any free port.
    application
        What answers; a new empty one by default.
    """

    def __init__(self, port: int = 0, application: Application | None = None) -> None:
        self.application = application or Application(Site())
        self.faults = Faults()
        self.requests: list[Logged] = []
        self._web: Web | None = Web(port, self.application, self.faults, self.requests)
        self.port = self._web.port
        self.site.url = self.url

    def __enter__(self) -> Loopback:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def site(self) -> Site:
        return self.application.site

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        return self.site.key

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that point a client here, and keep it quiet."""
        return environment(self.url, self.key)

    @property
    def runs(self) -> dict[str, Run]:
        """Return all runs by their id, in the order in which they were created."""
        with self.site.lock:
            return {run.name: run for run in self.site.runs.values()}

    @property
    def sweeps(self) -> dict[str, Sweep]:
        with self.site.lock:
            return {sweep.name: sweep for sweep in self.site.sweeps.values()}

    @property
    def agents(self) -> dict[str, Agent]:
        with self.site.lock:
            return dict(self.site.agents)

    @property
    def artifacts(self) -> dict[str, Artifact]:
        """Return all committed artifacts as ``name:v0``."""
        with self.site.lock:
            return {
                f"{each.name}:v{each.version}": each
                for each in self.site.artifacts.values()
                if each.state == "COMMITTED"
            }

    @property
    def refused(self) -> list[str]:
        """Return what the server could not make sense of."""
        return self.application.refused

    def count(self, operation: str, *, status: int | None = None) -> int:
        """Return how often an operation was asked for."""
        return sum(
            each.operation == operation and status in {None, each.status} for each in list(self.requests)
        )

    def fault(self, kind: Kind, match: str = "*", *, period: float | None = None, **more: Any) -> Fault:
        """Let requests fail from now on; see `Fault`."""
        import time  # noqa: PLC0415

        if period is not None:
            more["until"] = time.time() + period
        return self.faults.add(Fault(kind, match, **more))

    def heal(self, *faults: Fault) -> None:
        """End these faults, or all."""
        self.faults.remove(faults or None)

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Close the listener: connections are refused until the end of the block."""
        self.close()
        try:
            yield
        finally:
            self.open()

    def close(self) -> None:
        """Listen no more; the state stays."""
        if self._web is not None:
            self._web.stop()
            self._web = None

    def open(self) -> None:
        """Listen on the same port again."""
        if self._web is None:
            self._web = Web(self.port, self.application, self.faults, self.requests)

    def stop(self) -> None:
        """End the server."""
        self.close()


def environment(url: str, key: str) -> dict[str, str]:
    """Return the variables that point a client to a server."""
    return {
        "WANDB_BASE_URL": url,
        "WANDB_API_KEY": key,
        "WANDB_ENTITY": ENTITY,
        "WANDB_SILENT": "true",
        "WANDB_CONSOLE": "wrap",
        "WANDB_ERROR_REPORTING": "false",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
