"""Serves what runs saved and printed, so that nothing in it can act as the page.

Whatever a file is, a browser opens it in an origin of its own, without any right there; only
HTML may run scripts, shut in like that. Types are told, never guessed by the browser.
"""

from __future__ import annotations

from pathlib import Path
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

    async def send(self, file: Path, kind: str, name: str | None = None) -> None:
        """Send a file block by block; with a `name`, to be saved under it."""
        self._policy = HTML_POLICY if kind == "text/html" else POLICY
        self.set_header("Content-Security-Policy", self._policy)
        self.set_header("Content-Type", f"{kind}; charset=utf-8" if "text" in kind else kind)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Cache-Control", "private, no-cache")
        if name is not None or not kind.startswith(SHOWN):
            saved = quote(name or file.name)
            self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{saved}")
        with file.open("rb") as stream:
            while block := await self.pool.do(lambda: stream.read(BLOCK)):
                self.write(block)
                await self.flush()
        await self.finish()

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

        def find() -> Path:
            return RunFiles(self.shelf.book(sweep), run).find(path)

        with answered():
            file = await self.pool.do(find)
        await self.send(file, media_type(path))


class LogTextHandler(_Download):
    """All that a run printed."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str) -> None:
        """Send it, to be saved."""
        with answered():
            file = await self.pool.do(lambda: self.shelf.output(sweep, run))
        await self.send(file, "text/plain", f"{run}.log")
