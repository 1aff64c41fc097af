"""Sweeps that a test writes as their supervisor would, and holds as a user does."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from wandb_magic import registry, store
from wandb_magic.api import Sweep
from wandb_magic.bundle import freeze
from wandb_magic.log_records import LogRecord
from wandb_magic.paths import SweepPaths
from wandb_magic.records import (
    Options,
    RunId,
    RunRecord,
    RunState,
    SweepId,
    SweepRecord,
    SweepState,
)
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
        values: dict[str, Any] = {
            "id": RunId(f"run{number:05}"),
            "number": number,
            "attempt": 0,
            "agent": 0,
            "params": {"lr": number / 10},
            "state": RunState.FINISHED,
            "created": 1000.0 + number,
            "started": 1000.0 + number,
            "ended": 1010.0 + 2 * number,
            "exit_code": 0,
        }
        record = RunRecord(**{**values, **fields})
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
        paths = SweepPaths.of(tmp_path, SweepId(id_))
        paths.folder.mkdir(parents=True)
        freeze(paths.bundle, cell="pass", namespace={}, environment={})
        config = load(spec or SPEC).to_dict()
        paths.spec.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
        values: dict[str, Any] = {
            "id": SweepId(id_),
            "name": f"name of {id_}",
            "project": "project",
            "entity": "",
            "mode": "offline",
            "state": SweepState.FINISHED,
            "created": 1000.0 + len(made),
            "started": 1000.0,
            "ended": 2000.0,
            "spec": config,
            "options": Options(),
            "agents": 2,
            "budget": 3,
        }
        record = SweepRecord(**{**values, **fields})
        store.create(paths.store, record)
        made.append(Written(paths, store.StoreWriter(paths.store)))
        registry.add(
            registry.SweepLocation(record.id, record.name, str(paths.folder), time.time())
        )
        return made[-1]

    yield make
    for each in made:
        each.writer.close()


@pytest.fixture
def written(make_sweep: Make) -> Written:
    return make_sweep()
