"""Alerts, received by a server of the test's own."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from full import FULL
from tests import sweeps
from waiting import wait_until
from wandb_magic.alert_rules import parse_rules
from wandb_magic.alerts.journal import read_alerts
from wandb_magic.arguments import ArgumentError
from wandb_magic.records import Options

SECRET_PATH = "/hook/3f9a7c21b8"
CELL = """
import os, time, wandb
with wandb.init() as run:
    run.log({"loss": run.config.x})
    if run.config.x == 3:
        run.alert(title="Low", text="the loss is low")
    while run.config.x == 4 and not os.path.exists(GO):
        time.sleep(0.05)
    assert run.config.x > 1
"""


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[Any]]]:
    """Receive alerts; the first is refused once."""
    received: list[Any] = []
    refused: list[str] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == SECRET_PATH and not refused:
                refused.append("once")
                self.send_response(503)
            else:
                received.append(json.loads(body))
                self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}{SECRET_PATH}", received
        server.shutdown()
        serving.join()


@pytest.mark.slow(20)
def test_each_alert_arrives_once_whatever_is_killed(
    receiver: tuple[str, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, received = receiver
    monkeypatch.setenv("WANDB_MAGIC_NOTIFY", address)
    go = tmp_path / "go"
    rules = ("best < 2.5", "failed > 0", "ended", "alert", "quiet > 1h", "best < 0")
    sweep = sweeps.start(
        CELL,
        {
            "method": "grid",
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {"x": {"values": [2, 1, 3, 4]}},
        },
        namespace={"GO": str(go)},
        count=None,
        options=Options(seed=1, failure_limit=0, notify=rules),
    )
    wait_until(lambda: len(received) >= 3)
    wait_until(lambda: any(run.number == 3 for run in sweep.records()))
    for _ in range(5 if FULL else 2):
        killed = sweep._record.supervisor
        assert killed is not None
        os.kill(killed.pid, signal.SIGKILL)
        wait_until(lambda: sweep.state == "died")
        sweep.resume()
        wait_until(lambda: sweep.state == "running")
    go.touch()
    sweep.wait(180)
    wait_until(lambda: len(received) >= 4)
    wait_until(lambda: all(each.state == "sent" for each in read_alerts(sweep._paths.notify)))
    titles = sorted(each["title"].partition(": ")[2] for each in received)
    assert titles.pop(1) in ("best < 2.5: best is 2", "best < 2.5: best is 1")  # by then
    assert titles == [
        "alert of run 2: Low: the loss is low",
        "failed > 0: failed is 1",
        "finished",
    ]
    assert "alert of run 2: Low: the loss is low" in sweep._record.notices
    # The address is a secret.
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert SECRET_PATH.encode() not in file.read_bytes(), file


def test_a_rule_is_one_line() -> None:
    rules = parse_rules(["best<0.2", "failed  > 3", "ended", "quiet > 30m", "alert"])
    assert [rule.text for rule in rules] == [
        *("best < 0.2", "failed > 3", "ended", "quiet > 30m", "alert"),
    ]
    assert rules[3].bound == 1800
    assert rules[0].applies(0.1)
    assert not rules[0].applies(None)
    for text in ("", "best", "best = 3", "worst > 1", "ended > 3", "quiet < 3m", "best < nan", 3):
        with pytest.raises(ArgumentError, match="is not a rule"):
            parse_rules([text])
