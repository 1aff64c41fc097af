from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wandb_magic import store
from wandb_magic.records import (
    Options,
    RunId,
    RunRecord,
    RunState,
    SweepId,
    SweepRecord,
    SweepState,
)

MakeRun = Callable[..., RunRecord]


@pytest.fixture(scope="session")
def sweep() -> SweepRecord:
    return SweepRecord(
        id=SweepId("sweep000"),
        name="name",
        project="project",
        entity="",
        mode="offline",
        state=SweepState.PENDING,
        created=1.5,
        spec={"parameters": {"lr": {"max": 1.0}}},
        options=Options(seed=3, priors=({"params": {"lr": 0.1}, "value": 1.0},)),
        agents=2,
        budget=None,
        notices=("one",),
    )


@pytest.fixture(scope="session")
def make_run() -> MakeRun:
    def make(number: int = 0, **fields: object) -> RunRecord:
        values: dict[str, object] = {
            "id": RunId(f"run{number:05}"),
            "number": number,
            "attempt": 0,
            "agent": 0,
            "params": {"lr": 0.1 * number, "net": {"depth": -number}},
            "state": RunState.RUNNING,
            "created": float(number),
        }
        return RunRecord(**{**values, **fields})  # type: ignore[arg-type]

    return make


@pytest.fixture
def path(tmp_path: Path, sweep: SweepRecord) -> Path:
    """Return the path of a fresh store, alone in its folder."""
    path = tmp_path / "sweep" / "sweep.db"
    path.parent.mkdir()
    store.create(path, sweep)
    return path


@pytest.fixture
def writer(path: Path) -> Iterator[store.StoreWriter]:
    writer = store.StoreWriter(path)
    yield writer
    writer.close()


@pytest.fixture
def reader(path: Path) -> Iterator[store.StoreReader]:
    reader = store.StoreReader(path)
    yield reader
    reader.close()
