"""The WebSocket of one page: it says what it has open, and is told what changes there.

There is never more than one frame on its way to a page: one that falls behind finds the newest
state in its next frame, and no queue grows for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.utils import ensure_async
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from wandb_magic.server.pages import Page
from wandb_magic.server.pools import POOLS, Pools
from wandb_magic.server.problems import BadRequestError
from wandb_magic.server.shelf import SHELF

TICK_S = 0.1
LONGEST = 1 << 20  # octets of what a page may say
BAD_MESSAGE, FAILED = 1007, 1011  # RFC 6455, 7.4.1


class SocketHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """The page's socket."""

    auth_resource = "wandb_magic"
    _telling: asyncio.Task[None] | None = None

    @property
    def max_message_size(self) -> int:
        """The longest message that a page may send, in octets."""
        return LONGEST

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Tornado's
        """Connect, if the user may."""
        allowed = await ensure_async(
            self.authorizer.is_authorized(self, self.current_user, "read", self.auth_resource)
        )
        if not allowed:
            raise HTTPError(403)
        await super().get(*args, **kwargs)

    def open(self, *_: str) -> None:
        """Begin to tell."""
        super().open()
        self._pools: Pools = self.settings[POOLS]
        self._page = Page(self.settings[SHELF])
        self._lock = asyncio.Lock()
        self._woken = asyncio.Event()
        self._telling = asyncio.create_task(self._tell())

    async def on_message(self, message: str | bytes) -> None:
        """Open what the page has open (`messages.Open`)."""
        try:
            async with self._lock:
                await self._pools.pages.do(lambda: self._page.open(message))
        except BadRequestError as error:
            self.close(BAD_MESSAGE, str(error))
        else:
            self._woken.set()

    def on_close(self) -> None:
        """Stop telling."""
        if self._telling is not None:
            self._telling.cancel()
        super().on_close()

    async def _tell(self) -> None:
        try:
            await self._tell_on()
        except WebSocketClosedError:
            return
        except Exception:
            if self._pools.pages.closed:
                return  # the server ends
            # A fault of ours must not leave a page that looks alive and hears nothing.
            self.log.exception("wandb_magic: a page's socket has failed")
            self.close(FAILED, "the server failed: its log says why")

    async def _tell_on(self) -> None:
        sequence = 0
        while True:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._woken.wait(), TICK_S)
            self._woken.clear()
            async with self._lock:
                told = await self._pools.pages.do(self._page.news)
            if told:
                sequence += 1
                await self.write_message(f'{{"seq":{sequence},"messages":[{",".join(told)}]}}')
