"""An assistant works on a sweep from its start to its report, while its server is killed."""

import contextlib
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest
from mcp import Client, MCPError, StdioServerParameters, stdio_client

from full import FULL
from wandb_magic.api import attach
from wandb_magic.records import Proposer, RunState

RUNS, PROPOSED, RESTARTS = (60, 18, 3) if FULL else (6, 2, 1)
CALL_LIMIT_S = 30
PROGRAM = """
import argparse, wandb
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
with wandb.init(config=parser.parse_args()) as run:
    run.log({"loss": abs(run.config.x - 0.3)})
"""
CONFIG = {
    "program": "train.py",
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
}


def proposed(number: int) -> float:
    """Return a value that the search does not draw."""
    return (number + 1) / 64


Calls = list[tuple[str, dict[str, Any]]]
"""Tools and their arguments; without a sweep, they are about the newest."""


class Assistant:
    """A client with a limit for each call, whose server is started again when it is gone."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.restarts = 0

    @contextlib.asynccontextmanager
    async def _client(self) -> AsyncIterator[Client]:
        command = ["-m", "wandb_magic.cli", "mcp", "--root", str(self._root), "--write"]
        server = stdio_client(
            StdioServerParameters(command=sys.executable, args=command, env=dict(os.environ))
        )
        async with Client(server, read_timeout_seconds=CALL_LIMIT_S) as client:
            yield client

    async def work(self, calls: Calls, *, lose: bool = False) -> list[str]:
        """Make calls of one server; `lose` kills it in the middle of a further one."""
        before = {*psutil.Process().children()}
        async with self._client() as client:
            (server,) = {*psutil.Process().children()} - before
            answers = [await answer(client, *each) for each in calls]
            if lose:

                async def told(*_: object) -> None:
                    server.kill()

                with pytest.raises(MCPError):
                    await client.call_tool("wait", {"seconds": 25}, progress_callback=told)
                self.restarts += 1
        return answers


async def answer(client: Client, name: str, arguments: dict[str, Any]) -> str:
    result = await client.call_tool(name, arguments)
    assert not result.is_error, (name, result.content)
    return str(result.content[0].text)


async def scenario(root: Path) -> tuple[str, int, list[str]]:
    assistant = Assistant(root)
    start = {"config": CONFIG, "count": RUNS - PROPOSED, "agents": 2, "name": "scenario"}
    begin: Calls = [("start", start)]
    proposals: Calls = [("add", {"params": {"x": proposed(each)}}) for each in range(PROPOSED)]
    sweep = ""
    for number in range(RESTARTS):
        answers = await assistant.work([*begin, *proposals[number::RESTARTS]], lose=True)
        sweep, begin = sweep or answers[0].split()[1], []
    wider = {"parameters": {"x": {"min": -1.0, "max": 1.0}}}
    end: Calls = [("edit", {"sweep": sweep, "config": wider})]
    for _ in range(60):
        (*_, status) = await assistant.work([*end, *([("wait", {"seconds": 25})] * 5)])
        if " finished " in status:
            break
        end = []
    await assistant.work([("report", {"file": "report.html"})])
    rows, cursor = list[str](), ""
    while not rows or cursor:
        query = {"order": "number", "cursor": cursor}
        (page,) = await assistant.work([("runs", query)])
        lines = page.splitlines()
        cursor = lines.pop().rpartition(" ")[2].rstrip(")") if "more: cursor" in page else ""
        rows += lines
    return sweep, assistant.restarts, rows[1:]


@pytest.mark.slow(20)
def test_no_run_is_lost_or_doubled_and_each_says_who_proposed_it(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(PROGRAM)
    id_, restarts, rows = anyio.run(scenario, tmp_path)
    by = Counter(row.rstrip(" |").split(" | ")[4] for row in rows)
    assert by == {"search": RUNS - PROPOSED, "user": PROPOSED}
    assert restarts == RESTARTS
    sweep = attach(id_)
    runs = sweep.records()
    assert [run.number for run in runs] == [*range(RUNS)]
    assert len({run.id for run in runs}) == RUNS
    assert {run.state for run in runs} == {RunState.FINISHED}
    own = sorted(run.params["x"] for run in runs if run.proposer is Proposer.USER)
    assert own == [proposed(number) for number in range(PROPOSED)]
    assert all(-1 <= run.params["x"] <= 1 for run in runs if run.proposer is Proposer.SEARCH)
    assert len({run.params["x"] for run in runs}) == RUNS
    assert all(run.value == pytest.approx(abs(run.params["x"] - 0.3)) for run in runs)
    assert sweep.status().sweep.version == 2
    assert "scenario" in (tmp_path / "report.html").read_text("utf-8")
