"""Serves the files and the output of runs, so that their content cannot act as the page.

A browser opens every file in a separate origin without any permissions; only HTML may run scripts,
within that sandbox. Media types are sent, and never guessed by the browser.

The length is sent first, and an incomplete download closes its connection, so that it does not
look complete.
"""

from __future__ import annotations

import errno
import os
from functools import partial
from pathlib import PurePosixPath
from tempfile import TemporaryFile
from typing import BinaryIO
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import authenticated

from wandb_magic.server.executors import EXECUTORS, Executor, Executors
from wandb_magic.server.http_errors import JsonErrorMixin, http_errors
from wandb_magic.server.plotly_page import plotly_page
from wandb_magic.server.run_files import RunFiles, media_type
from wandb_magic.server.sweep_manager import SWEEP_MANAGER, SweepManager

BLOCK = 1 << 18
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:; "
    "frame-ancestors 'self'; sandbox"
)
HTML_POLICY = (
    "default-src 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"
)
INLINE_TYPES = ("image/", "audio/", "video/", "text/", "application/json")


class _FileHandlerBase(JsonErrorMixin, JupyterHandler):
    auth_resource = "wandb_magic"

    @property
    def content_security_policy(self) -> str:
        """The policy that restricts what the file may do in a browser."""
        return getattr(self, "_policy", POLICY)

    async def send(self, file: BinaryIO, kind: str, name: str, *, save: bool = False) -> None:
        """Send an open file block by block, up to its current size, and close it.

        Parameters
        ----------
        file
            The file.
        kind
            Its media type.
        name
            The name under which a browser saves it.
        save
            Whether the browser saves it, even if it could show it.
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
            if save or not kind.startswith(INLINE_TYPES):
                self.set_header(
                    "Content-Disposition", f"attachment; filename*=UTF-8''{quote(name)}"
                )
            is_complete = False
            try:
                await self._send_blocks(file, size)
                await self.finish()
                is_complete = True
            except OSError as error:  # the disk failed, or the client has disconnected
                self.log.warning("wandb_magic: %s was not sent to its end: %s", name, error)
            finally:
                if not is_complete:
                    # If the server compresses, there is no length, and a regular end would make
                    # an incomplete download look complete.
                    self.detach().close()

    async def _send_blocks(self, file: BinaryIO, size: int) -> None:
        remaining = size
        while remaining:
            block = await self.executor.submit(partial(file.read, min(BLOCK, remaining)))
            if not block:
                raise OSError(errno.EIO, "the file was truncated meanwhile")
            remaining -= len(block)
            self.write(block)
            await self.flush()

    @property
    def sweep_manager(self) -> SweepManager:
        """The sweeps of this user."""
        manager: SweepManager = self.settings[SWEEP_MANAGER]
        return manager

    @property
    def executor(self) -> Executor:
        """The thread pool for reading."""
        executors: Executors = self.settings[EXECUTORS]
        return executors.reading


class FileHandler(_FileHandlerBase):
    """A file that a run saved."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str, path: str) -> None:
        """Send the file."""

        def open_file() -> BinaryIO:
            return RunFiles(self.sweep_manager.open_sweep(sweep), run).open(path)

        with http_errors():
            file = await self.executor.submit(open_file)
        await self.send(file, media_type(path), PurePosixPath(path).name)


class PlotlyHandler(_FileHandlerBase):
    """A plotly figure that a run logged, drawn."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str, path: str) -> None:
        """Send a page with the figure."""

        def make_page() -> BinaryIO:
            figure = RunFiles(self.sweep_manager.open_sweep(sweep), run).open(path)
            page = TemporaryFile()  # noqa: SIM115 - `send` closes it
            page.write(plotly_page(figure).encode())
            page.seek(0)
            return page

        with http_errors():
            page = await self.executor.submit(make_page)
        await self.send(page, "text/html", f"{PurePosixPath(path).name}.html")


class LogTextHandler(_FileHandlerBase):
    """The complete output of a run."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str) -> None:
        """Send it as a download."""
        with http_errors():
            file = await self.executor.submit(lambda: self.sweep_manager.open_output(sweep, run))
        await self.send(file, "text/plain", f"{run}.log", save=True)
