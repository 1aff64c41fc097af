"""The server as a fixture, for every folder of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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
