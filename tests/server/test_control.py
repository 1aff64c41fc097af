"""Requests to real sweeps over HTTP, carried out by real supervisors."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from fake_wandb_server.server import FakeWandbServer
from tests import sweeps
from tests.server.conftest import Api, Make, Written, until
from wandb_magic.api import Sweep
from wandb_magic.bundle import Manifest
from wandb_magic.daemon import start_supervisor

CELL = """
import time, pathlib
while not pathlib.Path(GO).exists():
    time.sleep(0.02)
"""
CONFIG = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}
Start = Callable[..., Sweep]


@pytest.fixture
def start(tmp_path: Path, jp_environ: None) -> Start:
    def starter(count: int = 3, agents: int = 1) -> Sweep:
        namespace = {"GO": str(tmp_path / "go")}
        return sweeps.start(CELL, CONFIG, namespace=namespace, count=count, agents=agents)

    return starter


class Asks:
    """Asks one sweep for something, as a page does."""

    def __init__(self, api: Api, sweep: Sweep) -> None:
        self._api = api
        self.path = f"sweeps/{sweep.id}"

    async def ask(self, verb: str, **arguments: Any) -> tuple[int, Any]:
        answer = await self._api.answer(
            f"{self.path}/requests", "POST", {"verb": verb, **arguments}
        )
        return answer.code, json.loads(answer.body)

    async def state(self) -> str:
        (found,) = (await self._api.get("sweeps"))["sweeps"]
        return str(found["state"])


async def test_the_course_of_a_sweep(api: Api, start: Start, tmp_path: Path) -> None:
    sweep = start(count=2)
    asks = Asks(api, sweep)
    await until(lambda: sweep.status().running == 1)

    code, summary = await asks.ask("pause")
    assert (code, summary["state"], summary["id"]) == (200, "paused", sweep.id)
    code, summary = await asks.ask("resume")
    assert (code, summary["state"]) == (200, "running")
    code, summary = await asks.ask("set_agents", agents=2)
    assert (code, summary["agents"]) == (200, 2)
    await until(lambda: sweep.status().running == 2)
    code, summary = await asks.ask("set_count", count=3)
    assert (code, summary["count"]) == (200, 3)

    code, summary = await asks.ask("add", params={"lr": 0.5}, n=2)
    assert (code, summary["count"]) == (200, 5)
    code, message = await asks.ask("add", params={"lr": 3})
    assert (code, "lr: 3 is outside its space" in message["message"]) == (400, True)
    assert (await asks.ask("set_count", count=3))[0] == 200
    rows = (await api.get(f"{asks.path}/runs"))["rows"]
    assert [row["proposer"] for row in rows] == ["search", "search", "user", "user"]

    first = sweep.records()[0].id
    code, _ = await asks.ask("stop_run", run=first)
    assert code == 200
    await until(lambda: sweep.records()[0].state.value == "stopped")
    assert (await asks.ask("set_agents", agents=3))[0] == 200
    code, _ = await asks.ask("rerun", run=first)
    assert code == 200
    await until(lambda: [run.attempt for run in sweep.records() if run.number == 0] == [0, 1])

    assert (await asks.ask("resume_run", run=first))[0] == 200
    await until(lambda: sweep.records()[0].state.value in ("pending", "running"))
    code, message = await asks.ask("resume_run", run=first)
    assert (code, "this needs one that is failed" in message["message"]) == (409, True)
    code, message = await asks.ask("rerun_failed", resume=True)
    assert (code, "no run has failed" in message["message"]) == (409, True)

    assert (await api.problem(asks.path, "DELETE"))[0] == 409
    code, _ = await asks.ask("stop", drain=False)
    assert code == 200
    await until(lambda: sweep.status().sweep.ended and not sweep.status().running)
    sweep.wait(120)
    assert (await asks.state()) == "stopped"
    assert (await api.answer(asks.path, "DELETE")).code == 204
    assert not sweep.path.exists()
    assert (await api.get("sweeps"))["sweeps"] == []
    assert (await api.problem(asks.path))[0] == 404


async def test_an_offline_sweep_is_sent_to_wandb(
    api: Api,
    start: Start,
    tmp_path: Path,
    fake_wandb_server: FakeWandbServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "go").touch()
    sweep = start(count=2).wait(60)
    asks = Asks(api, sweep)
    monkeypatch.setenv("WANDB_BASE_URL", fake_wandb_server.environment["WANDB_BASE_URL"])
    code, answer = await asks.ask("sync")
    assert code == 400
    assert "API key" in answer["message"]

    for name, value in fake_wandb_server.environment.items():
        monkeypatch.setenv(name, value)
    code, answer = await asks.ask("sync")
    assert (code, answer["url"]) == (200, sweep.url), answer
    await until(lambda: len(fake_wandb_server.runs) == 2)
    assert {run.name for run in fake_wandb_server.runs.values()} == {
        run.id for run in sweep.records()
    }
    sweep.sync().wait(60)


async def test_a_sweep_that_died_is_resumed_and_leaves_no_zombie(
    api: Api, start: Start, tmp_path: Path
) -> None:
    sweep = start(count=2)
    asks = Asks(api, sweep)
    await until(lambda: sweep.status().running == 1)
    supervisor = psutil.Process(sweep.status().sweep.supervisor.pid)
    supervisor.kill()
    await until(lambda: sweep.status().died)
    assert await asks.state() == "died"
    code, message = await asks.ask("pause")
    assert code == 409
    assert "resume() starts it again" in message["message"]
    code, summary = await asks.ask("resume")
    assert (code, summary["state"]) == (200, "running")
    # It is in a session of its own: the server's end is not its end.
    (resumed,) = [psutil.Process(sweep.status().sweep.supervisor.pid)]
    assert resumed.pid != supervisor.pid
    assert os.getsid(resumed.pid) == resumed.pid
    (tmp_path / "go").touch()
    await until(lambda: sweep.status().state == "finished")

    page = await api.connect()
    await page.open(a={"topic": "sweeps"})  # a page that looks is what collects them
    for process in (supervisor, resumed):
        await until(lambda process=process: not_there(process))


def not_there(process: psutil.Process) -> bool:
    """Tell whether nothing is left of a process, not even a zombie."""
    return process not in psutil.Process().children()


async def test_a_sweep_that_the_server_resumed_outlives_the_server(
    start: Start, tmp_path: Path
) -> None:
    sweep = start(count=1)
    await until(lambda: sweep.status().running == 1)
    psutil.Process(sweep.status().sweep.supervisor.pid).kill()
    await until(lambda: sweep.status().died)
    script = textwrap.dedent(
        f"""
        from pathlib import Path
        from wandb_magic.server.control import handle_request
        from wandb_magic.server.sweep_manager import SweepManager
        handle_request(SweepManager(Path("/")).get_sweep("{sweep.id}"), {{"verb": "resume"}})
        print("resumed", flush=True)
        input()
        """
    )
    server = subprocess.Popen(  # noqa: ASYNC220 - nothing else goes on here
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert server.stdout is not None
    assert server.stdin is not None
    assert server.stdout.readline() == b"resumed\n"
    os.killpg(server.pid, 9)
    server.wait()
    server.stdout.close()
    server.stdin.close()
    assert not sweep.status().died
    (tmp_path / "go").touch()
    await until(lambda: sweep.status().state == "finished")
    assert [run.state.value for run in sweep.records()] == ["finished"]


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({}, 400, "verb"),
        ([], 400, "JSON object"),
        ({"verb": "explode"}, 400, "'explode'"),
        ({"verb": "stop_run"}, 400, "run"),
        ({"verb": "rerun", "run": 3}, 400, "run"),
        ({"verb": "resume_run"}, 400, "run"),
        ({"verb": "set_agents", "agents": 0}, 400, "agents"),
        ({"verb": "set_agents", "agents": True}, 400, "agents"),
        ({"verb": "set_count", "count": "3"}, 400, "count"),
        ({"verb": "set_count", "count": 10**20}, 400, "count"),
        ({"verb": "stop", "drain": "no"}, 400, "drain"),
        ({"verb": ["stop"]}, 400, "verb"),
        ({"verb": "rerun", "run": "nosuchid"}, 404, "nosuchid"),
        ({"verb": "pause"}, 409, "has finished"),
        ({"verb": "set_agents", "agents": 2}, 409, "has finished"),
    ],
)
async def test_what_cannot_be_asked_is_said(
    api: Api, sweep: Written, body: Any, status: int, named: str
) -> None:
    code, message = await api.problem("sweeps/sweep000/requests", "POST", body=body)
    assert code == status
    assert named in message


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 50_000], ids=["cut", "octets", "deep"])
async def test_a_body_that_is_no_json_is_said_to_be_so(
    api: Api, sweep: Written, body: bytes
) -> None:
    answer = await api._client.fetch(
        f"{api.root}sweeps/sweep000/requests",
        method="POST",
        body=body,
        headers={"Authorization": f"token {api.token}"},
        raise_error=False,
    )
    assert answer.code == 400
    assert b"JSON" in answer.body


async def test_a_deleted_sweep_is_gone_for_all(api: Api, sweep: Written) -> None:
    page = await api.connect()
    topic = {"topic": "runs", "sweep": "sweep000", "mark": "0-0"}
    await page.open(a={"topic": "sweeps"}, b=topic)
    await page.message("a")
    await page.message("b")
    sweep.close()
    assert (await api.answer("sweeps/sweep000", "DELETE")).code == 204
    assert not sweep.paths.folder.exists()
    assert (await page.message("a"))["gone"] == ["sweep000"]
    assert (await page.message("b"))["kind"] == "problem"
    assert (await api.problem("sweeps/sweep000", "DELETE"))[0] == 404


def test_a_resumed_sweep_goes_on_in_its_own_python(sweep: Written, tmp_path: Path) -> None:
    assert Manifest.read(sweep.paths.bundle).executable == sys.executable
    other = tmp_path / "python"
    asked = tmp_path / "asked"
    other.write_text(f'#!/bin/sh\necho "$@" > {asked}\n')
    other.chmod(0o700)
    start_supervisor(sweep.paths, os.environ, str(other)).wait()
    assert asked.read_text() == f"-m wandb_magic.supervisor {sweep.paths.folder}\n"


def test_a_python_that_is_gone_is_this_one(sweep: Written, tmp_path: Path) -> None:
    process = start_supervisor(sweep.paths, os.environ, str(tmp_path / "gone"))
    assert process.args[0] == sys.executable  # type: ignore[index]
    process.wait()


async def test_annotations_need_no_supervisor_and_reach_open_pages(
    api: Api, make_sweep: Make
) -> None:
    sweep = make_sweep("sweep000")
    run = sweep.added()
    sweep.end(run, ended=1010.0)
    sweep.close()
    page = await api.connect()
    mark = (await api.get("sweeps/sweep000/runs"))["mark"]
    await page.open(a={"topic": "runs", "sweep": "sweep000", "mark": mark})
    await page.message("a", "runs")  # the keys

    async def ask(verb: str, **arguments: Any) -> Any:
        body = {"verb": verb, **arguments}
        answer = await api.answer("sweeps/sweep000/requests", "POST", body)
        return answer.code, json.loads(answer.body)

    labels = {"name": "warm", "notes": "*why*", "tags": ["best"], "pinned": True, "hidden": True}
    assert (await ask("annotate_run", run=run, **labels))[0] == 200
    message = await page.message("a", "runs")
    (row,) = message["page"]["rows"]
    assert {name: row[name] for name in labels} == labels
    given = {"name": "digits", "tags": ["paper"], "baseline": run}
    code, summary = await ask("annotate", **given)
    assert (code, {name: summary[name] for name in given}) == (200, given)
    changed = await api.get("sweeps/sweep000/runs", since=mark)
    assert [each["id"] for each in changed["rows"]] == [run]
    assert (await ask("annotate_run", run="nosuchid", name="x"))[0] == 404
    assert (await ask("annotate", pinned=True))[0] == 400
    assert (await ask("annotate", tags=[1]))[0] == 400
