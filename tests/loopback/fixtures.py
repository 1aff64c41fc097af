"""The server, and the clients, as fixtures for every folder of tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopback.clients import PYTHONS, Client
from loopback.process import LoopbackProcess
from loopback.server import Loopback


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A W&B server of this test's own, in this process."""
    with Loopback() as server:
        yield server


@pytest.fixture
def loopback_process(tmp_path: Path) -> Iterator[LoopbackProcess]:
    """A W&B server that this test can kill and start again."""
    with LoopbackProcess(tmp_path) as server:
        yield server


@pytest.fixture
def wandb_clients(tmp_path: Path) -> Iterator[list[Client]]:
    """The newest and the oldest wandb, each with a folder and a server in this process."""
    with contextlib.ExitStack() as stack:
        found = []
        for number, python in enumerate(PYTHONS):
            folder = tmp_path / f"client{number}"
            folder.mkdir()
            found.append(Client(Path(python), folder, stack.enter_context(Loopback())))
        yield found
