"""Serves what runs saved and printed, so that nothing in it can act as the page.

Whatever a file is, a browser opens it in an origin of its own, without any right there; only
HTML may run scripts, shut in like that. Types are told, never guessed by the browser.

The length is told first, and a download that cannot be completed ends with its connection, so
that nobody takes a part for the whole.
"""

from __future__ import annotations

import errno
import os
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import authenticated

from wandb_magic.server.files import RunFiles, media_type
from wandb_magic.server.pools import POOLS, Pool, Pools
from wandb_magic.server.problems import Problems, answered
from wandb_magic.server.shelf import SHELF, Shelf

BLOCK = 1 << 18
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:; "
    "frame-ancestors 'self'; sandbox"
)
HTML_POLICY = (
    "default-src 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"
)
SHOWN = ("image/", "audio/", "video/", "text/", "application/json")


class _Download(Problems, JupyterHandler):
    auth_resource = "wandb_magic"

    @property
    def content_security_policy(self) -> str:
        """What the browser lets the file do."""
        return getattr(self, "_policy", POLICY)

    async def send(self, file: BinaryIO, kind: str, name: str, *, save: bool = False) -> None:
        """Send an open file block by block, as much as it has now, and close it.

        Parameters
        ----------
        file
            The file.
        kind
            Its media type.
        name
            The name under which a browser saves it.
        save
            Whether it is to be saved, even if a browser could show it.
        """
        with file:
            size = os.fstat(file.fileno()).st_size
            self._policy = HTML_POLICY if kind == "text/html" else POLICY
            self.set_header("Content-Security-Policy", self._policy)
            self.set_header("Content-Type", f"{kind}; charset=utf-8" if "text" in kind else kind)
            self.set_header("Content-Length", size)
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Cross-Origin-Resource-Policy", "same-origin")
            self.set_header("Cache-Control", "private, no-cache")
            if save or not kind.startswith(SHOWN):
                self.set_header(
                    "Content-Disposition", f"attachment; filename*=UTF-8''{quote(name)}"
                )
            whole = False
            try:
                await self._send_blocks(file, size)
                await self.finish()
                whole = True
            except OSError as error:  # the disk failed, or whoever asked has gone
                self.log.warning("wandb_magic: %s was not sent to its end: %s", name, error)
            finally:
                if not whole:
                    # Where the server compresses, there is no length, and a regular end would
                    # make a part look whole.
                    self.detach().close()

    async def _send_blocks(self, file: BinaryIO, size: int) -> None:
        left = size
        while left:
            block = await self.pool.do(partial(file.read, min(BLOCK, left)))
            if not block:
                raise OSError(errno.EIO, "it was cut meanwhile")
            left -= len(block)
            self.write(block)
            await self.flush()

    @property
    def shelf(self) -> Shelf:
        """The sweeps of this user."""
        shelf: Shelf = self.settings[SHELF]
        return shelf

    @property
    def pool(self) -> Pool:
        """The threads to read in."""
        pools: Pools = self.settings[POOLS]
        return pools.answers


class FileHandler(_Download):
    """A file that a run saved."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str, path: str) -> None:
        """Send it."""

        def find() -> BinaryIO:
            return RunFiles(self.shelf.book(sweep), run).open(path)

        with answered():
            file = await self.pool.do(find)
        await self.send(file, media_type(path), PurePosixPath(path).name)


class LogTextHandler(_Download):
    """All that a run printed."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str) -> None:
        """Send it, to be saved."""
        with answered():
            file = await self.pool.do(lambda: self.shelf.output(sweep, run))
        await self.send(file, "text/plain", f"{run}.log", save=True)
