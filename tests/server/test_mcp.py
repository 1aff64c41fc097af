"""The official client of the Model Context Protocol, over HTTP, against a real Jupyter server."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth import Authorizer
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from tests.server.conftest import Api
from tests.sweeps import sweep_record, write_sweep
from wandb_magic.api import attach
from wandb_magic.assistants import mcp_server
from wandb_magic.assistants.toolbox import TOOLS
from wandb_magic.processes import current_process
from wandb_magic.records import Proposer, SweepState

PROGRAM = """
import argparse, os, time, wandb
while not os.path.exists("begin"):
    time.sleep(0.05)
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
with wandb.init(config=parser.parse_args()) as run:
    run.log({"loss": run.config.x})
"""
CONFIG = {
    "program": "train.py",
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"values": [1.0, 2.0]}},
}
MODES = ["auto", "legacy"]  # with a handshake or without: the newest and the earlier revisions


@asynccontextmanager
async def client(api: Api, mode: Any = "auto", scheme: str = "token") -> AsyncIterator[Client]:
    """Return a client with the server's token, as an assistant's configuration has it."""
    http = create_mcp_http_client(headers={"Authorization": f"{scheme} {api.token}"})
    transport = streamable_http_client(f"{api.root}mcp", http_client=http)
    async with http, Client(transport, mode=mode) as made:
        yield made


async def call(client: Client, name: str, **arguments: Any) -> tuple[str, bool]:
    result = await client.call_tool(name, arguments)
    return str(result.content[0].text), bool(result.is_error)


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    jp_server_config["WandbMagicApp"] = {"mcp_roots": [str(tmp_path / "project")]}
    return jp_server_config


@pytest.fixture
def project(tmp_path: Path, jp_environ: None) -> Path:
    """A folder with a program and a sweep; another sweep lies beside it."""
    folder = tmp_path / "project"
    write_sweep(folder, sweep_record("mysweep1"))
    write_sweep(tmp_path / "other", sweep_record("othersw1"))
    (folder / "train.py").write_text(PROGRAM)
    return folder


@pytest.mark.parametrize("mode", MODES)
async def test_it_reads_below_its_roots_and_writes_nothing(
    project: Path, api: Api, mode: str
) -> None:
    async with client(api, mode, "Bearer") as assistant:
        tools = {tool.name for tool in (await assistant.list_tools()).tools}
        assert tools == {name for name, tool in TOOLS.items() if not tool.writes}
        listed, _ = await call(assistant, "list")
        assert "mysweep1" in listed
        assert "othersw1" not in listed
        assert await call(assistant, "digest", sweep="othersw1") == (
            "there is no sweep 'othersw1' below the declared folders",
            True,
        )
        for name, tool in TOOLS.items():
            if tool.writes:
                answer, is_error = await call(assistant, name, sweep="mysweep1")
                assert is_error
                assert "c.WandbMagicApp.mcp_write = True" in answer
        told: list[str | None] = []

        async def progress(_done: float, _total: float | None, message: str | None) -> None:
            told.append(message)

        await assistant.call_tool("wait", {"seconds": 0}, progress_callback=progress)
        assert bool(told) is (mode == "auto")


async def test_calls_that_wait_delay_no_other_and_end_with_their_client(
    project: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_server, "MAX_CALLS", 2)
    fields = {"state": SweepState.RUNNING, "ended": None, "supervisor": current_process()}
    write_sweep(project, sweep_record("running1", **fields))
    for mode in MODES:
        for _ in range(2):  # what has not ended would leave no thread for the second
            async with client(api, mode) as waiting, client(api, mode) as other:
                call_ = asyncio.create_task(
                    waiting.call_tool("wait", {"sweep": "running1", "seconds": 600})
                )
                assert "mysweep1" in (await call(other, "list"))[0]
                assert (await api.answer("sweeps")).code == 200
                assert not call_.done()
                call_.cancel()
                await asyncio.wait([call_])


async def test_no_message_is_a_failure_of_the_server(project: Path, api: Api) -> None:
    accept = {
        "Authorization": f"token {api.token}",
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
    }
    for headers in (accept, accept | {"MCP-Protocol-Version": "2026-07-28"}):
        for body in ({}, [], "text", {"jsonrpc": "2.0", "id": 1, "method": "nothing"}):
            answer = await api.answer("mcp", "POST", body, headers)
            assert answer.code < 500, (body, answer.body)
            assert "error" in json.loads(answer.body)
        answer = await api.answer("mcp", "POST", {"text": "x" * 2**17}, headers)
        assert answer.code == 413
    for verb in ("GET", "DELETE"):
        assert (await api.answer("mcp", verb)).code == 405
    assert "mysweep1" in await listed(api)


async def listed(api: Api) -> str:
    async with client(api) as assistant:
        return (await call(assistant, "list"))[0]


async def test_without_the_package_a_sentence_says_what_to_install(
    api: Api, monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    monkeypatch.setattr(mcp_server, "find_spec", lambda _: None)
    assert await api.problem("mcp", "POST", body={}) == (
        409,
        "this needs mcp: pip install 'wandb-magic[mcp]'",
    )


class TestMissingRoot:
    async def test_it_says_which_folder_is_missing(self, api: Api, tmp_path: Path) -> None:
        code, message = await api.problem("mcp", "POST", body={})
        assert (code, message) == (400, f"root: {tmp_path / 'project'} is not a folder")


class Reads(Authorizer):
    """Lets everything be read, and nothing be changed."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return action == "read"


class TestWriting:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        jp_server_config["WandbMagicApp"]["mcp_write"] = True
        return jp_server_config

    async def test_it_starts_and_changes_sweeps_wherever_the_server_was_started(
        self, project: Path, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        monkeypatch.setenv("WANDB_DIR", str(elsewhere))
        async with client(api) as assistant:
            answer, is_error = await call(assistant, "start", config=CONFIG)
            assert not is_error, answer
            id_ = answer.split()[1]
            answer, is_error = await call(assistant, "add", sweep=id_, params={"x": 2.0})
            assert not is_error, answer
            (project / "begin").touch()
            for _ in range(5):
                if " finished " in (await call(assistant, "wait", sweep=id_, seconds=60))[0]:
                    break
            rows = (await call(assistant, "runs", sweep=id_))[0].splitlines()[1:]
        assert [row.rstrip(" |").split(" | ")[3:] for row in rows] == [
            ["x=1", Proposer.SEARCH.value],
            ["x=2", Proposer.USER.value],  # a grid has each combination once
        ]
        assert attach(id_).path.is_relative_to(project)
        assert not [*elsewhere.iterdir()]


class TestWritingWithoutPermission(TestWriting):
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        jp_server_config["ServerApp"]["authorizer_class"] = Reads
        return jp_server_config

    async def test_it_starts_and_changes_sweeps_wherever_the_server_was_started(
        self, project: Path, api: Api
    ) -> None:
        async with client(api) as assistant:
            tools = {tool.name for tool in (await assistant.list_tools()).tools}
            assert "start" not in tools
            assert (await call(assistant, "start", config=CONFIG))[1]
            assert (await call(assistant, "list"))[1] is False
