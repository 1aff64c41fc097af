"""The WebSocket of one client, which sends its open topics and receives their changes.

There is never more than one message batch on its way to a client: one that falls behind receives
the newest state in its next batch, and no queue grows for it.

Authorisation is checked again at every message, and every `AUTH_CHECK_S` seconds: the socket of a
user who has logged out, or may no longer read, is closed with that reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from jupyter_server.auth import IdentityProvider
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.utils import ensure_async
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from wandb_magic.server.client_connection import ClientConnection
from wandb_magic.server.executors import EXECUTORS, Executors
from wandb_magic.server.http_errors import BadRequestError
from wandb_magic.server.sweep_manager import SWEEP_MANAGER

SOCKET_REGISTRY = "wandb_magic_sockets"
"""The key of the socket registry in the server's settings."""

TICK_S = 0.1
AUTH_CHECK_S = 3.0
MAX_MESSAGE_BYTES = 640 << 10  # of a client's message; parsing it lets no other thread run
MESSAGE_INTERVAL_S, BURST = 0.05, 40  # between two messages, after a burst of so many
MAX_SOCKETS = 200  # per server; a client needs one
BAD_MESSAGE, DENIED, FAILED = 1007, 1008, 1011  # RFC 6455, 7.4.1
UNAUTHORIZED_REASON = "you are logged out, or may no longer see the sweeps: log in again"
UNAUTHORIZED_STATUS = (401, 403)


class RateLimiter:
    """Limits the rate of one client's messages: a burst first, then a fixed interval."""

    def __init__(self) -> None:
        self._due = float("-inf")

    def delay(self, now: float) -> float:
        """Return how many seconds a message that arrives at `now` has to wait."""
        self._due = max(self._due + MESSAGE_INTERVAL_S, now - BURST * MESSAGE_INTERVAL_S)
        return max(0.0, self._due - now)


class SocketRegistry:
    """The open sockets; a logout closes those of the same login.

    Jupyter keeps no list of logins: the cookie of a user who has logged out stays valid until it
    expires, so a socket that was opened with it would continue.

    Parameters
    ----------
    provider
        Jupyter's identity provider, which logs users in and out.
    """

    def __init__(self, provider: IdentityProvider) -> None:
        self._provider = provider
        self._open: set[SocketHandler] = set()
        clear = provider.clear_login_cookie

        def on_logout(handler: JupyterHandler) -> None:
            clear(handler)
            login = self._login_cookie(handler)
            for socket in [*self._open]:
                # A client with a token needs no login.
                has_token = provider.is_token_authenticated(socket)
                if login and not has_token and self._login_cookie(socket) == login:
                    socket.close_unauthorized()

        provider.clear_login_cookie = on_logout  # type: ignore[method-assign, assignment]

    @property
    def is_full(self) -> bool:
        """Whether the maximum number of sockets is open."""
        return len(self._open) >= MAX_SOCKETS

    def add(self, socket: SocketHandler) -> None:
        """Add a socket that was opened."""
        self._open.add(socket)

    def remove(self, socket: SocketHandler) -> None:
        """Remove a socket that was closed."""
        self._open.discard(socket)

    def _login_cookie(self, handler: JupyterHandler) -> str | None:
        """Return the cookie that identifies the login."""
        return handler.get_cookie(self._provider.get_cookie_name(handler))


class SocketHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """The WebSocket of one client."""

    auth_resource = "wandb_magic"
    _push_task: asyncio.Task[None] | None = None

    @property
    def max_message_size(self) -> int:
        """The maximum size of a client's message, in bytes."""
        return MAX_MESSAGE_BYTES

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Tornado's
        """Connect, if the user is authorized."""
        if not await self.is_authorized():
            raise HTTPError(403)
        if self.settings[SOCKET_REGISTRY].is_full:
            raise HTTPError(503, f"{MAX_SOCKETS} pages are already open: close some of them")
        await super().get(*args, **kwargs)

    async def is_authorized(self) -> bool:
        """Return whether the current user may read."""
        return bool(
            await ensure_async(
                self.authorizer.is_authorized(self, self.current_user, "read", self.auth_resource)
            )
        )

    async def _recheck_authorization(self) -> bool:
        """Return whether the client that opened the socket would still be authorized."""
        handler = type(self)(self.application, self.request)
        try:
            await ensure_async(handler.prepare())
        except HTTPError as error:
            if error.status_code in UNAUTHORIZED_STATUS:
                return False
            raise
        self._checked = time.monotonic()
        return handler.current_user is not None and await handler.is_authorized()

    def close_unauthorized(self) -> None:
        """Close the socket of a user who may no longer read."""
        self.close(DENIED, UNAUTHORIZED_REASON)

    def open(self, *_: str) -> None:
        """Start to push messages."""
        super().open()
        self._executors: Executors = self.settings[EXECUTORS]
        self._client = ClientConnection(self.settings[SWEEP_MANAGER])
        self._lock = asyncio.Lock()
        self._wake_event = asyncio.Event()
        self._checked = time.monotonic()
        self._rate_limiter = RateLimiter()
        self.settings[SOCKET_REGISTRY].add(self)
        self._push_task = asyncio.create_task(self._push())

    async def on_message(self, message: str | bytes) -> None:
        """Open the client's topics (`schemas.Open`)."""
        # Tornado reads the next message only after this one is handled.
        await asyncio.sleep(self._rate_limiter.delay(time.monotonic()))
        try:
            if not await self._recheck_authorization():
                self.close_unauthorized()
                return
            async with self._lock:
                await self._executors.polling.submit(lambda: self._client.set_topics(message))
        except BadRequestError as error:
            self.close(BAD_MESSAGE, str(error))
        else:
            self._wake_event.set()

    def on_close(self) -> None:
        """Stop pushing messages."""
        self.settings[SOCKET_REGISTRY].remove(self)
        if self._push_task is not None:
            self._push_task.cancel()
        super().on_close()

    async def _push(self) -> None:
        try:
            await self._push_loop()
        except WebSocketClosedError:
            return
        except Exception:
            if self._executors.polling.closed:
                return  # the server is shutting down
            # A bug of ours must not leave a client that looks connected but receives nothing.
            self.log.exception("wandb_magic: a client's socket has failed")
            self.close(FAILED, "the server failed: see its log")

    async def _push_loop(self) -> None:
        sequence = 0
        while True:
            with contextlib.suppress(asyncio.TimeoutError):
                pause = TICK_S if self._client.has_topics else AUTH_CHECK_S
                await asyncio.wait_for(self._wake_event.wait(), pause)
            self._wake_event.clear()
            if (
                time.monotonic() - self._checked >= AUTH_CHECK_S
                and not await self._recheck_authorization()
            ):
                self.close_unauthorized()
                return
            async with self._lock:
                texts = await self._executors.polling.submit(self._client.poll)
            if texts:
                sequence += 1
                await self.write_message(f'{{"seq":{sequence},"messages":[{",".join(texts)}]}}')
