"""The REST routes: each queries the sweep manager in a thread, and answers with a wire object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError, authenticated

from wandb_magic.analysis.run_selection import select_runs
from wandb_magic.errors import StoreError, SweepError
from wandb_magic.query import parse_query
from wandb_magic.server import schemas, serializers
from wandb_magic.server.control import handle_request
from wandb_magic.server.cursors import Cursor, changed_runs
from wandb_magic.server.curves import LAST_STEP, POINTS, CurvesQuery, band, curves
from wandb_magic.server.encoding import to_json
from wandb_magic.server.executors import EXECUTORS, Executor, Executors
from wandb_magic.server.file_handlers import FileHandler, LogTextHandler, PlotlyHandler
from wandb_magic.server.http_errors import (
    BadRequestError,
    JsonErrorMixin,
    describe_unexpected,
    http_errors,
)
from wandb_magic.server.importance import importance
from wandb_magic.server.mcp_handler import McpHandler
from wandb_magic.server.run_files import list_files
from wandb_magic.server.sweep_manager import SWEEP_MANAGER, SweepManager
from wandb_magic.server.websocket import SocketHandler

ID_PATTERN = "([^/]+)"
API_ROOT = "wandb-magic/api"
MAX_BODY = 1 << 16  # bytes of a body; a request has some dozens
MAX_ROWS = 2000
MAX_MATCHES = 10_000
MAX_POINTS = 100_000
T = TypeVar("T")


class BaseHandler(JsonErrorMixin, APIHandler):
    """The base class of all routes."""

    auth_resource = "wandb_magic"

    @property
    def sweep_manager(self) -> SweepManager:
        """The sweeps of this user."""
        manager: SweepManager = self.settings[SWEEP_MANAGER]
        return manager

    @property
    def executors(self) -> Executors:
        """The thread pools."""
        executors: Executors = self.settings[EXECUTORS]
        return executors

    async def send_json(
        self, read: Callable[[], object], executor: Executor | None = None
    ) -> None:
        """Read and encode in a thread, and send the result as JSON."""
        with http_errors():
            try:
                text = await (executor or self.executors.reading).submit(lambda: to_json(read()))
            except (SweepError, OSError):
                raise
            except Exception as error:
                if self.request.method != "GET":
                    raise
                self.log.exception("wandb_magic: %s cannot be answered", self.request.path)
                raise StoreError(describe_unexpected(error)) from error
        self.set_header("Content-Type", "application/json")
        await self.finish(text)

    def json_body(self) -> object:
        """Return the JSON of the body.

        Raises
        ------
        BadRequestError
            If it is not JSON, or so long that parsing it would block the server.
        """
        if len(self.request.body) > MAX_BODY:
            raise BadRequestError(f"the body must have at most {MAX_BODY:,} bytes")
        try:
            return self.get_json_body()
        except (HTTPError, ValueError, RecursionError) as error:
            raise BadRequestError("the body must be a JSON object in UTF-8 with a verb") from error

    def int_argument(self, name: str, default: int, low: int, high: int) -> int:
        """Return an integer argument of the query."""
        text = self.get_query_argument(name, str(default))
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            with http_errors():
                raise BadRequestError(
                    f"{name}: must be a whole number from {low} to {high}, and is {text!r}"
                )
        return value

    def choice_argument(self, name: str, choices: tuple[str, ...]) -> Any:  # noqa: ANN401 - one of the choices
        """Return an argument of the query that has fixed choices; the first by default."""
        value = self.get_query_argument(name, choices[0])
        if value not in choices:
            with http_errors():
                raise BadRequestError(
                    f"{name}: must be one of {', '.join(choices)}, not {value!r}"
                )
        return value


class SweepsHandler(BaseHandler):
    """All sweeps."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with `schemas.Sweeps`."""

        def read() -> schemas.Sweeps:
            summaries, unreadable = self.sweep_manager.summaries()
            return {"sweeps": summaries, "unreadable": unreadable}

        await self.send_json(read)


