"""How soon the kernel is free again: from a cell's request to its reply, in a real kernel.

    python benchmarks/handoff.py [--quick] [--json PATH]

The floor is an empty cell; the peer is a cell that starts a script with
``subprocess.Popen``. The cells take turns, and each waits until everything that the previous one
started has ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from jupyter_client import BlockingKernelClient, KernelManager
from report_tables import Table, arguments, percentile, report
from sandbox import sandbox

PATIENCE_S = 120
CONFIG = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}
SETUP = f"""
import itertools, subprocess, sys
import numpy as np
import wandb
config = {json.dumps(CONFIG)}
data = np.ones(12_500_000)
names = itertools.count()
"""
TRAIN = """
with wandb.init() as run:
    run.log({"loss": run.config["lr"]})
"""
SCRIPT = "import wandb\n" + TRAIN.replace('run.config["lr"]', "0.5")
SMALL = f"%%wandb_sweep config --count 1 --out started{TRAIN}"
LARGE = f"{SMALL}    run.summary['mean'] = data.mean()\n"
FLOOR = "an empty cell (floor)"
# The timed cells, and the code that then waits for their end.
CELLS = {
    FLOOR: ("", ""),
    "`subprocess.Popen` of a script (peer)": (
        "started = subprocess.Popen([sys.executable, 'train.py'], start_new_session=True)",
        "started.wait()",
    ),
    "an array of 100 MB written to a new file": ("data.tofile(f'{next(names)}.bin')", ""),
    "`%%wandb_sweep`": (SMALL, "started.wait()"),
    "`%%wandb_sweep` with an array of 100 MB": (LARGE, "started.wait()"),
}


@contextmanager
def kernel() -> Iterator[BlockingKernelClient]:
    """Start a kernel, and yield its client."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=os.environ | {"WANDB_MODE": "offline"}, stderr=subprocess.DEVNULL)
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=PATIENCE_S)
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def seconds(client: BlockingKernelClient, code: str) -> float:
    """Execute a cell; return the time from its request to its reply."""
    begin = time.perf_counter()
    reply = client.execute(code, store_history=True, reply=True, timeout=PATIENCE_S)
    taken = time.perf_counter() - begin
    assert reply["content"]["status"] == "ok", reply["content"]
    return taken


def main() -> None:
    options = arguments(__doc__).parse_args()
    kernels, repeats = (2, 3) if options.quick else (5, 12)
    empty: list[float] = []
    loading: list[float] = []
    first: list[float] = []
    times: dict[str, list[float]] = {name: [] for name in CELLS}
    with sandbox() as folder:
        Path(folder / "train.py").write_text(SCRIPT, "utf-8")
        for number in range(kernels):
            with kernel() as client:
                seconds(client, "")
                empty.append(seconds(client, ""))
                loading.append(seconds(client, "%load_ext wandb_magic"))
                seconds(client, SETUP)
                first.append(seconds(client, SMALL))
                seconds(client, "started.wait()")
                for _ in range(repeats if number == 0 else 0):
                    for name, (cell, wait) in CELLS.items():
                        times[name].append(seconds(client, cell))
                        seconds(client, wait)
    times["the first `%%wandb_sweep` of a kernel"] = first
    times["an empty cell, beside `%load_ext`"] = empty
    times["`%load_ext wandb_magic`, in a fresh kernel"] = loading
    least = median(times[FLOOR])
    table = Table(
        ("request to reply", "median, ms", "p95, ms", "beside the floor"),
        tuple(
            (
                name,
                f"{1000 * median(taken):.1f}",
                f"{1000 * percentile(taken, 0.95):.1f}",
                f"{median(taken) / least:.1f}",
            )
            for name, taken in times.items()
        ),
        f"{repeats} cells of each kind in one kernel; the last three rows: {kernels} kernels.",
    )
    report([table], options.json)


if __name__ == "__main__":
    main()
