"""A real Jupyter server with the extension, and real stores for it to read."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from jupyter_server.serverapp import ServerApp
from pytest_jupyter.jupyter_server import *  # noqa: F403 - its fixtures, for these tests only
from pytest_jupyter.pytest_tornasync import AsyncHTTPServerClient
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.sweeps import run_record, sweep_record, write_sweep
from wandb_magic import store
from wandb_magic.log_records import HistoryRecord, LogRecord, SummaryRecord
from wandb_magic.paths import SweepPaths
from wandb_magic.records import ProcessId, RunId, RunState
from wandb_magic.server.sweep_manager import SWEEP_MANAGER, SweepManager
from wandb_magic.spec import load

CELL = "# %%wandb_sweep config --count 3\nimport json\njson.dumps(rate)\n"
SPEC = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}, "net": {"parameters": {"depth": {"value": 3}}}},
}
GONE = ProcessId(2**22 + 1, "never")  # above the largest pid
API = "wandb-magic/api/"
PATIENCE_S = 120.0


@dataclass
class Written:
    """A sweep that a test writes as its supervisor would."""

    paths: SweepPaths
    writer: store.StoreWriter
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))
    closed: bool = False

    @property
    def id(self) -> str:
        return self.writer.sweep().id

    def close(self) -> None:
        """Let go of the store, as a supervisor does at its end."""
        if not self.closed:
            self.writer.close()
            self.closed = True

    def run(self, *entries: LogRecord, **fields: Any) -> RunId:
        """Add a run that goes on, and what it has logged."""
        run = self.added(**fields)
        self.log(run, *entries)
        return run

    def added(self, **fields: Any) -> RunId:
        """Add a run that goes on, and do not commit yet."""
        number = next(self.numbers)
        own = {
            "params": {"lr": number / 10, "net": {"depth": 3}},
            "started": 1000.0 + number,
            **fields,
        }
        record = run_record(number, **own)
        self.writer.add_run(record)
        return record.id

    def log(self, run: RunId, *entries: LogRecord) -> None:
        """Add what a run logged."""
        if entries:
            self.writer.append(run, entries)
        self.writer.commit()

    def end(self, run: RunId, **fields: Any) -> None:
        """End a run."""
        values = {"state": RunState.FINISHED, "exit_code": 0, "ended": time.time(), **fields}
        self.writer.update_run(run, **values)
        self.writer.commit()

    def output(self, run: RunId, data: bytes) -> Path:
        """Add to what a run printed."""
        path = self.paths.run(run).output
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(data)
        return path

    def saved(self, run: RunId, files: dict[str, bytes]) -> Path:
        """Save files of a run as wandb does, and return their folder."""
        directory = self.paths.root / "wandb" / f"offline-run-{run}"
        for name, data in files.items():
            path = directory / "files" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        self.writer.update_run(run, directory=str(directory))
        self.writer.commit()
        return directory / "files"


def losses(*values: float, first: int = 0) -> list[HistoryRecord]:
    """Return steps that log a loss, one a second."""
    return [
        HistoryRecord(step, 1000.0 + step, {"loss": value})
        for step, value in enumerate(values, first)
    ]


def summed(**values: Any) -> SummaryRecord:
    """Return a change of the summary."""
    return SummaryRecord(values)


Make = Callable[..., Written]


@pytest.fixture
def make_sweep(tmp_path: Path, jp_environ: None) -> Iterator[Make]:
    made: list[Written] = []

    def make(name: str = "sweep000", **fields: Any) -> Written:
        own = {
            "created": 1000.0 + len(made),
            "spec": load(SPEC).to_dict(),
            "supervisor": GONE,
            **fields,
        }
        paths = write_sweep(tmp_path, sweep_record(name, **own), CELL, {"rate": 0.5})
        written = Written(paths, store.StoreWriter(paths.store))
        made.append(written)
        return written

    yield make
    for each in made:
        each.close()


@pytest.fixture
def sweep(make_sweep: Make) -> Written:
    return make_sweep()


class Page:
    """A page's end of the socket."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection
        self.frames: list[Any] = []
        self._waiting: list[dict[str, Any]] = []

    async def open(self, **topics: dict[str, Any]) -> None:
        await self.connection.write_message(json.dumps({"open": topics}))

    async def frame(self, patience: float = PATIENCE_S) -> Any:
        """Return the next frame."""
        text = await asyncio.wait_for(self.connection.read_message(), patience)
        assert text is not None, "the server closed the socket"
        self.frames.append(json.loads(text))
        return self.frames[-1]

    async def message(self, to: str, kind: str = "", patience: float = PATIENCE_S) -> Any:
        """Return the next message to a topic, of one kind if that is given."""
        while True:
            for message in self._waiting:
                if message["to"] == to and kind in ("", message["kind"]):
                    self._waiting.remove(message)
                    return message
            self._waiting += (await self.frame(patience))["messages"]

    async def silent(self, seconds: float = 0.8) -> bool:
        """Tell whether nothing comes for a while."""
        try:
            await self.frame(seconds)
        except asyncio.TimeoutError:
            return True
        return False


