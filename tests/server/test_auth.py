"""Who may ask: nobody without a token, no other site, nobody that an authoriser denies."""

import asyncio
import re
import time
from typing import Any

import pytest
from jupyter_server.auth import Authorizer
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError

from tests.server.conftest import PATIENCE_S, Api, Make, Page, Written
from wandb_magic.server import websocket
from wandb_magic.server.handlers import ROUTES

VERBS = ("get", "post", "put", "patch", "delete")
EXAMPLES = {
    "sweeps/([^/]+)/band": "sweeps/sweep000/band?key=loss",
    "sweeps/([^/]+)/runs/([^/]+)/files/(.+)": "sweeps/sweep000/runs/run00000/files/a.txt",
    "sweeps/([^/]+)/runs/([^/]+)/plotly/(.+)": "sweeps/sweep000/runs/run00000/plotly/a.txt",
}


def example(route: str) -> str:
    """Return a path of a route."""
    path = EXAMPLES.get(route)
    return path or route.replace("([^/]+)", "sweep000", 1).replace("([^/]+)", "run00000", 1)


def asked() -> list[tuple[str, str]]:
    """Return every verb of every route with a path, the socket's apart."""
    return [
        (verb.upper(), example(route))
        for route, handler in ROUTES.items()
        for verb in VERBS
        if verb in vars(handler) and route != "socket"
    ]


CHANGING = [(verb, path) for verb, path in asked() if verb != "GET"]


@pytest.fixture
def full(sweep: Written) -> Written:
    """Return a sweep for which every route has an answer."""
    run = sweep.run()
    sweep.saved(run, {"a.txt": b"a"})
    sweep.output(run, b"line\n")
    sweep.end(run, value=1.0)
    return sweep


def test_every_route_has_an_example() -> None:
    assert len(asked()) == 19
    for route in ROUTES:
        assert re.fullmatch(route, example(route).partition("?")[0])


async def test_all_is_answered_with_a_token(api: Api, full: Written) -> None:
    for verb, path in asked():
        if verb == "GET":
            assert (await api.answer(path)).code == 200, path


async def test_nothing_is_answered_without_a_token(api: Api, full: Written) -> None:
    for verb, path in asked():
        for headers in ({}, {"Authorization": "token wrong"}):
            answer = await api.answer(path, verb, headers=headers)
            login = answer.code == 302 and "/login" in answer.headers["Location"]
            # A file is opened by the browser itself, which is to be shown the login.
            opened = any(part in path for part in ("/files/", "/plotly/", "/text"))
            assert answer.code == 403 or (login and opened), path
            assert b"sweep000" not in answer.body
    assert full.paths.folder.exists()


async def test_nothing_is_changed_without_the_xsrf_token(api: Api, full: Written) -> None:
    browser = await api.login()
    assert (await api.answer("sweeps", headers=browser)).code == 200
    assert CHANGING
    for verb, path in CHANGING:
        answer = await api.answer(path, verb, {}, headers=browser)
        assert answer.code == 403, path
        assert b"_xsrf" in answer.body
    assert full.paths.folder.exists()


class Denies(Authorizer):
    """Denies this extension, and nothing else."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return resource != "wandb_magic"


class Reads(Authorizer):
    """Lets everything be read, and nothing be changed."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return action == "read"


class TestDenied:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        jp_server_config["ServerApp"]["authorizer_class"] = Denies
        return jp_server_config

    async def test_nothing_is_answered(self, api: Api, full: Written) -> None:
        assert (await api.answer("/api/status")).code == 200
        for verb, path in asked():
            assert (await api.answer(path, verb, {} if verb == "POST" else None)).code == 403, path
        assert full.paths.folder.exists()

    async def test_no_socket_opens(self, api: Api) -> None:
        with pytest.raises(HTTPClientError, match="403"):
            await api.connect()


class TestReading:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        jp_server_config["ServerApp"]["authorizer_class"] = Reads
        return jp_server_config

    async def test_reads_and_changes_nothing(self, api: Api, full: Written) -> None:
        for verb, path in asked():
            answer = await api.answer(path, verb, {} if verb == "POST" else None)
            reads = verb == "GET" or path == "mcp"  # what its tools may do, test_mcp.py shows
            assert (answer.code != 403) is reads, path
            assert answer.code == 200 or verb != "GET", path
        await (await api.connect()).open()
        assert full.paths.folder.exists()


