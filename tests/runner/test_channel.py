"""Both ends keep what the socket does not take, and send it later, whole and in order."""

import asyncio
import os
import select
import signal
import socket
from pathlib import Path
from typing import Any

from wandb_magic.bundle import freeze
from wandb_magic.bundle.manifest import inheritable_environment
from wandb_magic.records import RunId, new_id
from wandb_magic.runner.channel import Channel
from wandb_magic.runner.fork_client import ForkServerClient
from wandb_magic.runner.run_process import Job, prepare_run_dir

JOBS = 250
LINES = 5_000
PATIENCE_S = 90


def test_what_the_socket_does_not_take_is_sent_later_whole_and_in_order() -> None:
    ours, theirs = map(Channel, socket.socketpair())
    sent = [f"{number} " + "x" * (number % 300) for number in range(LINES)]
    for line in sent:
        ours.send(line)
    assert ours.has_unsent
    heard: list[str] = []
    while len(heard) < LINES:
        readable, _, _ = select.select([theirs], [], [], PATIENCE_S)
        assert readable
        heard += theirs.receive() or []
        ours.flush()
    assert heard == sent
    assert not ours.has_unsent
    theirs.close()
    ours.send("nobody hears this")
    ours.drain()
    assert ours.receive() is None
    ours.close()


def test_ends_that_do_not_read_for_a_while_lose_nothing_and_hold_nobody_up(
    tmp_path: Path,
) -> None:
    """Jobs fill the socket to a stopped template, its answers that to a busy host."""
    bundle = tmp_path / "bundle"
    freeze(bundle, cell="pass", namespace={})
    said: list[dict[str, Any]] = []
    runs: list[RunId] = []

    async def scene() -> None:
        now = asyncio.get_running_loop().time
        deadline = now() + PATIENCE_S

        def count(event: str) -> int:
            assert {"event": "died"} not in said
            assert now() < deadline
            return sum(message["event"] == event for message in said)

        client = ForkServerClient(
            bundle, inheritable_environment(os.environ), lambda _, each: said.append(each)
        )
        while not count("ready"):  # noqa: ASYNC110 - polls what only messages change
            await asyncio.sleep(0.01)
        os.kill(client.pid, signal.SIGSTOP)
        for number in range(JOBS):
            run = RunId(new_id())
            job = Job(run, tmp_path / run, bundle, {"FILLING": "x" * 2000}, seed=number)
            prepare_run_dir(job, "{}")
            # A run that is taken already ends at once: what counts is that its job arrives.
            job.paths.process.write_text("null", encoding="utf-8")
            client.fork(job)
            runs.append(run)
        os.kill(client.pid, signal.SIGCONT)
        # While the loop gets no turn, nobody reads what the template says.
        while not job.paths.exit.exists():
            client._flush()
            assert now() < deadline
        while count("ended") < JOBS:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
        client.close()
        assert await asyncio.to_thread(client.wait) == 0

    asyncio.run(scene())
    assert [message["run"] for message in said if message["event"] == "forked"] == runs
    assert {message["run"] for message in said if message["event"] == "ended"} == set(runs)
