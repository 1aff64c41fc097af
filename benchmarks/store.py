"""What the store costs a supervisor, and how fast it responds, compared with plain SQLite.

Run ``python benchmarks/store.py [--quick]``. The first part appends what active runs log, with a
commit every 100 ms of their time; the second fills a store with ended runs and reads it.
"""

from __future__ import annotations

import argparse
import math
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from wandb_magic import store
from wandb_magic.log_records import HistoryRecord, LogRecord, SummaryRecord
from wandb_magic.records import (
    Options,
    RunId,
    RunRecord,
    RunState,
    SweepId,
    SweepRecord,
    SweepState,
)

KEYS = ("loss", "accuracy", "rate", "epoch")


def sweep() -> SweepRecord:
    return SweepRecord(
        id=SweepId("sweep000"),
        name="benchmark",
        project="benchmark",
        entity="",
        mode="offline",
        state=SweepState.RUNNING,
        created=0.0,
        spec={},
        options=Options(),
        agents=8,
        budget=None,
    )


def run(number: int) -> RunRecord:
    return RunRecord(
        id=RunId(f"r{number:07}"),
        number=number,
        attempt=0,
        agent=number % 8,
        params={"lr": random.random(), "layers": number % 7},
        state=RunState.RUNNING,
        created=float(number),
    )


def rows(first: int, count: int) -> Iterator[LogRecord]:
    """Yield what `count` calls of ``log`` leave in a transaction log."""
    for step in range(first, first + count):
        values = {
            "loss": math.exp(-step / 300) + random.random() / 10,
            "accuracy": random.random(),
            "rate": 1e-3,
            "epoch": float(step // 100),
        }
        yield SummaryRecord({"_runtime": step})
        yield SummaryRecord({**values, "_step": step, "_timestamp": step / 100, "_runtime": step})
        yield HistoryRecord(step, 1.7e9 + step / 100 + random.random() / 1000, values)


def living(folder: Path, seconds: int) -> None:
    path = folder / "living.db"
    store.create(path, sweep())
    writer = store.StoreWriter(path)
    runs = [run(number) for number in range(8)]
    for record in runs:
        writer.add_run(record)
    spent = 0.0
    slowest = 0.0
    for tick in range(seconds * 10):
        logged = [list(rows(tick * 10, 10)) for _ in runs]
        begin = time.process_time()
        wall = time.perf_counter()
        for record, entries in zip(runs, logged, strict=True):
            writer.append(record.id, entries, "log", tick)
        writer.commit()
        spent += time.process_time() - begin
        slowest = max(slowest, time.perf_counter() - wall)
    writer.close()
    print(f"8 runs x 100 rows/s x 4 metrics: {spent / seconds:.1%} of a core", end="")
    print(f", slowest append and commit {slowest * 1e3:.0f} ms")


def fill(path: Path, count: int, steps: int) -> None:
    store.create(path, sweep())
    writer = store.StoreWriter(path)
    for number in range(count):
        record = run(number)
        writer.add_run(record)
        writer.append(record.id, list(rows(0, steps)))
        writer.update_run(
            record.id, state=RunState.FINISHED, value=random.random(), ended=number + 9.0
        )
        writer.commit()
    writer.close()


def fill_plain(path: Path, source: Path) -> None:
    """Fill the plain tables: every point is a row of one table, every run a row of another."""
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
            "CREATE TABLE run (id INTEGER PRIMARY KEY, value REAL, params TEXT, summary TEXT);"
            "CREATE TABLE point (run INTEGER, key TEXT, step INTEGER, value REAL,"
            " PRIMARY KEY (run, key, step)) WITHOUT ROWID;"
        )
        reader = store.StoreReader(source)
        summaries = reader.summaries()
        for record in reader.runs():
            connection.execute(
                "INSERT INTO run VALUES (?, ?, ?, ?)",
                (record.number, record.value, str(record.params), str(summaries[record.id])),
            )
            for key, curve in reader.history(KEYS, [record.id], points=None)[record.id].items():
                connection.executemany(
                    "INSERT INTO point VALUES (?, ?, ?, ?)",
                    (
                        (record.number, key, step, value)
                        for step, value in zip(
                            curve.steps.tolist(), curve.lows.tolist(), strict=True
                        )
                    ),
                )
        reader.close()


def timed(what: str, work: Callable[[], object]) -> None:
    work()
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    print(f"  {what}: {min(times) * 1e3:.1f} ms")


def plain_curves(path: Path) -> None:
    """Return all curves of one key at 500 points, as plain SQL can."""
    with sqlite3.connect(path) as connection:
        connection.execute(
            "SELECT run, step / 4, min(value), max(value) FROM point WHERE key = 'loss'"
            " GROUP BY run, step / 4"
        ).fetchall()


def plain_table(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("SELECT * FROM run ORDER BY value LIMIT 100").fetchall()


def table(reader: store.StoreReader, order: str) -> None:
    ids = [record.id for record in reader.runs(order=order, limit=100)]
    reader.summaries(ids)


def ended(folder: Path, count: int, steps: int) -> None:
    path, plain = folder / "ended.db", folder / "plain.db"
    begin = time.perf_counter()
    fill(path, count, steps)
    points = count * steps * len(KEYS)
    print(f"{count} runs x {steps} steps x {len(KEYS)} metrics", end="")
    print(f": {points / (time.perf_counter() - begin):,.0f} points/s written")
    fill_plain(plain, path)
    reader = store.StoreReader(path)
    ids = [record.id for record in reader.runs()]
    print(f"store: {path.stat().st_size / 2**20:.0f} MB")
    timed("all curves of one key at 500 points", lambda: reader.history(["loss"]))
    timed("100 of them", lambda: reader.history(["loss"], ids[:100]))
    timed("100 of them, with times", lambda: reader.history(["loss"], ids[:100], times=True))
    timed("every value of one key", lambda: reader.objective("loss"))
    timed("top 100 rows of the table, by value", lambda: table(reader, "value"))
    timed("top 100 rows of the table, by summary.loss", lambda: table(reader, "summary.loss"))
    timed("all runs", reader.runs)
    timed("all summaries", reader.summaries)
    timed("counts by state", reader.state_counts)
    timed("version", reader.version)
    reader.close()
    print(f"plain table: {plain.stat().st_size / 2**20:.0f} MB")
    timed("all curves of one key at 500 points", lambda: plain_curves(plain))
    timed("top 100 rows of the table, by value", lambda: plain_table(plain))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the runs")
    quick = parser.parse_args().quick
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        living(Path(folder), 5 if quick else 60)
        ended(Path(folder), 100 if quick else 10_000, 1000)


if __name__ == "__main__":
    main()