async def test_no_socket_opens_without_a_token(api: Api) -> None:
    with pytest.raises(HTTPClientError, match="403"):
        await api.connect(headers={})


async def test_no_socket_opens_for_another_site(api: Api) -> None:
    browser, host = await api.login(), api.root.split("/")[2]
    await api.connect({**browser, "Origin": f"http://{host}"})
    with pytest.raises(HTTPClientError, match="403"):
        await api.connect({**browser, "Origin": "http://elsewhere.example"})


class Withdrawable(Authorizer):
    """Lets everything be done, until somebody changes their mind."""

    withdrawn = False

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return not Withdrawable.withdrawn


async def ending(page: Page, *, saying: bool) -> tuple[int | None, str | None]:
    """Return with what code and words a socket ends, at once if something is said over it."""
    if saying:
        await page.open(a={"topic": "sweeps"})
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        left = deadline - time.monotonic()
        if await asyncio.wait_for(page.connection.read_message(), left) is None:
            break
    return page.connection.close_code, page.connection.close_reason


DENIED = (1008, "you are logged out, or may no longer see the sweeps: log in again")


class TestWithdrawing:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        jp_server_config["ServerApp"]["authorizer_class"] = Withdrawable
        return jp_server_config

    @pytest.mark.parametrize("saying", [True, False])
    async def test_an_open_socket_ends_with_the_authorization(
        self, api: Api, full: Written, monkeypatch: pytest.MonkeyPatch, *, saying: bool
    ) -> None:
        page = await api.connect()
        await page.open(a={"topic": "sweeps"})
        await page.message("a")
        monkeypatch.setattr(Withdrawable, "withdrawn", True)
        full.run()
        assert await ending(page, saying=saying) == DENIED
        with pytest.raises(HTTPClientError, match="403"):
            await api.connect()


@pytest.mark.parametrize("saying", [True, False])
async def test_an_open_socket_ends_with_its_token(
    api: Api, jp_serverapp: ServerApp, *, saying: bool
) -> None:
    page = await api.connect()
    await page.open(a={"topic": "sweeps"})
    await page.message("a")
    jp_serverapp.identity_provider.token = "another"
    assert await ending(page, saying=saying) == DENIED


async def test_an_open_socket_ends_with_a_logout(api: Api) -> None:
    browser, other = await api.login(), await api.login()
    page, another = await api.connect(browser), await api.connect(other)
    by_token = await api.connect()
    for each in (page, another, by_token):
        await each.open(a={"topic": "sweeps"})
        await each.message("a")
    assert (await api.answer("/logout", headers=browser)).code == 200
    assert await ending(page, saying=False) == DENIED
    for each in (another, by_token):  # these are other logins
        await each.open(b={"topic": "sweeps"})
        await each.message("b")


async def test_an_open_socket_ends_with_its_cookie(api: Api, jp_serverapp: ServerApp) -> None:
    page = await api.connect(await api.login())
    await page.open(a={"topic": "sweeps"})
    await page.message("a")
    # What a changed password does.
    jp_serverapp.web_app.settings["cookie_secret"] = b"another"
    assert await ending(page, saying=False) == DENIED


async def test_a_socket_whose_rights_last_stays_open(
    api: Api, full: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "AUTH_CHECK_S", 0.0)
    page = await api.connect(await api.login())
    for number in range(5):
        await page.open(**{str(number): {"topic": "sweeps"}})
        await page.message(str(number))
    assert page.connection.close_code is None


OUTSIDE = (
    "..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e",
    "sweep00",
    "SWEEP000",
    "sweep000%00",
    "%2fetc%2fpasswd",
)


async def test_an_id_leads_nowhere_else(api: Api, make_sweep: Make) -> None:
    make_sweep("another0")
    sweep = make_sweep()
    sweep.run()
    for bad in OUTSIDE:
        for verb, path in asked():
            if "sweep000" in path:
                code, _ = await outcome(api, verb, path.replace("sweep000", bad))
                assert code in (400, 404, 405), (bad, path)
            if "run00000" in path:
                code, _ = await outcome(api, verb, path.replace("run00000", bad))
                assert code in (400, 404, 405), (bad, path)
    assert sweep.paths.folder.exists()


async def outcome(api: Api, verb: str, path: str) -> tuple[int, bytes]:
    answer = await api.answer(path, verb, {"verb": "stop"} if verb == "POST" else None)
    return answer.code, answer.body
