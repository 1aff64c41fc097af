"""Whole sweeps, sent by the newest and the oldest wandb."""

from collections.abc import Callable
from pathlib import Path

import pytest

from loopback.server import Loopback
from wandb_magic.sync.state import Phase, SyncState
from wandb_magic.verbs import Sweep

from .truth import check_arrived, key_is_nowhere, said


@pytest.mark.slow
def test_a_whole_sweep_arrives_once(
    swept: Callable[..., Sweep],
    end: Callable[..., SyncState],
    loopback: Loopback,
    tmp_path: Path,
) -> None:
    sweep = swept(6)
    synced = end(sweep)
    assert synced.phase is Phase.DONE, said(sweep)
    assert (synced.sent, synced.runs, synced.notices) == (6, 6, ())
    check_arrived(loopback, sweep)
    [remote] = loopback.sweeps.values()
    assert synced.target.path == f"team/digits/{remote.name}"
    assert remote.config["parameters"] == sweep.config["parameters"]
    assert remote.config["name"] == "offline"
    assert remote.state == "FINISHED"

    requests = loopback.count("file_stream")
    again = end(sweep)
    assert again.phase is Phase.DONE
    assert loopback.count("file_stream") == requests
    check_arrived(loopback, sweep)
    assert key_is_nowhere(tmp_path, loopback.key)
    assert list((sweep.path / "sync" / "copies").iterdir()) == []
