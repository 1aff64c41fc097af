"""The panel's load on a Jupyter server: response times, memory, and lateness of its event loop.

    python benchmarks/panel_server.py [--quick] [--json PATH]

The large sweep has 10,000 runs of 1,000 steps of 4 metrics. The floors are the server's own
status request and the lateness of its loop without a client; the peer is optuna-dashboard's
response for the same trials.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import large_sweep
from dashboard import dashboard_answer
from panel_host import Server, server
from report_tables import Table, arguments, percentile, report
from sandbox import sandbox
from tornado.websocket import websocket_connect

import wandb_magic

FIRST_ROWS, FIRST_CURVES, PAGE = 100, 50, 1000
SWEEPS, PAGES, STEPS_PER_S = 10, 20, 20
CONFIG = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}


def timed(work: Callable[[], object], rounds: int = 9) -> tuple[float, float]:
    """Return the first time and the median of the later times that `work` takes, in ms."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append((time.perf_counter() - begin) * 1e3)
    return times[0], median(times[1:])


def answers(server: Server, sweep: str, runs: int) -> Table:
    """Time the panel's requests when it opens a large sweep."""
    api = "wandb-magic/api/sweeps"
    before = server.process.memory_info().rss
    best = [
        row["id"]
        for row in server.get(f"{api}/{sweep}/runs", order="value", limit=FIRST_CURVES)["rows"]
    ]

    def first_screen() -> None:
        server.read(api)
        server.read(f"{api}/{sweep}")
        server.read(f"{api}/{sweep}/runs", order="value", limit=FIRST_ROWS)
        server.read(f"{api}/{sweep}/curves", key="loss", run=best)

    def everything() -> None:
        for offset in range(0, runs, PAGE):
            server.read(f"{api}/{sweep}/runs", limit=PAGE, offset=offset)

    asked: dict[str, Callable[[], object]] = {
        "`api/status` of the server (floor)": lambda: server.read("api/status"),
        "the list of sweeps": lambda: server.read(api),
        f"{FIRST_ROWS} runs by value": lambda: server.read(
            f"{api}/{sweep}/runs", order="value", limit=FIRST_ROWS
        ),
        f"{FIRST_CURVES} curves": lambda: server.read(
            f"{api}/{sweep}/curves", key="loss", run=best
        ),
        "the first screen: all of these and the spec": first_screen,
        "a band over the runs": lambda: server.read(
            f"{api}/{sweep}/band", key="loss", axis="step"
        ),
        f"all {runs:,} runs, in pages of {PAGE:,}": everything,
    }
    rows = []
    for what, work in asked.items():
        first, usual = timed(work)
        rows.append((what, f"{first:.1f}", f"{usual:.1f}"))
    grown = (server.process.memory_info().rss - before) / 2**20
    first, usual = dashboard_answer(Path("large.db"), sweep_trials(server, sweep, runs))
    rows.append(
        (
            f"optuna-dashboard: the study of the same {runs:,} trials",
            f"{first:.1f}",
            f"{usual:.1f}",
        )
    )
    return Table(
        ("answers, ms", "first", "later (median)"),
        tuple(rows),
        f"The server's memory grew by {grown:.0f} MB over all of them.",
    )


def sweep_trials(server: Server, sweep: str, runs: int) -> list[dict[str, Any]]:
    """Return all runs as the dashboard's trials."""
    trials = []
    for offset in range(0, runs, PAGE):
        page = server.get(f"wandb-magic/api/sweeps/{sweep}/runs", limit=PAGE, offset=offset)
        trials += [{"params": row["params"], "value": row["value"]} for row in page["rows"]]
    return trials


async def watch(server: Server, sweeps: list[str], seconds: float) -> tuple[list[float], int]:
    """Keep clients open on sweeps; return how late the loop was, and how many batches arrived."""
    frames = 0
    url = f"{server.url.replace('http', 'ws', 1)}wandb-magic/api/socket?token={server.token}"

    async def page(number: int) -> None:
        nonlocal frames
        sweep = sweeps[number % len(sweeps)]
        rows = await asyncio.to_thread(server.get, f"wandb-magic/api/sweeps/{sweep}/runs")
        connection = await websocket_connect(url)
        topics = {
            "1": {"topic": "sweeps"},
            "2": {"topic": "runs", "sweep": sweep, "mark": rows["mark"]},
            "3": {
                "topic": "curves",
                "sweep": sweep,
                "stream": "history",
                "keys": ["loss"],
                "runs": [row["id"] for row in rows["rows"]],
                "axis": "step",
            },
        }
        await connection.write_message(json.dumps({"open": topics}))
        while await connection.read_message() is not None:
            frames += 1

    pages = [asyncio.create_task(page(number)) for number in range(PAGES if sweeps else 0)]
    await asyncio.sleep(2)  # the clients connect
    frames = 0
    await asyncio.to_thread(server.get, "loop-watch")
    await asyncio.sleep(seconds)
    late = await asyncio.to_thread(server.get, "loop-watch")
    for task in pages:
        task.cancel()
    for outcome in await asyncio.gather(*pages, return_exceptions=True):
        if not isinstance(outcome, asyncio.CancelledError):
            raise SystemExit(f"a page lost its connection: {outcome!r}")
    return late, frames


def loop(server: Server, seconds: float) -> Table:
    """Measure the loop without a client and with many, while the same sweeps run."""

    def train() -> None:
        import wandb  # noqa: PLC0415 - the cell's own

        with wandb.init() as run:
            for step in range(int((2 * seconds + 60) * STEPS_PER_S)):
                run.log({"loss": 1 / (1 + step)})
                time.sleep(1 / STEPS_PER_S)

    sweeps = [wandb_magic.start(CONFIG, train, count=1) for _ in range(SWEEPS)]
    while any(not sweep.status().running for sweep in sweeps):
        time.sleep(0.2)
    rows = []
    for what, pages in (
        ("no page (floor)", []),
        (f"{PAGES} pages on {SWEEPS} sweeps", [sweep.id for sweep in sweeps]),
    ):
        before = server.process.cpu_times()
        late, frames = asyncio.run(watch(server, pages, seconds))
        after = server.process.cpu_times()
        spent = after.user + after.system - before.user - before.system
        rows.append(
            (
                what,
                *(
                    f"{value * 1e3:.1f}"
                    for value in (median(late), percentile(late, 0.99), max(late))
                ),
                f"{spent / seconds:.0%}",
                f"{frames / seconds:.0f}",
            )
        )
    for sweep in sweeps:
        sweep.stop()
    return Table(
        ("how late the event loop is, ms", "median", "p99", "worst", "of a core", "frames/s"),
        tuple(rows),
        f"Every sweep logs {STEPS_PER_S} steps a second meanwhile, on the same machine.",
    )


def main() -> None:
    parser = arguments(__doc__)
    options = parser.parse_args()
    runs = 500 if options.quick else 10_000
    with sandbox() as folder:
        large = large_sweep.make(folder, runs, 1000)
        with server() as running:
            tables = [answers(running, large.folder.name.removeprefix("sweep-"), runs)]
        with server() as running:
            tables.append(loop(running, 5 if options.quick else 30))
    report(tables, options.json)


if __name__ == "__main__":
    main()
