"""Processes killed at random moments: nothing is lost, doubled or left.

The moments come from a fixed seed, but what they hit depends on the machine: every run of this
test is another attack. ``scripts/test --full`` kills a hundred times instead of ten.
"""

import collections
import contextlib
import itertools
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from full import FULL
from wandb_magic.api import Sweep
from wandb_magic.errors import SweepError
from wandb_magic.records import ProcessId, RunRecord, RunState

KILLS = 100 if FULL else 10
VICTIMS = ["supervisor", "template", "run", "run", "run"]
SECONDS_BEFORE = (0.0, 0.4)
CELL = """
import os, time, wandb
with wandb.init() as run:
    with open(ROOT + "/executed", "a") as file:
        file.write(run.id + "\\n")
    for step in range(3):
        run.log({"loss": run.config.lr + step})
        time.sleep(0.05)
"""

Start = Callable[..., Sweep]
Until = Callable[..., Any]


def numbers(runs: list[RunRecord]) -> list[int]:
    """Return the sets of parameters in order, each once: only those of lost runs went again."""
    for first, second in itertools.pairwise(runs):
        if first.number == second.number:
            assert (first.state, second.attempt) == (RunState.LOST, first.attempt + 1)
    return list(dict.fromkeys(run.number for run in runs))


def of_sweep(sweep: Sweep) -> Iterator[psutil.Process]:
    """Yield all processes that a sweep has brought into being."""
    for process in psutil.process_iter():
        try:
            told = " ".join(process.cmdline())
            if str(sweep.path) in told or str(sweep.path) in process.environ().values():
                yield process
        except psutil.Error:
            continue


def template_of(sweep: Sweep) -> psutil.Process | None:
    """Return the template: runs are its forks, with the same command line, but lead sessions."""
    for process in of_sweep(sweep):
        try:
            if (
                "wandb_magic.runner.fork_server" in process.cmdline()
                and os.getsid(process.pid) != process.pid
            ):
                return process
        except (psutil.Error, ProcessLookupError):
            continue
    return None


def victim(sweep: Sweep, kind: str, chance: random.Random) -> int | None:
    process: ProcessId | psutil.Process | None
    if kind == "supervisor":
        process = sweep.status().sweep.supervisor
    elif kind == "template":
        process = template_of(sweep)
    else:
        running = [run for run in sweep.records() if run.state is RunState.RUNNING]
        process = chance.choice(running).process if running else None
    return None if process is None else process.pid


@pytest.mark.slow(60)
@pytest.mark.timeout(900)
def test_kills_at_random_moments_lose_and_double_nothing(
    start: Start, until: Until, tmp_path: Path
) -> None:
    chance = random.Random(20)
    sweep = start(CELL, count=10_000, agents=3, failure_limit=0)
    killed: collections.Counter[str] = collections.Counter()
    kinds = itertools.cycle(VICTIMS)
    while sum(killed.values()) < KILLS:
        kind = next(kinds)
        with contextlib.suppress(AssertionError):  # no template while runs start cold
            until(lambda kind=kind: victim(sweep, kind, chance), patience=10)
        time.sleep(chance.uniform(*SECONDS_BEFORE))  # the moment of the attack, not a wait
        pid = victim(sweep, kind, chance)
        if pid is None:
            continue
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        killed[kind] += 1
        if kind == "supervisor":
            time.sleep(chance.uniform(*SECONDS_BEFORE))
            sweep.resume()
    assert min(killed.values()) > KILLS / 10, killed
    budget = len(sweep.records()) + 5
    sweep.set_count(budget).wait(120)

    assert sweep.state == "finished"
    runs = sweep.records()
    assert numbers(runs) == list(range(budget))
    assert all(run.state.has_ended for run in runs)
    executed = collections.Counter((tmp_path / "executed").read_text().split())
    assert set(executed.values()) == {1}
    assert set(executed) <= {run.id for run in runs}
    for run in runs:
        if run.state is RunState.FINISHED:
            assert run.id in executed
            assert run.value == run.params["lr"]
        else:
            assert run.state in (RunState.KILLED, RunState.LOST), run
    assert sum(run.state is not RunState.FINISHED for run in runs) <= killed["run"]
    until(lambda: not list(of_sweep(sweep)))


def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_DIR", "/proc")
    with pytest.raises(SweepError, match="WANDB_DIR"):
        start("print()")
