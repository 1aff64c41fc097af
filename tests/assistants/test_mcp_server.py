"""The official client of the protocol, against the command as an assistant starts it."""

import os
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters, stdio_client

from wandb_magic.assistants import mcp_server
from wandb_magic.errors import UnsupportedError

PROGRAM = """
import argparse, wandb
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
with wandb.init(config=parser.parse_args()) as run:
    run.log({"loss": run.config.x})
    assert run.config.x < 3, "too large"
"""
CONFIG = {
    "program": "train.py",
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"values": [1.0, 2.0, 3.0]}},
}


def server(tmp_path: Path, *options: str) -> Any:  # noqa: ANN401 - mcp's own
    command = ["-m", "wandb_magic.cli", "mcp", "--root", str(tmp_path), *options]
    return stdio_client(
        StdioServerParameters(command=sys.executable, args=command, env=dict(os.environ))
    )


async def call(client: Client, name: str, **arguments: object) -> str:
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    return str(result.content[0].text)


def test_an_assistant_starts_a_sweep_waits_and_reads_it(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(PROGRAM)
    told: list[tuple[float, float | None, str | None]] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append((done, total, message))

    async def first() -> str:
        async with Client(server(tmp_path, "--write")) as client:
            tools = (await client.list_tools()).tools
            assert len(tools) <= 12
            assert {tool.name for tool in tools} >= {"start", "digest", "wait"}
            answer = await call(client, "start", config=CONFIG)
            return answer.split()[1]

    async def then(sweep: str) -> None:
        # Another server, as after a restart of the assistant.
        async with Client(server(tmp_path)) as client:
            assert "start" not in {tool.name for tool in (await client.list_tools()).tools}
            refused = await client.call_tool("stop", {"sweep": sweep})
            assert refused.is_error
            for _ in range(3):
                result = await client.call_tool(
                    "wait", {"sweep": sweep, "seconds": 60}, progress_callback=progress
                )
                if " finished " in str(result.content[0].text):
                    break
            digest = await call(client, "digest", sweep=sweep)
            assert "0 finished 1 x=1" in digest
            assert "1 x AssertionError: too large (runs 2)" in digest
            assert "AssertionError" in await call(client, "failure", sweep=sweep, run="2")

    async def improve(sweep: str) -> None:
        async with Client(server(tmp_path, "--write")) as client:
            values = {"parameters": {"x": {"values": [0.5, 1.0, 2.0, 3.0]}}}
            assert "version 2" in await call(client, "edit", sweep=sweep, config=values)
            assert "1 runs" in await call(client, "add", sweep=sweep, params={"x": 1.0})
            for _ in range(3):
                if " finished " in await call(client, "wait", sweep=sweep, seconds=60):
                    break
            rows = (await call(client, "runs", sweep=sweep, state="finished")).splitlines()[1:]
            params = [row.split(" | ")[3].rstrip(" |") for row in rows]
            assert params == ["x=0.5", "x=1", "x=1", "x=2"]  # best first
            refused = await client.call_tool("add", {"sweep": sweep, "params": {"y": 1}})
            assert "y: the sweep has no such parameter" in str(refused.content)

    sweep = anyio.run(first)
    anyio.run(then, sweep)
    anyio.run(improve, sweep)
    assert told
    assert told[-1][:2] == (3.0, 3.0)


def test_without_the_package_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mcp_server, "find_spec", lambda _: None)
    with pytest.raises(UnsupportedError, match=r"pip install 'wandb-magic\[mcp\]'"):
        mcp_server.serve(["."], write=False)
