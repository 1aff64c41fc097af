"""Real sweeps, and what runs logged in W&B's own folders, read back."""

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import sweeps
from wandb_magic.api import Sweep
from wandb_magic.log_records import ConfigRecord, HistoryRecord, LogRecord
from wandb_magic.records import Options
from wandb_magic.wandb_log import LogFollower

NESTED: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "lr": {"min": 0.0, "max": 1.0},
        "nested": {"parameters": {"deep": {"value": 3}}},
    },
}


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sweep]:
    """Run a sweep in a folder of its own, and wait for its end."""

    def runner(
        cell: str = "",
        config: dict[str, Any] | None = None,
        count: int | None = 2,
        function: Callable[[], object] | None = None,
        namespace: dict[str, Any] | None = None,
        *,
        random_state: bool = False,
    ) -> Sweep:
        (tmp_path / "notebook").mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / "notebook")
        sweep = sweeps.start(
            f"# %%wandb_sweep c\n{textwrap.dedent(cell)}" if cell else "",
            config or NESTED,
            function=function,
            namespace=namespace,
            random_state=random_state,
            options=Options(seed=5),
            count=count,
            name="demo",
            env={"HF_TOKEN": "hf_verysecret1"},
        ).wait(200)
        assert sweep.state == "finished", (sweep.status(), sweep.logs(0))
        assert all(run.state.value == "finished" for run in sweep.records()), sweep.logs(0)
        return sweep

    return runner


def read_back(folder: Path) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Return config and curves of the one run in W&B's folder below `folder`."""
    (directory,) = folder.glob("wandb/offline-run-*")
    follower = LogFollower(directory)
    found: list[LogRecord] = []
    config: dict[str, Any] = {}
    curves: dict[str, list[float]] = {}
    while entries := follower.poll():
        found += entries
    follower.close()
    for entry in found:
        if isinstance(entry, ConfigRecord):
            config |= entry.update
        elif isinstance(entry, HistoryRecord):
            for key, value in entry.scalars.items():
                curves.setdefault(key, []).append(value)
    return config, curves


@pytest.fixture(name="read_back")
def read_back_fixture() -> Callable[[Path], tuple[dict[str, Any], dict[str, list[float]]]]:
    return read_back


def logged(sweep: Sweep, run: int) -> dict[str, list[float]]:
    """Return the curves of a sweep's run."""
    record = next(each for each in sweep.records() if each.number == run)
    found = sweep._reader.history(None, [record.id], points=None)[record.id]
    return {key: curve.lows.tolist() for key, curve in found.items()}


@pytest.fixture(name="logged")
def logged_fixture() -> Callable[[Sweep, int], dict[str, list[float]]]:
    return logged
