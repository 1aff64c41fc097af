"""The Model Context Protocol over HTTP: the tools of coding assistants, for this server's user.

Jupyter authenticates and authorises each request; the protocol itself is that of
`assistants.http_endpoint`, an ASGI application, to which requests are passed on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ensure_async
from tornado.iostream import StreamClosedError
from tornado.web import authenticated

from wandb_magic.assistants.http_endpoint import HttpEndpoint
from wandb_magic.server.http_errors import JsonErrorMixin, http_errors

MCP_ENDPOINTS = "wandb_magic_mcp"
"""The key of the endpoints in the server's settings."""

PERMISSION = (
    "the configuration of the Jupyter server allows it with `c.WandbMagicApp.mcp_write = True`, "
    "to users whom the server lets write"
)


class McpEndpoints:
    """One endpoint that only reads, and one that may also write.

    Parameters
    ----------
    roots
        The folders that may be seen.
    write
        Whether users who may write may do so through an assistant.
    """

    def __init__(self, roots: Sequence[Path], *, write: bool) -> None:
        self.allows_writing = write
        self._endpoints = {
            allowed: HttpEndpoint([str(root) for root in roots], allowed, PERMISSION)
            for allowed in (False, True)
        }

    async def endpoint(self, *, write: bool) -> HttpEndpoint:
        """Return the endpoint for a user who may write, or not; start it if it is the first call.

        Raises
        ------
        UnsupportedError
            If the package `mcp` is missing.
        ArgumentError
            If a root does not exist.
        """
        endpoint = self._endpoints[write and self.allows_writing]
        await endpoint.start()
        return endpoint

    async def close(self) -> None:
        """End all calls."""
        for endpoint in self._endpoints.values():
            await endpoint.close()


class McpHandler(JsonErrorMixin, APIHandler):
    """One message of an assistant; each stands for itself, so there is no session."""

    auth_resource = "wandb_magic"
    _disconnected: asyncio.Event

    def initialize(self) -> None:
        """Prepare to be told that the client has gone."""
        self._disconnected = asyncio.Event()

    def on_connection_close(self) -> None:
        """Tell the application that the client has gone."""
        self._disconnected.set()
        super().on_connection_close()

    @authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator] # only without arguments
    async def post(self) -> None:
        """Answer a message of the protocol."""
        may_write = await ensure_async(
            self.authorizer.is_authorized(self, self.current_user, "write", self.auth_resource)
        )
        with http_errors():
            endpoint = await self.settings[MCP_ENDPOINTS].endpoint(write=bool(may_write))
        self._body: bytes | None = self.request.body
        answering = asyncio.create_task(endpoint(self._scope(), self._receive, self._send))
        gone = asyncio.create_task(self._disconnected.wait())
        try:
            await asyncio.wait((answering, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            if not answering.done():
                answering.cancel()
        with contextlib.suppress(StreamClosedError, asyncio.CancelledError):
            await answering

    def _scope(self) -> dict[str, Any]:
        """Return the request as ASGI describes it."""
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in self.request.headers.get_all()
            if name.lower() not in ("authorization", "cookie")  # they are Jupyter's alone
        ]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.request.method,
            "scheme": self.request.protocol,
            "path": self.request.path,
            "raw_path": self.request.path.encode("latin-1"),
            "query_string": self.request.query.encode("latin-1"),
            "root_path": "",
            "headers": headers,
            "client": (self.request.remote_ip, 0),
            "server": (self.request.host_name, 0),
        }

    async def _receive(self) -> dict[str, Any]:
        """Return the body at first, and then that the client has gone, once it has."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._disconnected.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Mapping[str, Any]) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self.set_status(message["status"])
            for name, value in message["headers"]:
                self.set_header(name.decode("latin-1"), value.decode("latin-1"))
            return
        if body := message.get("body", b""):
            self.write(body)
        if message.get("more_body"):
            await self.flush()
        else:
            await self.finish()
