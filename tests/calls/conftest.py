"""The results of every call of W&B's: in our store, and in W&B's own files."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from wandb.proto import wandb_internal_pb2

from tests.conftest import MARK, end_processes
from wandb_magic.records import RunRecord
from wandb_magic.store import StoreReader
from wandb_magic.wandb_log.record_reader import RecordReader

ROOT = Path(__file__).parents[2]
EVERYTHING = Path(__file__).with_name("everything.py")
PYTHONS = {"newest": Path(sys.executable), "oldest": ROOT / ".venvs/wandb-oldest/bin/python"}


@dataclass(frozen=True)
class Found:
    """What a run left."""

    sweep: Path

    @cached_property
    def reader(self) -> StoreReader:
        return StoreReader(self.sweep / "sweep.db")

    @cached_property
    def run(self) -> RunRecord:
        [run] = self.reader.runs()
        return run

    @cached_property
    def records(self) -> list[Any]:
        """What W&B wrote, read with W&B's own types."""
        [log] = Path(self.run.directory).glob("run-*.wandb")
        with log.open("rb") as file:
            framing = RecordReader(file.fileno())
            return [wandb_internal_pb2.Record.FromString(raw) for raw in framing.read()]

    def points(self, key: str) -> list[tuple[int, float]]:
        """Return the steps and values of a key, as the store has them."""
        curve = self.reader.history([key], points=None)[self.run.id][key]
        return list(zip(curve.steps.tolist(), curve.lows.tolist(), strict=True))

    def logged(self, *path: str) -> list[tuple[int, Any]]:
        """Return the steps and values of a key, as W&B's log has them."""
        return [
            (record.history.step.num, json.loads(item.value_json))
            for record in self.records
            for item in record.history.item
            if (tuple(item.nested_key) or (item.key,)) == path
        ]

    def media(self, key: str) -> Any:  # noqa: ANN401 - JSON
        """Return the last value of a key as the store has it; the log must have the same."""
        value = self.reader.media(self.run.id, key)[-1].value
        for name, part in flat(value):
            assert self.logged(key, *name)[-1][1] == part
        return value

    def file(self, path: str) -> Path:
        return Path(self.run.directory, "files", path)

    @property
    def config(self) -> dict[str, Any]:
        return self.reader.configs()[self.run.id]

    @property
    def summary(self) -> dict[str, Any]:
        return self.reader.summaries()[self.run.id]

    @property
    def info(self) -> dict[str, Any]:
        return self.reader.infos()[self.run.id]

    def artifacts(self) -> list[Any]:
        """Return W&B's records of artifacts that are no tables."""
        return [
            record.artifact
            for record in self.records
            if record.WhichOneof("record_type") == "artifact"
            and record.artifact.type != "run_table"
        ]


def flat(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Take objects apart as W&B's log does."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from flat(part, (*path, name))
    else:
        yield path, value


@dataclass(frozen=True)
class Everything:
    """What the run that made every call left, and the one that used its artifact."""

    made: Found
    used: Found


@pytest.fixture(scope="package", params=PYTHONS)
def everything(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Everything]:
    folder = tmp_path_factory.mktemp(request.param)
    outside = {name: value for name, value in os.environ.items() if "WANDB" not in name}
    try:
        done = subprocess.run(
            [PYTHONS[request.param], EVERYTHING],
            cwd=folder,
            env={
                **outside,
                "HOME": str(folder),
                "JUPYTER_DATA_DIR": str(folder / "jupyter"),
                "PYTHONPATH": str(ROOT),
                MARK: str(folder),
            },
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        logs = "\n".join(log.read_text() for log in folder.rglob("supervisor.log"))
        assert done.returncode == 0, f"{done.stderr}\n{logs}"
        yield Everything(*(Found(Path(path)) for path in json.loads(done.stdout.splitlines()[-1])))
    finally:
        end_processes(str(folder))


@pytest.fixture
def found(everything: Everything) -> Found:
    return everything.made
