"""A sync that is killed, at any moment and with whatever it has started, goes on with the next."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from full import FULL
from loopback.clients import wait_for
from loopback.server import Loopback
from loopback.state import HISTORY
from wandb_magic.sync.sending import MARK
from wandb_magic.sync.state import Phase, SyncState
from wandb_magic.verbs import Sweep

from .conftest import newest_wandb
from .truth import check_arrived, key_is_nowhere, said

MANY = 200 if FULL else 40
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


@newest_wandb
@pytest.mark.slow
def test_a_history_that_arrived_in_part_is_continued(
    swept: Callable[..., Sweep], begin: Begin, end: End, loopback: Loopback
) -> None:
    steps = 12_000
    sweep = swept(2, STEPS=steps)
    loopback.fault("latency", "file_stream", seconds=0.5)
    process = begin(sweep)

    def in_part() -> bool:
        return any(0 < run.stream(HISTORY).count <= steps for run in loopback.runs.values())

    wait_for(lambda: in_part() or process.poll() is not None, "part of a history")
    kill(process, sweep, with_children=True)
    loopback.heal()
    assert in_part(), said(sweep)
    assert end(sweep).phase is Phase.DONE, said(sweep)
    check_arrived(loopback, sweep)


@pytest.mark.slow
def test_a_command_that_is_killed_is_started_again(
    swept: Callable[..., Sweep], begin: Begin, loopback: Loopback
) -> None:
    sweep = swept(3)
    hang = loopback.fault("hang", "file_stream", times=1)
    process = begin(sweep)
    wait_for(lambda: hang.hits or process.poll() is not None, "a hanging request")
    loopback.heal()
    for victim in started_by(sweep):
        if victim.pid != process.pid:
            victim.kill()
    assert process.wait(120) == 0
    check_arrived(loopback, sweep)


@pytest.mark.slow
def test_the_sweep_is_created_once_though_no_answer_came(
    swept: Callable[..., Sweep], begin: Begin, end: End, loopback: Loopback
) -> None:
    sweep = swept(2)
    lost = loopback.fault("lost", "UpsertSweep", times=1)
    process = begin(sweep)
    wait_for(lambda: lost.hits or process.poll() is not None, "a lost answer")
    kill(process, sweep, with_children=True)
    assert len(loopback.sweeps) == 1
    assert end(sweep).phase is Phase.DONE, said(sweep)
    check_arrived(loopback, sweep)


@newest_wandb
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_runs_through_five_kills(
    swept: Callable[..., Sweep],
    begin: Begin,
    end: End,
    loopback: Loopback,
    python: str,
    tmp_path: Path,
) -> None:
    generator = random.Random(200)  # so that it can be repeated
    sweep = swept(MANY)
    arrived: list[int] = []
    for number in range(5):
        seen = len(loopback.requests)
        wanted = seen + generator.randrange(MANY, 7 * MANY // 2)
        process = begin(sweep)
        wait_for(
            lambda: len(loopback.requests) > wanted or process.poll() is not None,  # noqa: B023 - called at once
            "requests",
        )
        if not FULL and process.poll() is not None:
            break  # so few are soon sent
        assert process.poll() is None, said(sweep)
        kill(process, sweep, with_children=number % 2 == 0)
        arrived.append(sum(run.state != "running" for run in loopback.runs.values()))
    assert not FULL or 0 < arrived[-1] < MANY, arrived
    assert end(sweep).phase is Phase.DONE, said(sweep)
    check_arrived(loopback, sweep)
    if python == sys.executable:  # older versions send the history of an interrupted run once more
        assert sum(run.overwritten for run in loopback.runs.values()) == 0
    assert key_is_nowhere(tmp_path, loopback.key)