class Api:
    """What a page can ask of the server, over HTTP."""

    def __init__(self, client: AsyncHTTPClient, root: str, token: str) -> None:
        self._client = client
        self._token = {"Authorization": f"token {token}"}
        self.root = root
        self.token = token
        self.pages: list[Page] = []

    async def answer(
        self,
        path: str,
        method: str = "GET",
        body: object = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> HTTPResponse:
        """Return an answer, whatever its status.

        A path that begins with a slash is the server's; `headers` replace the token.
        """
        url = self.root.removesuffix(API) + path[1:] if path[0] == "/" else self.root + path
        if query:
            url += f"?{urlencode(query, doseq=True)}"
        return await self._client.fetch(
            url,
            method=method,
            body=None if body is None else json.dumps(body),
            headers=self._token if headers is None else headers,
            raise_error=False,
            follow_redirects=False,
            request_timeout=60,
            allow_nonstandard_methods=True,
        )

    async def get(self, path: str, **query: Any) -> Any:
        """Return the JSON of an answer that must be a good one."""
        answer = await self.answer(path, **query)
        assert answer.code == 200, answer.body
        return json.loads(answer.body)

    async def problem(self, path: str, method: str = "GET", **given: Any) -> tuple[int, str]:
        """Return the status and the sentence of an answer that must be a problem."""
        answer = await self.answer(path, method, **given)
        body = json.loads(answer.body)
        assert list(body) == ["message"]
        assert "Traceback" not in body["message"]
        return answer.code, body["message"]

    async def login(self) -> dict[str, str]:
        """Return the headers of a browser that has logged in."""
        answer = await self.answer(f"/api/status?token={self.token}", headers={})
        cookies = (each.split(";")[0] for each in answer.headers.get_list("Set-Cookie"))
        return {"Cookie": "; ".join(cookies)}

    async def connect(self, headers: dict[str, str] | None = None) -> Page:
        """Open the socket."""
        url = self.root.replace("http", "ws", 1) + "socket"
        request = HTTPRequest(url, headers=self._token if headers is None else headers)
        self.pages.append(Page(await websocket_connect(request)))
        return self.pages[-1]

    async def close(self) -> None:
        """Close all sockets."""
        for page in self.pages:
            page.connection.close()
            while page.connection.close_code is None:
                if await page.connection.read_message() is None:
                    break


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {
        "ServerApp": {
            "jpserver_extensions": {"wandb_magic": True},
            "allow_unauthenticated_access": False,
        }
    }


@pytest.fixture
def api(
    jp_serverapp: ServerApp,
    http_server_client: AsyncHTTPServerClient,
    jp_base_url: str,
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> Iterator[Api]:
    root = f"{http_server_client.get_url(jp_base_url)}{API}"
    token = jp_serverapp.identity_provider.token
    api = Api(AsyncHTTPClient(force_instance=True), root, token)
    yield api
    jp_asyncio_loop.run_until_complete(api.close())


@pytest.fixture
def manager(jp_serverapp: ServerApp) -> SweepManager:
    found: SweepManager = jp_serverapp.web_app.settings[SWEEP_MANAGER]
    return found


async def until(condition: Callable[[], object], patience: float = PATIENCE_S) -> Any:
    """Wait for a condition while the server goes on."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found = await asyncio.to_thread(condition)
        if found:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("the condition did not hold in time")
