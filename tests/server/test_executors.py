"""What is slow holds up nothing that is quick, and servers do not get in each other's way."""

import asyncio
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.server.conftest import Api, Written, losses, until
from wandb_magic.api import start
from wandb_magic.server import client_connection
from wandb_magic.server.client_connection import RETRY_S, OpenSubscription
from wandb_magic.server.control import handle_request
from wandb_magic.server.executors import Executors
from wandb_magic.server.subscriptions import CurvesSubscription
from wandb_magic.server.sweep_manager import OpenSweep, SweepManager


async def test_each_kind_of_work_has_threads_of_its_own(api: Api, sweep: Written) -> None:
    pools, free = Executors(), threading.Event()
    slow = [
        asyncio.create_task(pool.submit(free.wait))
        for pool in (pools.requests, pools.computing, pools.reading)
        for _ in range(20)
    ]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(pools.polling.submit(lambda: 3), 5) == 3
    free.set()
    await asyncio.gather(*slow)
    pools.close()


def test_a_costly_topic_is_looked_at_less_often(
    sweep: Written, jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_connection, "MAX_LOAD_FACTOR", 1e6)  # longer than the test takes
    run = sweep.run(*losses(1.0))
    manager = SweepManager(jp_root_dir)
    topic = {
        "topic": "curves",
        "sweep": "sweep000",
        "stream": "history",
        "axis": "step",
        "keys": ["loss"],
        "runs": [run],
    }
    opened = OpenSubscription(manager, topic)
    assert opened.poll()
    assert isinstance(opened._subscription, CurvesSubscription)
    looked = 0
    real = opened._subscription._poll_sweep

    def slow(book: OpenSweep) -> object:
        nonlocal looked
        looked += 1
        time.sleep(0.01)
        return real(book)

    opened._subscription._poll_sweep = slow  # type: ignore[method-assign, assignment]
    opened._next_poll = 0
    for step in range(1, 6):
        sweep.log(run, *losses(1.0, first=step))
        opened.poll()
    assert looked == 1
    opened._next_poll = 0
    assert opened.poll()
    assert looked == 2


def test_a_topic_that_fails_is_tried_again_but_not_all_the_time(jp_root_dir: Path) -> None:
    opened = OpenSubscription(
        SweepManager(jp_root_dir), {"topic": "runs", "sweep": "nosuchid", "mark": "0-0"}
    )
    first = opened.poll()
    assert first is not None
    assert first["kind"] == "problem"
    assert opened._next_poll > time.monotonic() + RETRY_S / 2
    opened._next_poll = 0
    assert opened.poll() is None  # it is said once


async def test_two_servers_that_resume_a_sweep_start_one_supervisor(
    jp_environ: None, tmp_path: Path
) -> None:
    config = {"method": "random", "parameters": {"lr": {"min": 0.0, "max": 1.0}}}
    gate = str(tmp_path / "go")

    def train() -> None:
        import pathlib  # noqa: PLC0415 - the cell's own
        import time  # noqa: PLC0415

        while not pathlib.Path(gate).exists():
            time.sleep(0.02)

    sweep = start(config, train, count=1)
    await until(lambda: sweep.status().running == 1)
    supervisor = sweep.status().sweep.supervisor
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    await until(lambda: sweep.status().died)
    managers = [SweepManager(tmp_path), SweepManager(tmp_path)]
    with ThreadPoolExecutor() as threads:
        asked = [
            threads.submit(handle_request, each.get_sweep(sweep.id), {"verb": "resume"})
            for each in managers
        ]
        for each in asked:
            each.result()
    (tmp_path / "go").touch()
    await until(lambda: sweep.status().state == "finished")
    assert [run.state.value for run in sweep.records()] == ["finished"]
    assert [each.open_sweep(sweep.id).summary()["state"] for each in managers] == ["finished"] * 2
    sweep.wait(120)
