"""The server in a test's own process.

It ends with the test: for a server that can be killed and restarted, see
`fake_wandb_server.process`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from fake_wandb_server.application import Application
from fake_wandb_server.controls import Controls
from fake_wandb_server.document import GraphQLError
from fake_wandb_server.faults import Fault, Faults
from fake_wandb_server.messages import Request
from fake_wandb_server.site import Site
from fake_wandb_server.state import Snapshot
from fake_wandb_server.web import Logged, Web


class FakeWandbServer(Controls):
    """A W&B server on 127.0.0.1.

    Parameters
    ----------
    port
        Where to listen; 0 for any free port.
    application
        The application that answers requests; an empty one by default.
    """

    def __init__(self, port: int = 0, application: Application | None = None) -> None:
        self.application = application or Application(Site())
        self._faults = Faults()
        self._requests: list[Logged] = []
        self._web: Web | None = Web(port, self.application, self._faults, self._requests)
        self.port = self._web.port
        self.application.site.url = self.url

    def act(self, action: str, /, **args: Any) -> None:
        body = json.dumps({"name": action, "args": args}).encode()
        response = self.application.answer(Request("POST", "/admin/act", body), trusted=True)
        if response.status != 200:
            raise GraphQLError(response.body.decode(), response.status)

    def look(self) -> Snapshot:
        # The records themselves: they continue to change while a test looks at them.
        return self.application.snapshot()

    @property
    def requests(self) -> list[Logged]:
        return list(self._requests)

    def add_fault(self, fault: Fault) -> None:
        assert fault.kind != "kill", "this would kill the test: use FakeWandbServerProcess"
        self._faults.add(fault)

    def heal(self) -> None:
        self._faults.remove()

    def close(self) -> None:
        """Stop listening; the records stay."""
        if self._web is not None:
            self._web.stop()
            self._web = None

    def open(self) -> None:
        """Listen on the same port again."""
        if self._web is None:
            self._web = Web(self.port, self.application, self._faults, self._requests)

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse connections until the end of the block."""
        self.close()
        try:
            yield
        finally:
            self.open()

    def stop(self) -> None:
        """End the server."""
        self.close()
