"""Each fault on command, with a bare client and with real ones."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import time
from pathlib import Path

import pytest

from fake_wandb_server.clients import PYTHONS, Client, ended, side_by_side, wait_for
from fake_wandb_server.controls import Controls
from fake_wandb_server.process import FakeWandbServerProcess
from fake_wandb_server.server import FakeWandbServer

VIEWER = json.dumps({"query": "query Viewer { viewer { entity } }"}).encode()
UPSERT = json.dumps(
    {"query": 'mutation UpsertBucket { upsertBucket(input: {name: "run"}) { inserted } }'}
).encode()
LOGGING = """
import sys, time, wandb
run = wandb.init(project="digits", id="run")
for step in range(300):
    run.log({"loss": step})
    time.sleep(0.01)
run.finish()
"""
QUICK = {
    "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1",  # whole seconds; a fraction means the default
    "WANDB_X_FILE_STREAM_RETRY_WAIT_MIN_SECONDS": "1",
    "WANDB_X_GRAPHQL_RETRY_WAIT_MIN_SECONDS": "1",
}


class BareClient:
    """A client that asks once."""

    def __init__(self, server: Controls) -> None:
        self.server = server

    def __call__(self, body: bytes = VIEWER, timeout: float = 60, key: str | None = None) -> int:
        secret = base64.b64encode(f"api:{key or self.server.key}".encode()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=timeout)
        try:
            connection.request("POST", "/graphql", body, {"Authorization": f"Basic {secret}"})
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture
def ask(fake_wandb_server: FakeWandbServer) -> BareClient:
    return BareClient(fake_wandb_server)


def test_refused_requests_by_name_and_number(
    fake_wandb_server: FakeWandbServer, ask: BareClient
) -> None:
    fake_wandb_server.fault("status", "Viewer", status=503, times=2, after=1)
    assert [ask() for _ in range(5)] == [200, 503, 503, 200, 200]
    assert fake_wandb_server.count("Viewer") == 5
    assert fake_wandb_server.count("Viewer", status=503) == 2
    fake_wandb_server.fault("status", "/graphql", status=429, period=60)
    assert ask() == 429
    fake_wandb_server.heal()
    assert ask() == 200


def test_a_period_ends(fake_wandb_server: FakeWandbServer, ask: BareClient) -> None:
    fake_wandb_server.fault("status", status=502, period=0.3)
    assert ask() == 502
    wait_for(lambda: ask() == 200, "the end of the period", deadline=10)


def test_resets_hangs_latency_and_a_closed_listener(
    fake_wandb_server: FakeWandbServer, ask: BareClient
) -> None:
    fake_wandb_server.fault("reset", times=1)
    with pytest.raises(ConnectionError):
        ask()
    fake_wandb_server.fault("hang", times=1)
    with pytest.raises(TimeoutError):
        ask(timeout=0.2)
    fake_wandb_server.fault("latency", seconds=0.3, times=1)
    began = time.monotonic()
    assert ask() == 200
    assert time.monotonic() - began >= 0.3
    with fake_wandb_server.refusing(), pytest.raises(ConnectionRefusedError):
        ask()
    assert ask() == 200


def test_a_lost_answer_was_carried_out(
    fake_wandb_server: FakeWandbServer, ask: BareClient
) -> None:
    fake_wandb_server.fault("lost", "UpsertBucket", times=1)
    with pytest.raises(ConnectionError):
        ask(UPSERT)
    assert list(fake_wandb_server.runs) == ["run"]


def test_pages_have_addresses(fake_wandb_server: FakeWandbServer, ask: BareClient) -> None:
    assert ask(UPSERT) == 200
    found = {}
    for path in ("/", "/team/uncategorized", "/team/uncategorized/runs/run", "/team/none"):
        connection = http.client.HTTPConnection("127.0.0.1", fake_wandb_server.port, timeout=10)
        connection.request("GET", path)
        found[path] = connection.getresponse().status
        connection.close()
    assert list(found.values()) == [200, 200, 200, 404]


def test_keys(fake_wandb_server: FakeWandbServer, ask: BareClient) -> None:
    assert ask(key="1" * 40) == 401
    fake_wandb_server.reject_keys()
    assert ask() == 401
    fake_wandb_server.reject_keys(reject=False)
    assert ask() == 200
    assert fake_wandb_server.key not in repr(fake_wandb_server.requests)


def outages(client: Client) -> None:
    server = client.server
    assert isinstance(server, FakeWandbServer)
    server.fault("status", "UpsertBucket", status=500, times=1)
    process = client.start_script(LOGGING, **QUICK)
    wait_for(lambda: "run" in server.runs and server.runs["run"].history, "history")
    lost = server.fault("lost", "file_stream", times=2)
    wait_for(lambda: lost.hits, "a chunk whose answer is lost")
    with server.refusing():
        time.sleep(1)  # the outage itself
    ended(process)
    run = server.runs["run"]
    assert [row["loss"] for row in run.history] == list(range(300))
    assert run.overwritten > 0
    assert run.state == "finished"


def test_a_run_outlives_outages(wandb_clients: list[Client]) -> None:
    side_by_side(wandb_clients, outages)


def refusals(client: Client) -> None:
    server = client.server
    assert isinstance(server, FakeWandbServer)
    server.fault("status", "file_stream", status=404, after=1)
    client.script(LOGGING, expected=None, **QUICK)
    assert len(server.runs["run"].history) < 300
    assert server.count("file_stream", status=404) == 1  # it stops for good
    server.reject_keys()
    client.script(LOGGING, expected=1, **QUICK)


def test_a_missing_stream_and_a_rejected_key(wandb_clients: list[Client]) -> None:
    side_by_side(wandb_clients, refusals)


def test_a_killed_server_has_lost_nothing(
    fake_wandb_server_process: FakeWandbServerProcess, tmp_path: Path
) -> None:
    client = Client(Path(PYTHONS[0]), tmp_path, fake_wandb_server_process)
    process = client.start_script(LOGGING, **QUICK)
    wait_for(
        lambda: (run := fake_wandb_server_process.runs.get("run")) is not None and run.history,
        "history",
    )
    before = fake_wandb_server_process.runs["run"]
    fake_wandb_server_process.kill()
    fake_wandb_server_process.start()
    after = fake_wandb_server_process.runs["run"]
    assert after.history[: len(before.history)] == before.history
    assert after.created == before.created
    ended(process)
    run = fake_wandb_server_process.runs["run"]
    assert [row["loss"] for row in run.history] == list(range(300))
    assert run.state == "finished"
    assert fake_wandb_server_process.count("file_stream") > 0
    fake_wandb_server_process.reject_keys()
    fake_wandb_server_process.fault("kill", "Viewer")
    with pytest.raises(ConnectionError):
        BareClient(fake_wandb_server_process)()
    wait_for(lambda: not fake_wandb_server_process.alive, "the end of the server")
    fake_wandb_server_process.start()
    assert fake_wandb_server_process.look().rejecting


@pytest.mark.parametrize(
    "request_in_part",
    [
        b'POST /graphql HTTP/1.1\r\nContent-Length: 500\r\n\r\n{"qu',
        b"PUT /storage/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
)
def test_a_request_that_a_killed_client_did_not_finish_never_was(
    request_in_part: bytes, fake_wandb_server: FakeWandbServer
) -> None:
    with socket.create_connection(("127.0.0.1", fake_wandb_server.port)) as client:
        client.sendall(request_in_part)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    assert fake_wandb_server.refused == []
    assert fake_wandb_server.requests == []
