"""The tools over HTTP, as an ASGI application that a web server embeds; it authenticates nobody.

Each request stands for itself: a restart of the server loses no session.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from wandb_magic.assistants.mcp_server import make_server, require_mcp

MAX_BODY = 1 << 16  # bytes; parsing more would block the server

_FIRST_STREAMED = b"2026"  # the protocol's versions are dates

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Message], Awaitable[None]]


class HttpEndpoint:
    """The application; it belongs to one event loop.

    Parameters
    ----------
    roots
        The folders that may be seen.
    write
        Whether tools may change anything.
    permission
        How the user allows that, for the message that refuses it.
    """

    def __init__(self, roots: Sequence[str], write: bool, permission: str) -> None:  # noqa: FBT001 - one of two
        self._roots = roots
        self._write = write
        self._permission = permission
        self._managers: dict[bool, Any] = {}
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    async def start(self) -> None:
        """Start to serve; does nothing if that was done.

        Raises
        ------
        UnsupportedError
            If the package `mcp` is missing.
        ArgumentError
            If a root does not exist.
        """
        if self._managers:
            return
        require_mcp()
        from mcp.server.streamable_http_manager import (  # noqa: PLC0415 - may be missing
            StreamableHTTPSessionManager,
        )

        server = make_server(self._roots, write=self._write, permission=self._permission)
        self._managers = {
            as_json: StreamableHTTPSessionManager(
                server, stateless=True, json_response=as_json, max_request_body_size=MAX_BODY
            )
            for as_json in (False, True)
        }
        ready = asyncio.Event()
        self._task = asyncio.create_task(self._run(ready))
        await ready.wait()

    async def _run(self, ready: asyncio.Event) -> None:
        async with self._managers[False].run(), self._managers[True].run():
            ready.set()
            await self._closing.wait()

    async def close(self) -> None:
        """End all calls."""
        self._closing.set()
        if self._task is not None:
            with contextlib.suppress(Exception):
                await self._task

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request: as a stream with progress, or at once to a client before 2026.

        For the stream of those, mcp would start a task that polls for ever for uvicorn's end.
        """
        version = dict(scope["headers"]).get(b"mcp-protocol-version", b"")
        await self._managers[version < _FIRST_STREAMED].handle_request(scope, receive, send)
