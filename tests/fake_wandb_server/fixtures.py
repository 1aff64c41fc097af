"""The server and the clients as fixtures for all folders of tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_wandb_server.clients import PYTHONS, Client
from fake_wandb_server.process import FakeWandbServerProcess
from fake_wandb_server.server import FakeWandbServer
from full import FULL


@pytest.fixture
def fake_wandb_server() -> Iterator[FakeWandbServer]:
    """A W&B server for this test only, in this process."""
    with FakeWandbServer() as server:
        yield server


@pytest.fixture
def fake_wandb_server_process(tmp_path: Path) -> Iterator[FakeWandbServerProcess]:
    """A W&B server that this test can kill and restart."""
    with FakeWandbServerProcess(tmp_path) as server:
        yield server


@pytest.fixture
def wandb_clients(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[list[Client]]:
    """The newest and the oldest wandb, each with a folder and a server in this process.

    Without `--full`, only tests marked `every_wandb` have the oldest.
    """
    every = FULL or request.node.get_closest_marker("every_wandb")
    with contextlib.ExitStack() as stack:
        clients = []
        for number, python in enumerate(PYTHONS if every else PYTHONS[:1]):
            folder = tmp_path / f"client{number}"
            folder.mkdir()
            clients.append(Client(Path(python), folder, stack.enter_context(FakeWandbServer())))
        yield clients
