"""How long a user waits for the panel, in headless Chromium.

    python benchmarks/panel_page.py [--quick] [--json PATH]

From ``log()`` to the pixel with eight runs of 100 steps a second; a sweep of 10,000 runs of 1,000
steps of 4 metrics on the screen; the size of the front end. It needs what the browser tests need:
``bash scripts/browser`` sets it up.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from statistics import median
from typing import Any

import large_sweep
from panel_host import HERE, Server, server
from report_tables import Table, arguments, percentile, report
from sandbox import sandbox

import wandb_magic

RUNS, STEPS_PER_S, LIVE_S = 8, 100, 60
CONFIG = {
    "method": "random",
    "metric": {"name": "logged_at", "goal": "maximize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}
OPTIONS = (
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.news_url=",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)


def drive(running: Server, what: str, sweep: str, runs: int) -> dict[str, Any]:
    """Drive a page; return its measurements."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("there is no chromium on the path: bash scripts/browser installs it")
    url = f"{running.url}lab?token={running.token}"
    command = ["node", HERE / "panel_page.mjs", url, chromium, what, sweep, str(runs)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def live(running: Server) -> Table:
    """Measure the time from `log` to the screen."""

    def train() -> None:
        import wandb  # noqa: PLC0415 - the cell's own

        with wandb.init() as run:
            begin = time.monotonic()
            for step in range(LIVE_S * STEPS_PER_S):
                run.log({"logged_at": time.time() * 1e3 % 1e6})
                time.sleep(max(0.0, begin + step / STEPS_PER_S - time.monotonic()))

    sweep = wandb_magic.start(CONFIG, train, count=RUNS, agents=RUNS)
    while sweep.status().running < RUNS:
        time.sleep(0.2)
    delays = [delay for delay in drive(running, "live", sweep.id, RUNS)["delays"] if delay > 0]
    sweep.stop()
    row = (f"{value:.0f}" for value in (median(delays), percentile(delays, 0.95), max(delays)))
    return Table(
        ("from `log()` to the pixel, ms", "median", "p95", "worst"),
        ((f"{RUNS} runs at {STEPS_PER_S} steps/s", *row),),
        "The floor, from `log()` to the store, stands under *From `log()` to readable*.",
    )


def large(running: Server, sweep: str, runs: int) -> Table:
    """Measure a large sweep on the screen."""
    found = drive(running, "large", sweep, runs)

    def frames(name: str) -> str:
        return f"{found[name]['rate']:.0f}, 95% within {found[name]['slow']:.0f} ms"

    return Table(
        (f"{runs:,} runs in the page", ""),
        (
            ("front end before a plot is opened, kB gzipped", f"{found['before'] / 1e3:.0f}"),
            ("from the command to the first rows of the table, ms", f"{found['table']:.0f}"),
            ("until all rows have come, ms more", f"{found['all']:.0f}"),
            ("from the click to curves, ms", f"{found['curves']:.0f}"),
            ("from the click to parallel coordinates, ms", f"{found['parallel']:.0f}"),
            ("frames/s of the page at rest (floor)", frames("still")),
            ("frames/s while the table scrolls", frames("scrolling")),
            ("frames/s while an axis is brushed", frames("brushing")),
            ("heap of JupyterLab alone, MB", f"{found['idle']:.0f}"),
            ("heap with all of it open, MB", f"{found['heap']:.0f}"),
        ),
    )


def main() -> None:
    options = arguments(__doc__).parse_args()
    runs = 500 if options.quick else 10_000
    with sandbox() as folder:
        paths = large_sweep.make(folder, runs, 1000)
        with server("jupyterlab", *OPTIONS) as running:
            tables = [
                live(running),
                large(running, paths.folder.name.removeprefix("sweep-"), runs),
            ]
    report(tables, options.json)


if __name__ == "__main__":
    main()
