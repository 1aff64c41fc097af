"""The limits of one supervisor and its store: many agents, with simulated runs that cost nothing.

    python benchmarks/scale.py [--quick] [--json PATH]

A launcher of this script's own reports runs that have no process: each logs two values a second
for as long as it lives, then ends, and the next one starts. Everything else is real: the
supervisor in a process of its own, the search (random), the store, and requests. What it does
beyond that for runs on this machine or a cluster is not in these figures.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psutil
from report_tables import Table, arguments, percentile, report
from sandbox import sandbox

import wandb_magic
from wandb_magic.api import Sweep

RUN_S = 60.0
RUNS = 100_000  # more than will end
PLUGIN = """
import asyncio, random, time
from wandb_magic.log_records import HistoryRecord
from wandb_magic.processes import current_process
from wandb_magic.runner.events import RunExited, RunLogged, RunnerReady, RunStarted


class MadeUp:
    def __init__(self, address, emit):
        self._seconds = float(address.partition("://")[2])
        self._emit, self._tasks = emit, {}

    async def start(self):
        self._emit(RunnerReady())

    def reserve_slot(self, agent, agents, *, alone=False):
        return ""

    def cancel_reservation(self):
        pass

    async def launch(self, job, positions):
        self._tasks[job.run] = asyncio.create_task(self._live(job.run))

    recover = launch

    def signal(self, run, number, reason):
        if (task := self._tasks.get(run)) is not None:
            task.cancel()

    async def close(self):
        pass

    async def _live(self, run):
        code = 0
        self._emit(RunStarted(run, current_process()))
        end = time.monotonic() + self._seconds * random.uniform(0.5, 1.5)
        step = 0
        try:
            while time.monotonic() < end:
                values = {"loss": 1 / (1 + step), "accuracy": step / 100}
                record = HistoryRecord(step, time.time(), values)
                self._emit(RunLogged(run, f"/made-up-{run}", (record,), step))
                step += 1
                await asyncio.sleep(1.0)
        except asyncio.CancelledError:
            code = 130
        del self._tasks[run]
        stopped = "stopped" if code else ""
        self._emit(RunExited(run, code, None, "", time.time(), stopped=stopped))


class Plugin:
    @staticmethod
    def check(address):
        pass

    @staticmethod
    def create(address, context, emit):
        return MadeUp(address, emit)
"""
CONFIG = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}, "layers": {"values": [1, 2, 3]}},
}


def train() -> None:
    """Stand for a user's function; nothing calls it."""


@contextmanager
def made_up_launcher(folder: Path) -> Iterator[None]:
    """Install the launcher for this process and those that it starts."""
    site = folder / "site"
    info = site / "made_up-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "made_up.py").write_text(PLUGIN, "utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n", "utf-8")
    entry = "[wandb_magic.launchers]\nmade-up = made_up:Plugin\n"
    (info / "entry_points.txt").write_text(entry, "utf-8")
    sys.path.insert(0, str(site))
    os.environ["PYTHONPATH"] = str(site)
    yield
    sys.path.remove(str(site))


def dispatch_delays(sweep: Sweep) -> list[float]:
    """Return how long each agent was without a run, in seconds."""
    runs = sorted(sweep.records(), key=lambda run: run.started or 0.0)
    ended: dict[int, float] = {}
    delays = []
    for run in runs:
        if run.started is None:
            continue
        if run.agent in ended:
            delays.append(max(0.0, run.started - ended[run.agent]))
        if run.ended is not None:
            ended[run.agent] = run.ended
    return delays


def obeyed_after(sweep: Sweep) -> float:
    """Return how long the supervisor takes to pause, in seconds."""
    begin = time.perf_counter()
    sweep.pause()
    taken = time.perf_counter() - begin
    sweep.resume()
    return taken


def measure(agents: int, seconds: float) -> tuple[str, ...]:
    """Return a row of the table."""
    sweep = wandb_magic.start(
        CONFIG, train, count=RUNS, agents=agents, launcher=f"made-up://{RUN_S:g}", failure_limit=0
    )
    deadline = time.monotonic() + seconds
    while sum(run.started is not None for run in sweep.records()) < agents:
        assert time.monotonic() < deadline, "the agents could not be filled in time"
        time.sleep(0.5)
    filled = time.time() - (sweep.status().sweep.started or 0.0)
    identity = sweep.status().sweep.supervisor
    assert identity is not None
    supervisor = psutil.Process(identity.pid)
    before, begin, ended = sum(supervisor.cpu_times()[:2]), time.monotonic(), sweep.status().ended
    obeyed = []
    while time.monotonic() - begin < seconds:
        obeyed.append(obeyed_after(sweep))
        time.sleep(1.0)
    share = (sum(supervisor.cpu_times()[:2]) - before) / (time.monotonic() - begin)
    rate = (sweep.status().ended - ended) / (time.monotonic() - begin)
    delays = dispatch_delays(sweep)
    memory = supervisor.memory_info().rss / 1e6
    sweep.stop()
    sweep.wait()
    return (
        f"{agents:,}",
        f"{filled:.1f}",
        f"{rate:.1f}",
        f"{1000 * median(delays):.0f} / {1000 * percentile(delays, 0.95):.0f}",
        f"{1000 * median(obeyed):.0f} / {1000 * percentile(obeyed, 0.95):.0f}",
        f"{100 * share:.0f} %",
        f"{memory:.0f}",
    )


def main() -> None:
    options = arguments(__doc__).parse_args()
    sizes = (10, 100) if options.quick else (10, 100, 1000, 3000)
    with sandbox() as folder, made_up_launcher(folder):
        rows = tuple(measure(agents, 60.0 if options.quick else 120.0) for agents in sizes)
    table = Table(
        (
            "agents",
            "all have a run after, s",
            "runs ended a second",
            "agent without a run (median / p95), ms",
            "request obeyed after (median / p95), ms",
            "supervisor, share of a core",
            "its memory, MB",
        ),
        rows,
        f"Runs last {RUN_S:g} s, give or take a half, and log two values a second.",
    )
    report([table], options.json)


if __name__ == "__main__":
    main()