class SweepHandler(BaseHandler):
    """One sweep."""

    @authenticated
    @authorized
    async def get(self, sweep: str) -> None:
        """Answer with `schemas.SweepDetail`."""

        def read() -> schemas.SweepDetail:
            open_sweep = self.sweep_manager.open_sweep(sweep)
            return serializers.sweep_detail(
                open_sweep.paths, open_sweep.reader, self.sweep_manager.root
            )

        await self.send_json(read)

    @authenticated
    @authorized
    async def delete(self, sweep: str) -> None:
        """Delete the sweep."""
        with http_errors():
            await self.executors.requests.submit(lambda: self.sweep_manager.delete(sweep))
        self.set_status(204)
        await self.finish()


class RequestsHandler(BaseHandler):
    """Requests to a sweep."""

    @authenticated
    @authorized
    async def post(self, sweep: str) -> None:
        """Send a request (a row of `requests.REQUESTS`); answer with `schemas.SweepSummary`."""
        with http_errors():
            body = self.json_body()

        def read() -> schemas.SweepSummary:
            handle_request(self.sweep_manager.get_sweep(sweep), body)
            return self.sweep_manager.open_sweep(sweep).summary()

        await self.send_json(read, self.executors.requests)


class RunsHandler(BaseHandler):
    """The runs of a sweep."""

    @authenticated
    @authorized
    async def get(self, sweep: str) -> None:
        """Answer with `schemas.RunsPage`: a page, or everything that changed since a cursor."""
        since = self.get_query_argument("since", None)
        order = self.get_query_argument("order", "number")
        descending = self.choice_argument("descending", ("false", "true")) == "true"
        limit = self.int_argument("limit", 100, 1, MAX_ROWS)
        offset = self.int_argument("offset", 0, 0, 2**31)
        where = self.get_query_argument("where", "")
        with http_errors():
            parse_query(where)

        def read() -> schemas.RunsPage:
            reader = self.sweep_manager.open_sweep(sweep).reader
            if since is not None:
                return changed_runs(reader, since)
            cursor = Cursor.current(reader)
            if where:
                selected = {run.id for run in select_runs(reader, where).runs}
                ordered = reader.runs(order=order, descending=descending)
                matching = [run for run in ordered if run.id in selected]
                rows = serializers.run_rows(reader, matching[offset : offset + limit])
                return {"rows": rows, "total": len(matching), "mark": str(cursor)}
            runs = reader.runs(order=order, descending=descending, limit=limit, offset=offset)
            rows = serializers.run_rows(reader, runs)
            return {"rows": rows, "total": reader.run_count(), "mark": str(cursor)}

        await self.send_json(read)


class KeysHandler(BaseHandler):
    """The keys that the runs of a sweep logged."""

    @authenticated
    @authorized
    async def get(self, sweep: str) -> None:
        """Answer with `schemas.Keys`."""
        await self.send_json(
            lambda: serializers.logged_keys(self.sweep_manager.open_sweep(sweep).reader)
        )


class ResourcesHandler(BaseHandler):
    """What executes the runs of a sweep."""

    @authenticated
    @authorized
    async def get(self, sweep: str) -> None:
        """Answer with `schemas.Resources`."""
        await self.send_json(
            lambda: serializers.resources(self.sweep_manager.open_sweep(sweep).reader)
        )


class CurvesHandler(BaseHandler):
    """Curves of some runs."""

    @authenticated
    @authorized
    async def get(self, sweep: str) -> None:
        """Answer with `schemas.Curves`."""
        stream = self.choice_argument("stream", get_args(schemas.Stream))
        axis = self.choice_argument("axis", get_args(schemas.Axis))
        points = self.int_argument("points", POINTS, 2, MAX_POINTS)
        first = self.int_argument("first", 0, 0, LAST_STEP)
        last = self.int_argument("last", LAST_STEP, 0, LAST_STEP)
        keys = tuple(self.get_query_arguments("key", strip=False))
        runs = tuple(self.get_query_arguments("run"))
        with http_errors():
            query = CurvesQuery(stream, keys, runs, axis, points, first, last)
        await self.send_json(
            lambda: {"curves": curves(self.sweep_manager.open_sweep(sweep).reader, query)}
        )


class BandHandler(BaseHandler):
    """The band of one key over all runs."""

    @authenticated
    @authorized
    async def get(self, sweep: str) -> None:
        """Answer with `schemas.Band`."""
        axis = self.choice_argument("axis", get_args(schemas.Axis))
        key = self.get_query_argument("key", "", strip=False)

        def read() -> schemas.Band:
            return band(self.sweep_manager.open_sweep(sweep).reader, key, axis)

        await self.send_json(read, self.executors.computing)


