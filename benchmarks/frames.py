"""Results of a large sweep as frames, Parquet files and a study, compared with only reading them.

    python benchmarks/frames.py [--quick] [--json PATH]

10,000 runs of 1,000 steps of 4 keys. The floor of a frame is reading the same blobs of the
same store into plain numpy arrays; that of the Parquet files is pandas writing one array of as
many numbers; the peer of a study's file is Optuna's own copy of it.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import large_sweep
import numpy as np
import optuna
import pandas as pd
from report_tables import Table, arguments, report
from sandbox import sandbox

from wandb_magic.analysis import study_file
from wandb_magic.analysis.study import silence_optuna
from wandb_magic.api import Sweep
from wandb_magic.paths import SweepPaths

KEYS = ("loss", "accuracy", "rate", "epoch")
ROUNDS = 3
PEER = 100  # trials that Optuna copies; more would take too long
GROWTH = """
import sys, threading
from pathlib import Path
import psutil, pyarrow.parquet
from wandb_magic.paths import SweepPaths
from wandb_magic.api import Sweep
sweep = Sweep(SweepPaths(Path(sys.argv[1])))
sweep.runs()
process, over, seen = psutil.Process(), threading.Event(), []
def look():
    while not over.wait(0.01):
        seen.append(process.memory_info().rss)
before = process.memory_info().rss
watcher = threading.Thread(target=look)
watcher.start()
sweep.to_parquet("results-of-another-process")
over.set()
watcher.join()
print(max(seen) - before)
"""  # the system's own peak would count what the process that started this one had


def timed(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Return the shortest time that `work` takes, in seconds."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def blobs(store: Path, keys: tuple[str, ...]) -> np.ndarray[Any, Any]:
    """Return every value of some keys as one array, without the run and step of each."""
    marks = ", ".join("?" for _ in keys)
    with closing(sqlite3.connect(store)) as connection:
        parts = [
            np.frombuffer(raw if len(raw) == 8 * count else zlib.decompress(raw), np.float64)
            for count, raw in connection.execute(
                "SELECT c.n, c.vals FROM series s JOIN chunk c"
                " ON c.id BETWEEN s.id << 20 AND (s.id << 20) + 1048575"
                f" WHERE s.stream = 'history' AND s.key IN ({marks})",
                keys,
            )
        ]
    return np.concatenate(parts)


def documents(store: Path) -> list[tuple[Any, ...]]:
    """Return the data of `runs()`, as JSON values."""
    with closing(sqlite3.connect(store)) as connection:
        return [
            (run, value, json.loads(params), json.loads(summary))
            for run, value, params, summary in connection.execute(
                "SELECT id, value, params, summary FROM run"
            )
        ]


def frames(sweep: Sweep, paths: SweepPaths) -> Table:
    """Time the frames, and reading their data."""
    all_floor = timed(lambda: blobs(paths.store, KEYS))
    one_floor = timed(lambda: blobs(paths.store, KEYS[:1]))
    runs_floor = timed(lambda: documents(paths.store))
    asked: list[tuple[str, Callable[[], pd.DataFrame], float]] = [
        ("`runs()`", sweep.runs, runs_floor),
        ("`summary()`", sweep.summary, runs_floor),
        ('`history("loss")`', lambda: sweep.history("loss"), one_floor),
        ('`history("loss", points=500)`', lambda: sweep.history("loss", points=500), one_floor),
        ("`history()`, all four keys", sweep.history, all_floor),
        ("`history(points=200)`, all four keys", lambda: sweep.history(points=200), all_floor),
    ]
    rows = []
    for what, work, floor in asked:
        shape = work().shape
        took = timed(work)
        rows.append(
            (
                what,
                f"{shape[0]:,} x {shape[1]}",
                f"{took:.2f}",
                f"{floor:.2f}",
                f"{took / floor:.1f}",
            )
        )
    return Table(
        ("a frame of all runs", "shape", "s", "floor, s", "ratio"),
        tuple(rows),
        "The floor of the first two rows reads the same parameters and summaries from SQLite and "
        "parses their JSON; that of the others reads the values of the same keys into one numpy "
        "array.",
    )


def files(sweep: Sweep, paths: SweepPaths) -> Table:
    """Time the Parquet files, and those that pandas writes from one frame in memory."""
    values = blobs(paths.store, KEYS).reshape(len(KEYS), -1)
    plain = pd.DataFrame(dict(zip(KEYS, values, strict=True)))
    floor = timed(partial(plain.to_parquet, "plain.parquet"), 2)
    read_floor = timed(lambda: pd.read_parquet("plain.parquet"))
    del plain, values
    took = timed(lambda: sweep.to_parquet("results", overwrite=True), 2)
    read = timed(lambda: pd.read_parquet("results/history.parquet"))
    size = sum(file.stat().st_size for file in Path("results").iterdir())
    return Table(
        ("Parquet files", "s", "floor, s", "ratio"),
        (
            ("`to_parquet`, everything", f"{took:.1f}", f"{floor:.1f}", f"{took / floor:.1f}"),
            (
                "`pandas.read_parquet` of its history",
                f"{read:.1f}",
                f"{read_floor:.1f}",
                f"{read / read_floor:.1f}",
            ),
        ),
        "The floor writes and reads the bare columns of the history, without runs, steps and "
        f"times, from a frame that is in memory already. The folder has {size / 2**20:.0f} MB, "
        f"the store {paths.store.stat().st_size / 2**20:.0f} MB; the process that writes grows by "
        f"{growth(paths) / 2**20:.0f} MB.",
    )


def growth(paths: SweepPaths) -> int:
    """Return by how many bytes writing makes a separate process grow at most."""
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, str(paths.folder)], check=True, stdout=subprocess.PIPE
    )
    return int(done.stdout)


def study(sweep: Sweep, runs: int) -> Table:
    """Time a study and its files, and Optuna's own copies."""
    found = sweep.study()
    took = timed(sweep.study, 1)
    few = optuna.create_study()
    few.add_trials(found.get_trials(deepcopy=False)[:PEER])
    rows = [("`study()`", f"{took:.1f}", f"{took / runs * 1e3:.2f}", "")]
    for name, storage in (("study.log", _journal), ("study.db", _database)):
        ours = timed(lambda name=name: study_file.export(found, Path(name), overwrite=True), 1)
        copy = optuna.create_study(storage=storage(f"copy-{name}"))
        peer = timed(lambda copy=copy: copy.add_trials(few.get_trials(deepcopy=False)), 1)
        ratio = (peer / PEER) / (ours / runs)
        rows.append(
            (
                f"written to `{name}`",
                f"{ours:.1f}",
                f"{ours / runs * 1e3:.2f}",
                f"{peer / PEER * 1e3:.1f} ({ratio:.0f} times ours)",
            )
        )
    return Table(
        (f"a study of {runs:,} trials", "s", "ms a trial", "Optuna's `add_trials`, ms a trial"),
        tuple(rows),
        f"Each trial has 100 intermediate values. Optuna copied the first {PEER}.",
    )


def _journal(file: str) -> optuna.storages.BaseStorage:
    return optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(file))


def _database(file: str) -> optuna.storages.BaseStorage:
    return optuna.storages.RDBStorage(f"sqlite:///{file}")


def main() -> None:
    options = arguments(__doc__).parse_args()
    runs, steps = (500, 1000) if options.quick else (10_000, 1000)
    with sandbox() as folder, silence_optuna():
        paths = large_sweep.make(Path(folder), runs, steps)
        sweep = Sweep(paths)
        report([frames(sweep, paths), files(sweep, paths), study(sweep, runs)], options.json)


if __name__ == "__main__":
    main()
