"""A sync that is killed at any moment, with or without its children, is completed by the next."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from fake_wandb_server.clients import wait_for
from fake_wandb_server.server import FakeWandbServer
from fake_wandb_server.state import HISTORY
from full import FULL
from wandb_magic.api import Sweep
from wandb_magic.sync.state import Phase, SyncState
from wandb_magic.sync.uploader import MARK

from .assertions import check_arrived, key_is_nowhere, said

MANY = 200 if FULL else 16
Begin = Callable[..., subprocess.Popen[bytes]]
End = Callable[..., SyncState]


def started_by(sweep: Sweep) -> list[psutil.Process]:
    """Return what a sync has started: W&B's command, its core, what creates the sweep."""
    folder = str(sweep.path / "sync")
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == folder:
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill(process: subprocess.Popen[bytes], sweep: Sweep, *, with_children: bool) -> None:
    """Kill the sync, and what it has started or not; that ends by itself, or by the next sync."""
    victims = started_by(sweep) if with_children else []
    process.send_signal(signal.SIGKILL)
    process.wait()
    for victim in victims:
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            continue


@pytest.mark.slow
def test_a_history_that_arrived_in_part_is_continued(
    swept: Callable[..., Sweep], begin: Begin, end: End, fake_wandb_server: FakeWandbServer
) -> None:
    steps = 1000
    sweep = swept(2, STEPS=steps)
    fake_wandb_server.fault("partial", "file_stream")
    process = begin(sweep)

    def in_part() -> bool:
        return any(
            0 < run.stream(HISTORY).count <= steps for run in fake_wandb_server.runs.values()
        )

    wait_for(lambda: in_part() or process.poll() is not None, "part of a history")
    kill(process, sweep, with_children=True)
    fake_wandb_server.heal()
    assert in_part(), said(sweep)
    assert end(sweep).phase is Phase.DONE, said(sweep)
    check_arrived(fake_wandb_server, sweep)


@pytest.mark.slow
def test_a_command_that_is_killed_is_started_again(
    swept: Callable[..., Sweep], begin: Begin, fake_wandb_server: FakeWandbServer
) -> None:
    sweep = swept(3)
    hang = fake_wandb_server.fault("hang", "file_stream", times=1)
    process = begin(sweep)
    wait_for(lambda: hang.hits or process.poll() is not None, "a hanging request")
    fake_wandb_server.heal()
    for victim in started_by(sweep):
        if victim.pid != process.pid:
            victim.kill()
    assert process.wait(120) == 0
    check_arrived(fake_wandb_server, sweep)


@pytest.mark.slow
def test_the_sweep_is_created_once_though_no_answer_came(
    swept: Callable[..., Sweep], begin: Begin, end: End, fake_wandb_server: FakeWandbServer
) -> None:
    sweep = swept(2)
    lost = fake_wandb_server.fault("lost", "UpsertSweep", times=1)
    process = begin(sweep)
    wait_for(lambda: lost.hits or process.poll() is not None, "a lost answer")
    kill(process, sweep, with_children=True)
    assert len(fake_wandb_server.sweeps) == 1
    assert end(sweep).phase is Phase.DONE, said(sweep)
    check_arrived(fake_wandb_server, sweep)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_runs_through_five_kills(
    swept: Callable[..., Sweep],
    begin: Begin,
    end: End,
    fake_wandb_server: FakeWandbServer,
    python: str,
    tmp_path: Path,
) -> None:
    generator = random.Random(200)  # so that it can be repeated
    sweep = swept(MANY)
    arrived: list[int] = []
    for number in range(5 if FULL else 3):
        seen = len(fake_wandb_server.requests)
        wanted = seen + generator.randrange(MANY, 7 * MANY // 2)
        process = begin(sweep)
        wait_for(
            lambda: len(fake_wandb_server.requests) > wanted or process.poll() is not None,  # noqa: B023 - called at once
            "requests",
        )
        if not FULL and process.poll() is not None:
            break  # so few are soon sent
        assert process.poll() is None, said(sweep)
        kill(process, sweep, with_children=number % 2 == 0)
        arrived.append(sum(run.state != "running" for run in fake_wandb_server.runs.values()))
    assert not FULL or 0 < arrived[-1] < MANY, arrived
    assert end(sweep).phase is Phase.DONE, said(sweep)
    check_arrived(fake_wandb_server, sweep)
    if python == sys.executable:  # older versions send the history of an interrupted run once more
        assert sum(run.overwritten for run in fake_wandb_server.runs.values()) == 0
    assert key_is_nowhere(tmp_path, fake_wandb_server.key)