class ImportanceHandler(BaseHandler):
    """The importance of the parameters."""

    @authenticated
    @authorized
    async def get(self, sweep: str) -> None:
        """Answer with `schemas.Importance`."""
        metric = self.get_query_argument("metric", "", strip=False)
        evaluator = self.get_query_argument("evaluator", "")
        quantile = self.get_query_argument("quantile", "")
        await self.send_json(
            lambda: importance(self.sweep_manager.open_sweep(sweep), metric, evaluator, quantile),
            self.executors.computing,
        )


class RunHandler(BaseHandler):
    """One run."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str) -> None:
        """Answer with `schemas.RunDetail`."""

        def read() -> schemas.RunDetail:
            open_sweep = self.sweep_manager.open_sweep(sweep)
            return serializers.run_detail(open_sweep.paths, open_sweep.reader, run)

        await self.send_json(read)


class MediaHandler(BaseHandler):
    """The media that a run logged."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str) -> None:
        """Answer with `schemas.Media`."""
        key = self.get_query_argument("key", None, strip=False)
        await self.send_json(
            lambda: serializers.run_media(self.sweep_manager.open_sweep(sweep).reader, run, key)
        )


class LogHandler(BaseHandler):
    """Lines of a run's output."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str) -> None:
        """Answer with `schemas.LogPage`."""
        first = self.int_argument("first", -500, -(2**53), 2**53)
        count = self.int_argument("count", 500, 0, MAX_ROWS)
        await self.send_json(lambda: self.sweep_manager.log_page(sweep, run, first, count))


class MatchesHandler(BaseHandler):
    """Search in a run's output."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str) -> None:
        """Answer with `schemas.LogMatches`."""
        text = self.get_query_argument("text", "", strip=False)
        first = self.int_argument("first", 0, 0, 2**53)
        limit = self.int_argument("limit", 1000, 1, MAX_MATCHES)
        await self.send_json(
            lambda: self.sweep_manager.log_matches(sweep, run, text, first, limit)
        )


class FilesHandler(BaseHandler):
    """The files and artifacts of a run."""

    @authenticated
    @authorized
    async def get(self, sweep: str, run: str) -> None:
        """Answer with `schemas.Files`."""
        await self.send_json(lambda: list_files(self.sweep_manager.open_sweep(sweep), run))


ROUTES: Mapping[str, type[Any]] = {
    "sweeps": SweepsHandler,
    f"sweeps/{ID_PATTERN}": SweepHandler,
    f"sweeps/{ID_PATTERN}/requests": RequestsHandler,
    f"sweeps/{ID_PATTERN}/runs": RunsHandler,
    f"sweeps/{ID_PATTERN}/keys": KeysHandler,
    f"sweeps/{ID_PATTERN}/resources": ResourcesHandler,
    f"sweeps/{ID_PATTERN}/curves": CurvesHandler,
    f"sweeps/{ID_PATTERN}/band": BandHandler,
    f"sweeps/{ID_PATTERN}/importance": ImportanceHandler,
    f"sweeps/{ID_PATTERN}/runs/{ID_PATTERN}": RunHandler,
    f"sweeps/{ID_PATTERN}/runs/{ID_PATTERN}/media": MediaHandler,
    f"sweeps/{ID_PATTERN}/runs/{ID_PATTERN}/log": LogHandler,
    f"sweeps/{ID_PATTERN}/runs/{ID_PATTERN}/log/matches": MatchesHandler,
    f"sweeps/{ID_PATTERN}/runs/{ID_PATTERN}/log/text": LogTextHandler,
    f"sweeps/{ID_PATTERN}/runs/{ID_PATTERN}/files": FilesHandler,
    f"sweeps/{ID_PATTERN}/runs/{ID_PATTERN}/files/(.+)": FileHandler,
    f"sweeps/{ID_PATTERN}/runs/{ID_PATTERN}/plotly/(.+)": PlotlyHandler,
    "mcp": McpHandler,
    "socket": SocketHandler,
}


def handlers() -> list[tuple[str, type[Any]]]:
    """Return all routes, without the server's base URL."""
    return [(f"/{API_ROOT}/{route}", handler) for route, handler in ROUTES.items()]
