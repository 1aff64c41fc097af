"""Whatever is asked over HTTP or said over the socket: an answer in a sentence, never a failure.

The questions are made from docs/rest-api.yml, with arguments and bodies as it describes them, and
as it does not.
"""

import asyncio
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError, HTTPResponse

from tests.server.conftest import Api, Page, Written, losses
from wandb_magic.server import websocket
from wandb_magic.server.client_connection import ClientConnection as ServerPage
from wandb_magic.server.http_errors import BadRequestError
from wandb_magic.server.sweep_manager import SWEEP_MANAGER

ROOT = Path(__file__).parents[2]
PATHS = yaml.safe_load((ROOT / "docs" / "rest-api.yml").read_text("utf-8"))["paths"]
WORDS = (
    *(
        "",
        " ",
        "0",
        "-1",
        "1",
        "9" * 25,
        "1e9",
        "nan",
        "٣",
        "\x00",
        "\ud7ff",
        "..",
        "../../x",
        "%2e",
    ),
    *(
        "loss",
        "history",
        "system",
        "step",
        "time",
        "params.lr",
        "-value",
        "a" * 3000,
        "'; DROP",
        "✓",
    ),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=9) | st.sampled_from(["verb", "run"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)
FUZZ = settings(
    max_examples=25,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def asked(draw: Any, ids: tuple[str, ...]) -> tuple[str, str]:
    """Draw a method, and an address with a query."""
    path = draw(st.sampled_from(sorted(PATHS)))
    method = draw(
        st.sampled_from([*(each.upper() for each in PATHS[path] if each != "parameters")])
    )
    word = st.sampled_from([*WORDS, *ids]) | st.text(max_size=12)
    told = path.removeprefix("/")
    for name in ("sweep", "run", "path"):
        if f"{{{name}}}" in told:
            text = draw(st.sampled_from(ids) | word)
            told = told.replace(f"{{{name}}}", quote(text, safe="", errors="replace") or "x")
    names = [
        each["name"]
        for each in PATHS[path].get(method.lower(), {}).get("parameters", ())
        if each.get("in") == "query"
    ]
    query = [(name, draw(word)) for name in names if draw(st.booleans())]
    query += [(draw(word), draw(word)) for _ in range(draw(st.integers(0, 1)))]
    return method, f"{told}?{urlencode(query, errors='replace')}"


BODIES = (
    *(
        b"",
        b"\xff\xfe",
        b"{",
        b"[" * 100_000,
        b'{"verb":' * 50_000,
        b"null",
        b"[]",
        b'"stop"',
        b"1e999",
    ),
    *(b'{"verb": ["stop"]}', b'{"verb": {"a": 1}}', b'{"verb": null}', b'{"verb": "\\ud800"}'),
    *(b'{"verb": "set_count", "count": 1e400}', b'{"verb": "set_agents", "agents": true}'),
    b'{"verb": "set_count", "count": ' + b"9" * 5000 + b"}",
    *(b'{"verb": "stop_run", "run": []}', b'{"verb": "rerun", "run": "' + b"x" * 100_000 + b'"}'),
)


def sound(answer: Any, what: object) -> None:
    assert answer.code < 500, (what, answer.code, answer.body[:500])
    assert b"Traceback" not in (answer.body or b"") or answer.code == 200, what
    if answer.code >= 400 and answer.body:
        assert list(json.loads(answer.body)) == ["message"], (what, answer.body)


@pytest.fixture
def known(sweep: Written) -> tuple[str, ...]:
    run = sweep.run(*losses(3.0, 1.0))
    sweep.output(run, b"one\ntwo\xff\n")
    sweep.saved(run, {"a.txt": b"a"})
    ids = (sweep.id, run, "a.txt")
    sweep.close()
    return ids


async def post(api: Api, path: str, body: bytes) -> HTTPResponse:
    return await api._client.fetch(
        api.root + path,
        method="POST",
        body=body,
        headers=api._token,
        raise_error=False,
        request_timeout=60,
    )


async def test_no_question_fails_the_server(api: Api, known: tuple[str, ...]) -> None:
    questions: list[tuple[str, str]] = []

    @FUZZ
    @given(st.data())
    def collect(data: Any) -> None:
        questions.append(asked(data.draw, known))

    for _ in range(4):
        collect()
    for method, path in dict.fromkeys(questions):
        # What would delete the sweep or open the socket has its own tests.
        if method == "GET" and not path.startswith("socket"):
            sound(await api.answer(path), path)


async def test_no_body_fails_the_server(api: Api, known: tuple[str, ...]) -> None:
    bodies: list[bytes] = [*BODIES]

    @FUZZ
    @given(JSON | st.dictionaries(st.just("verb"), JSON))
    def collect(value: Any) -> None:
        bodies.append(json.dumps(value).encode())

    collect()
    for body in bodies:
        answer = await post(api, f"sweeps/{known[0]}/requests", body)
        sound(answer, body[:100])
        assert answer.code >= 400, body[:100]


def test_no_message_fails_the_socket(jp_serverapp: ServerApp, known: tuple[str, ...]) -> None:
    manager = jp_serverapp.web_app.settings[SWEEP_MANAGER]
    topic = st.fixed_dictionaries(
        {"topic": st.sampled_from(["sweeps", "runs", "curves", "run", "log", "x"])},
        optional={
            name: JSON | st.sampled_from([*known, ["loss"], list(known), "1-1", "1" * 30, "step"])
            for name in (
                "sweep",
                "run",
                "runs",
                "keys",
                "mark",
                "stream",
                "axis",
                "points",
                "first",
            )
        },
    )

    @FUZZ
    @given(st.dictionaries(st.text(max_size=3), topic | JSON, max_size=3) | JSON)
    def say(topics: Any) -> None:
        page = ServerPage(manager)
        try:
            page.set_topics(json.dumps({"open": topics}))
        except BadRequestError:
            return
        for message in page.poll():
            assert "Traceback" not in message

    for _ in range(4):
        say()
    for raw in (
        b"\xff",
        b"",
        "[" * 100_000,
        '{"open": ' * 10_000,
        '{"open": {"a": 1e999}}',
        "\x00",
    ):
        page = ServerPage(manager)
        try:
            page.set_topics(raw)
            page.poll()
        except BadRequestError as error:
            assert "open topics" in str(error)  # noqa: PT017 - it may be raised or not


async def test_many_topics_in_a_message_hold_no_thread(api: Api, known: tuple[str, ...]) -> None:
    flood = await api.connect()
    topics = {str(number): {"topic": "sweeps"} for number in range(20_000)}
    await flood.connection.write_message(json.dumps({"open": topics}))
    assert await flood.connection.read_message() is None or flood.connection.close_code
    assert flood.connection.close_reason is not None
    assert "topics" in flood.connection.close_reason
    page: Page = await api.connect()
    began = time.thread_time()
    await page.open(all={"topic": "sweeps"})
    assert (await page.message("all"))["kind"] == "sweeps"
    assert time.thread_time() - began < 5
    await asyncio.sleep(0)


HUGE = 300_000


@pytest.mark.parametrize(
    "topic",
    [
        {"topic": "x" * HUGE},
        {"topic": ["x"] * 100_000},
        {"topic": "runs", "sweep": "x" * HUGE, "mark": "0-0"},
        {"topic": "runs", "sweep": "sweep000", "mark": "x" * HUGE},
        {"topic": "runs", "sweep": "sweep000", "mark": "0-0" + ".1" * HUGE},
        {"topic": "run", "sweep": "sweep000", "run": "x" * HUGE},
        {"topic": "log", "sweep": "sweep000", "run": "x" * HUGE},
        {"topic": "run", "sweep": ["sweep000"] * 50_000, "run": "x"},
        *(
            {
                "topic": "curves",
                "sweep": "sweep000",
                "stream": "history",
                "axis": "step",
                **fields,
            }
            for fields in (
                {"keys": ["k"] * 100_000, "runs": []},
                {"keys": [], "runs": ["r"] * 100_000},
                {"keys": ["loss"], "runs": ["r"] * 100_000},
                {"keys": ["x" * HUGE], "runs": ["run00000"]},
                {"keys": "x" * HUGE, "runs": []},
                {"keys": ["loss"], "runs": [], "axis": "x" * HUGE},
            )
        ),
    ],
)
async def test_a_huge_topic_is_a_short_problem_of_its_own(
    api: Api, known: tuple[str, ...], topic: dict[str, Any]
) -> None:
    page = await api.connect()
    await page.open(huge=topic, good={"topic": "sweeps"})
    assert (await page.message("good"))["kind"] == "sweeps"
    told = await page.message("huge")
    assert len(json.dumps(told)) < 5000
    assert told["kind"] in ("problem", "curves", "runs")
    assert "the server's log" not in told.get("message", "")


async def test_a_huge_body_is_not_read(api: Api, known: tuple[str, ...]) -> None:
    answer = await post(api, f"sweeps/{known[0]}/requests", b"[" + b"0," * 5_000_000 + b"0]")
    assert answer.code == 400
    assert "bytes" in json.loads(answer.body)["message"]


async def test_one_socket_too_many_is_refused(
    api: Api, known: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "MAX_SOCKETS", 3)
    pages = [await api.connect() for _ in range(3)]
    with pytest.raises(HTTPClientError, match="503"):
        await api.connect()
    await pages[0].open(a={"topic": "sweeps"})
    assert (await pages[0].message("a"))["kind"] == "sweeps"
    pages[1].connection.close()
    while True:
        try:
            await api.connect()
        except HTTPClientError:
            await asyncio.sleep(0.02)
        else:
            return


def test_messages_are_taken_up_at_a_pace() -> None:
    pace = websocket.RateLimiter()
    delays = [pace.delay(1000.0) for _ in range(websocket.BURST + 21)]
    assert delays[: websocket.BURST + 1] == [0.0] * (websocket.BURST + 1)
    assert delays[-1] == pytest.approx(20 * websocket.MESSAGE_INTERVAL_S)
    assert pace.delay(2000.0) == 0.0
