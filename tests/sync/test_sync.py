"""Whole sweeps, sent by the newest and the oldest wandb."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fake_wandb_server.server import FakeWandbServer
from full import FULL
from wandb_magic.api import Sweep
from wandb_magic.sync.state import Phase, SyncState

from .assertions import check_arrived, key_is_nowhere, said
from .conftest import every_wandb

RUNS = 6 if FULL else 3


@every_wandb
@pytest.mark.slow(40)
def test_a_whole_sweep_arrives_once(
    swept: Callable[..., Sweep],
    end: Callable[..., SyncState],
    fake_wandb_server: FakeWandbServer,
    tmp_path: Path,
) -> None:
    sweep = swept(RUNS)
    synced = end(sweep)
    assert synced.phase is Phase.DONE, said(sweep)
    assert (synced.sent, synced.runs, synced.notices) == (RUNS, RUNS, ())
    check_arrived(fake_wandb_server, sweep)
    [remote] = fake_wandb_server.sweeps.values()
    assert synced.target.path == f"team/digits/{remote.name}"
    assert remote.config["parameters"] == sweep.config["parameters"]
    assert remote.config["name"] == "offline"
    assert remote.state == "FINISHED"

    requests = fake_wandb_server.count("file_stream")
    again = end(sweep)
    assert again.phase is Phase.DONE
    assert fake_wandb_server.count("file_stream") == requests
    check_arrived(fake_wandb_server, sweep)
    assert key_is_nowhere(tmp_path, fake_wandb_server.key)
    assert list((sweep.path / "sync" / "copies").iterdir()) == []
