"""How much memory eight runs need that all read one large array of the notebook.

    python benchmarks/shared_memory.py [--quick] [--json PATH]

Memory is PSS: a page that several processes share counts once among them. It is measured when all
runs have read the whole array and none has ended. The floor is the array itself; the peer is
eight scripts that load it with ``numpy.load``.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import psutil
from report_tables import Table, arguments, report
from sandbox import leftovers, sandbox

import wandb_magic

RUNS = 8
PATIENCE_S = 300.0
CONFIG = {"method": "random", "parameters": {"lr": {"min": 0.0, "max": 1.0}}}
SCRIPT = """
import sys, time
from pathlib import Path
import numpy as np
import wandb
data = np.load("data.npy")
with wandb.init(mode="offline") as run:
    run.log({"sum": float(data.sum())})
    Path(f"read-{sys.argv[1]}").touch()
    while not Path("go").exists():
        time.sleep(0.05)
"""


def wait_for_readers(folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while len(list(folder.glob("read-*"))) < RUNS:
        assert time.monotonic() < deadline, "not all runs have read the array"
        time.sleep(0.1)


def forget(folder: Path) -> None:
    for mark in (*folder.glob("read-*"), folder / "go"):
        mark.unlink()


def pss(processes: Iterable[psutil.Process]) -> float:
    """Return the bytes that processes use, shared ones counted once."""
    return float(sum(process.memory_full_info().pss for process in processes))


def sweep(folder: Path, data: np.ndarray) -> tuple[float, float]:
    """Return the bytes of the fork server and runs, and those of supervisor and wandb-core."""

    def train() -> None:
        import wandb  # noqa: PLC0415 - the cell's own

        with wandb.init() as run:
            run.log({"sum": float(data.sum())})
            (folder / f"read-{run.id}").touch()
            while not (folder / "go").exists():
                time.sleep(0.05)

    started = wandb_magic.start(CONFIG, train, count=RUNS, agents=RUNS)
    wait_for_readers(folder)
    runs = {record.process.pid for record in started.records() if record.process is not None}
    everything = leftovers(str(folder))
    template = [each for each in everything if "wandb_magic.runner.fork_server" in each.cmdline()]
    mine = [each for each in everything if each.pid in runs or each in template]
    used = pss(mine), pss(each for each in everything if each not in mine)
    (folder / "go").touch()
    assert started.wait(PATIENCE_S).status().state == "finished"
    forget(folder)
    return used


def scripts(folder: Path, data: np.ndarray) -> float:
    """Return the bytes of scripts that each load the array."""
    np.save(folder / "data.npy", data)
    (folder / "train.py").write_text(SCRIPT, "utf-8")
    started = [
        subprocess.Popen([sys.executable, "train.py", str(number)]) for number in range(RUNS)
    ]
    wait_for_readers(folder)
    used = pss(psutil.Process(process.pid) for process in started)
    (folder / "go").touch()
    assert all(process.wait(PATIENCE_S) == 0 for process in started)
    return used


def main() -> None:
    options = arguments(__doc__).parse_args()
    size = 10**8 if options.quick else 10**9
    # The peer needs the array eight times, and the notebook also has it.
    while psutil.virtual_memory().available < (RUNS + 4) * size:
        size //= 2
    with sandbox() as folder:
        data = np.ones(size // 8)
        ours, beside = sweep(folder, data)
        peer = scripts(folder, data)
    rows = (
        ("the array (floor)", float(size)),
        (f"template and {RUNS} runs", ours),
        ("besides: supervisor and wandb-core", beside),
        (f"{RUNS} scripts that load it", peer),
    )
    table = Table(
        ("memory (PSS)", "MB", "beside the array"),
        tuple((name, f"{used / 1e6:,.0f}", f"{used / size:.2f}") for name, used in rows),
    )
    report([table], options.json)


if __name__ == "__main__":
    main()
