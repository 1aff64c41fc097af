"""Real sweeps of small cells."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fake_wandb_server.controls import Controls
from tests import sweeps
from waiting import wait_until
from wandb_magic.api import Sweep
from wandb_magic.records import Options

Start = Callable[..., Sweep]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    def starter(
        cell: str,
        config: dict[str, Any] | None = None,
        count: int | None = 1,
        agents: int = 1,
        env: dict[str, str] | None = None,
        namespace: dict[str, Any] | None = None,
        mode: str = "offline",
        **options: object,
    ) -> Sweep:
        names = {"GO": str(tmp_path / "go"), "ROOT": str(tmp_path), **(namespace or {})}
        return sweeps.start(
            cell,
            config,
            namespace=names,
            options=Options(**{"seed": 1, "grace": 1.0, **options}),
            count=count,
            agents=agents,
            env=env,
            mode=mode,
        )

    return starter


@pytest.fixture
def online(start: Start, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start sweeps of somebody who is logged in to a server."""

    def starter(server: Controls, cell: str, **settings: object) -> Sweep:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        return start(cell, mode="auto", **settings)

    return starter


@pytest.fixture
def until() -> Callable[..., object]:
    return wait_until


@pytest.fixture
def go(tmp_path: Path) -> Callable[[], None]:
    return (tmp_path / "go").touch
