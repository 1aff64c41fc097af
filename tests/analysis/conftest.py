"""Sweeps that a test writes as a supervisor does, and reads as a user does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.sweeps import run_record, sweep_record, write_sweep
from wandb_magic import store
from wandb_magic.api import Sweep
from wandb_magic.log_records import LogRecord
from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunId, RunState
from wandb_magic.spec import load

SPEC = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}


@dataclass
class Written:
    """A sweep and what writes its store."""

    paths: SweepPaths
    writer: store.StoreWriter
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))

    @property
    def sweep(self) -> Sweep:
        return Sweep(self.paths)

    def run(self, *entries: LogRecord, **fields: Any) -> RunId:
        """Add a run that has ended, and what it has logged."""
        number = next(self.numbers)
        own = {
            "state": RunState.FINISHED,
            "started": 1000.0 + number,
            "ended": 1010.0 + 2 * number,
            "exit_code": 0,
            **fields,
        }
        record = run_record(number, **own)
        self.writer.add_run(record)
        if entries:
            self.writer.append(record.id, entries)
        self.writer.commit()
        return record.id


Make = Callable[..., Written]


@pytest.fixture
def make_sweep(tmp_path: Path) -> Iterator[Make]:
    made: list[Written] = []

    def make(id_: str = "sweep000", spec: Any = None, **fields: Any) -> Written:
        own = {"created": 1000.0 + len(made), "spec": load(spec or SPEC).to_dict(), **fields}
        paths = write_sweep(tmp_path, sweep_record(id_, **own))
        made.append(Written(paths, store.StoreWriter(paths.store)))
        return made[-1]

    yield make
    for each in made:
        each.writer.close()


@pytest.fixture
def written(make_sweep: Make) -> Written:
    return make_sweep()
