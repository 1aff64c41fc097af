"""The routes: each asks the shelf in a thread, and answers with a wire object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError, authenticated

from wandb_magic.errors import StoreError, SweepError
from wandb_magic.server import answers, wire
from wandb_magic.server.curves import LAST_STEP, POINTS, Wanted, band, curves
from wandb_magic.server.download import FileHandler, LogTextHandler
from wandb_magic.server.encoding import encoded
from wandb_magic.server.files import files
from wandb_magic.server.importance import importance
from wandb_magic.server.marks import Mark, changes
from wandb_magic.server.pools import POOLS, Pool, Pools
from wandb_magic.server.problems import BadRequestError, Problems, answered, unforeseen
from wandb_magic.server.requests import ask
from wandb_magic.server.shelf import SHELF, Shelf
from wandb_magic.server.socket import SocketHandler

ID = "([^/]+)"
ROOT = "wandb-magic/api"
LONGEST = 1 << 16  # octets of a body; a request has some dozens
MOST_ROWS = 2000
MOST_MATCHES = 10_000
MOST_POINTS = 100_000
T = TypeVar("T")


class Handler(Problems, APIHandler):
    """What all routes share."""

    auth_resource = "wandb_magic"

    @property
    def shelf(self) -> Shelf:
        """The sweeps of this user."""
        shelf: Shelf = self.settings[SHELF]
        return shelf

    @property
    def pools(self) -> Pools:
        """The threads to read in."""
        pools: Pools = self.settings[POOLS]
        return pools

    async def answer(self, read: Callable[[], object], pool: Pool | None = None) -> None:
        """Read in a thread, encode there, too, and send what was read as JSON."""
        with answered():
            try:
                text = await (pool or self.pools.answers).do(lambda: encoded(read()))
            except (SweepError, OSError):
                raise
            except Exception as error:
                if self.request.method != "GET":
                    raise
                self.log.exception("wandb_magic: %s cannot be answered", self.request.path)
                raise StoreError(unforeseen(error)) from error
        self.set_header("Content-Type", "application/json")
        await self.finish(text)

    def body(self) -> object:
        """Return the JSON of the body.

        Raises
        ------
        BadRequestError
            If it is none, or so long that reading it would hold up the server.
        """
        if len(self.request.body) > LONGEST:
            raise BadRequestError(f"the body must have at most {LONGEST:,} octets")
        try:
            return self.get_json_body()
        except (HTTPError, ValueError, RecursionError) as error:
            raise BadRequestError("the body must be a JSON object in UTF-8 with a verb") from error

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number of the query."""
        text = self.get_query_argument(name, str(default))
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            with answered():
                raise BadRequestError(
                    f"{name}: must be a whole number from {low} to {high}, and is {text!r}"
                )
        return value

    def word(self, name: str, words: tuple[str, ...]) -> Any:  # noqa: ANN401 - one of the words
        """Return one of some words of the query; the first by default."""
        value = self.get_query_argument(name, words[0])
        if value not in words:
            with answered():
                raise BadRequestError(f"{name}: must be one of {', '.join(words)}, not {value!r}")
        return value


class SweepsHandler(Handler):
    """All sweeps."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with `wire.Sweeps`."""

        def read() -> wire.Sweeps:
            found, unreadable = self.shelf.summaries()
            return {"sweeps": found, "unreadable": unreadable}

        await self.answer(read)


class SweepHandler(Handler):
    """One sweep."""

    @authenticated
    @authorized
    async def get(self, sweep: str) -> None:
        """Answer with `wire.SweepDetail`."""

        def read() -> wire.SweepDetail:
            book = self.shelf.book(sweep)
            return answers.detail(book.paths, book.reader, self.shelf.root)

        await self.answer(read)

    @authenticated
    @authorized
    async def delete(self, sweep: str) -> None:
        """Delete it."""
        with answered():
            await self.pools.verbs.do(lambda: self.shelf.delete(sweep))
        self.set_status(204)
        await self.finish()


class RequestsHandler(Handler):
    """What people ask of a sweep."""

    @authenticated
    @authorized
    async def post(self, sweep: str) -> None:
        """Ask (`asked.RequestBody`), and answer with `wire.SweepSummary`."""
        with answered():
            body = self.body()

        def read() -> wire.SweepSummary:
            ask(self.shelf.sweep(sweep), body)
            return self.shelf.book(sweep).summary()

        await self.answer(read, self.pools.verbs)


class RunsHandler(Handler):
    """The runs of a sweep."""

    @authenticated
    @authorized
    async def get(self, sweep: str) -> None:
        """Answer with `wire.RunsPage`: a page, or all that has changed since a mark."""
        since = self.get_query_argument("since", None)
        order = self.get_query_argument("order", "number")
        descending = self.word("descending", ("false", "true")) == "true"
        limit = self.number("limit", 100, 1, MOST_ROWS)
        offset = self.number("offset", 0, 0, 2**31)

        def read() -> wire.RunsPage:
            reader = self.shelf.book(sweep).reader
            if since is not None:
                return changes(reader, since)
            mark = Mark.now(reader)
            runs = reader.runs(order=order, descending=descending, limit=limit, offset=offset)
            rows = answers.rows(reader, runs)
            return {"rows": rows, "total": reader.total(), "mark": str(mark)}

        await self.answer(read)


class KeysHandler(Handler):
    """What the runs of a sweep logged."""

    @authenticated
    @authorized
    async def get(self, sweep: str) -> None:
        """Answer with `wire.Keys`."""
        await self.answer(lambda: answers.keys(self.shelf.book(sweep).reader))


class CurvesHandler(Handler):
    """Curves of some runs."""

    @authenticated
    @authorized
    async def get(self, sweep: str) -> None:
        """Answer with `wire.Curves`."""
        stream = self.word("stream", get_args(wire.Stream))
        axis = self.word("axis", get_args(wire.Axis))
        points = self.number("points", POINTS, 2, MOST_POINTS)
        first = self.number("first", 0, 0, LAST_STEP)
        last = self.number("last", LAST_STEP, 0, LAST_STEP)
        keys = tuple(self.get_query_arguments("key", strip=False))
        runs = tuple(self.get_query_arguments("run"))
        with answered():
            wanted = Wanted(stream, keys, runs, axis, points, first, last)
        await self.answer(lambda: {"curves": curves(self.shelf.book(sweep).reader, wanted)})


class BandHandler(Handler):
    """The band of one key over the runs."""

    @authenticated
    @authorized
    async def get(self, sweep: str) -> None:
        """Answer with `wire.Band`."""
        axis = self.word("axis", get_args(wire.Axis))
        key = self.get_query_argument("key", "", strip=False)

        def read() -> wire.Band:
            return band(self.shelf.book(sweep).reader, key, axis)

        await self.answer(read, self.pools.costly)


class ImportanceHandler(Handler):
    """How much each parameter matters."""

    @authenticated
    @authorized
    async def get(self, sweep: str) -> None:
        """Answer with `wire.Importance`."""
        metric = self.get_query_argument("metric", "", strip=False)
        await self.answer(lambda: importance(self.shelf.book(sweep), metric), self.pools.costly)


class RunHandler(Handler):
    """One run."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str) -> None:
        """Answer with `wire.RunDetail`."""

        def read() -> wire.RunDetail:
            book = self.shelf.book(sweep)
            return answers.run_detail(book.paths, book.reader, run)

        await self.answer(read)


class MediaHandler(Handler):
    """What a run logged besides numbers."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str) -> None:
        """Answer with `wire.Media`."""
        key = self.get_query_argument("key", None, strip=False)
        await self.answer(lambda: answers.media(self.shelf.book(sweep).reader, run, key))


class LogHandler(Handler):
    """What a run printed, by line."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str) -> None:
        """Answer with `wire.LogPage`."""
        first = self.number("first", -500, -(2**53), 2**53)
        count = self.number("count", 500, 0, MOST_ROWS)
        await self.answer(lambda: self.shelf.log_page(sweep, run, first, count))


class MatchesHandler(Handler):
    """Where a text is in what a run printed."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str) -> None:
        """Answer with `wire.LogMatches`."""
        text = self.get_query_argument("text", "", strip=False)
        first = self.number("first", 0, 0, 2**53)
        limit = self.number("limit", 1000, 1, MOST_MATCHES)
        await self.answer(lambda: self.shelf.log_matches(sweep, run, text, first, limit))


class FilesHandler(Handler):
    """The files and artifacts of a run."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str) -> None:
        """Answer with `wire.Files`."""
        await self.answer(lambda: files(self.shelf.book(sweep), run))


ROUTES: Mapping[str, type[Any]] = {
    "sweeps": SweepsHandler,
    f"sweeps/{ID}": SweepHandler,
    f"sweeps/{ID}/requests": RequestsHandler,
    f"sweeps/{ID}/runs": RunsHandler,
    f"sweeps/{ID}/keys": KeysHandler,
    f"sweeps/{ID}/curves": CurvesHandler,
    f"sweeps/{ID}/band": BandHandler,
    f"sweeps/{ID}/importance": ImportanceHandler,
    f"sweeps/{ID}/runs/{ID}": RunHandler,
    f"sweeps/{ID}/runs/{ID}/media": MediaHandler,
    f"sweeps/{ID}/runs/{ID}/log": LogHandler,
    f"sweeps/{ID}/runs/{ID}/log/matches": MatchesHandler,
    f"sweeps/{ID}/runs/{ID}/log/text": LogTextHandler,
    f"sweeps/{ID}/runs/{ID}/files": FilesHandler,
    f"sweeps/{ID}/runs/{ID}/files/(.+)": FileHandler,
    "socket": SocketHandler,
}


def handlers() -> list[tuple[str, type[Any]]]:
    """Return all routes, without the server's base URL."""
    return [(f"/{ROOT}/{route}", handler) for route, handler in ROUTES.items()]
