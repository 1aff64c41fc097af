"""Faults of the server, and how they are reported."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from fake_wandb_server.clients import wait_for
from fake_wandb_server.server import FakeWandbServer
from full import FULL
from waiting import wait_until
from wandb_magic.api import Sweep, _sync
from wandb_magic.daemon import is_sync_running
from wandb_magic.errors import RemoteError, SweepStateError
from wandb_magic.file_lock import FileLock
from wandb_magic.paths import SweepPaths, SyncPaths
from wandb_magic.sync.state import Phase, SyncState, sent
from wandb_magic.wandb_client import create_sweep

from .assertions import check_arrived, said

pytestmark = pytest.mark.slow


@pytest.fixture
def online(fake_wandb_server: FakeWandbServer, monkeypatch: pytest.MonkeyPatch) -> FakeWandbServer:
    for name, value in fake_wandb_server.environment.items():
        monkeypatch.setenv(name, value)
    return fake_wandb_server


def test_it_is_said_in_a_sentence_and_right_the_next_time(
    swept: Callable[..., Sweep], online: FakeWandbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = swept(2)
    assert sweep.url is None
    with pytest.raises(RemoteError, match="'nobody' is neither you nor one of your teams"):
        sweep.sync(entity="nobody")
    with monkeypatch.context() as context:
        context.setenv("WANDB_API_KEY", "0" * 40)
        with pytest.raises(RemoteError, match="rejects the API key"):
            sweep.sync()
    with online.refusing(), pytest.raises(RemoteError, match="cannot be reached"):
        sweep.sync()
    assert online.sweeps == {}
    assert "cannot be reached" in str(sweep.status())

    told: list[str] = []
    synced = sweep.sync(project="other").wait(180, told.append)
    assert synced.state.phase is Phase.DONE
    assert told[-1] == f"synced 2/2 to {synced.url}"
    assert sweep.url == synced.url
    assert str(sweep.url).startswith(f"{online.url}/team/other/sweeps/")
    run = sweep.records()[0].id
    assert synced.run_url(run) == f"{online.url}/team/other/runs/{run}"
    assert told[-1] in str(sweep.status())
    check_arrived(online, sweep)
    with pytest.raises(RemoteError, match="remove --project third"):
        sweep.sync(project="third")
    # The process that has failed may still be about to exit.
    has_looked = threading.Event()

    def is_running(paths: SweepPaths) -> bool:
        running = is_sync_running(paths)
        has_looked.set()
        return running

    monkeypatch.setattr(_sync, "is_sync_running", is_running)
    with ThreadPoolExecutor() as threads:
        with FileLock(SweepPaths(sweep.path).sync.lock) as lock:
            wait_until(lock.acquire)
            again = threads.submit(sweep.sync)
            assert has_looked.wait(60)
        assert again.result().wait(60).state.phase is Phase.DONE


@pytest.mark.full("the guide priors.md, which syncs by a line")
def test_the_terminal_shows_how_it_goes(
    swept: Callable[..., Sweep], online: FakeWandbServer
) -> None:
    def typed(*words: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "wandb_magic.cli", *words],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    sweep = swept(2)
    told = typed("sync", sweep.id, "--project", "digits", "--wait")
    assert told[-1] == f"synced 2/2 to {sweep.url}"
    check_arrived(online, sweep)
    assert told[-1] in typed("status", sweep.id)[0]


@pytest.mark.full("test_the_runs_that_a_new_online_sweep_learns_from")
def test_what_was_sent_can_be_the_priors_of_an_online_sweep(
    swept: Callable[..., Sweep], online: FakeWandbServer
) -> None:
    sweep = swept(3)
    synced = sweep.sync().wait(180)
    priors = sent(SyncPaths(sweep.path / "sync"))
    assert priors == list(online.runs)
    target = synced.state.target
    made = create_sweep(
        {**sweep.config, "method": "bayes"},
        os.environ,
        entity=target.entity,
        project=target.project,
        prior_runs=priors,
    )
    assert made.id != target.id
    assert set(online.sweeps[made.id].prior_runs) == set(priors)


def is_in_trouble(sweep: Sweep) -> bool:
    """Return whether a request has failed: W&B shows that of a run that has begun, or logs it."""
    logs = (sweep.path / "sync").rglob("debug-*.log")
    texts = [said(sweep), *(log.read_text("utf-8", "replace") for log in logs)]
    return any(word in text for text in texts for word in ("retrying", "cannot be reached"))


def test_a_server_that_is_away_for_a_while_costs_nothing(
    swept: Callable[..., Sweep],
    begin: Callable[..., subprocess.Popen[bytes]],
    fake_wandb_server: FakeWandbServer,
) -> None:
    sweep = swept(30 if FULL else 12)
    process = begin(sweep)
    wait_for(
        lambda: len(fake_wandb_server.runs) > 3 or process.poll() is not None, "the first runs"
    )
    assert process.poll() is None, said(sweep)
    with fake_wandb_server.refusing():
        assert sweep.sync().state.phase is Phase.SENDING  # the living one
        with pytest.raises(SweepStateError, match="being sent"):
            sweep.delete()
        wait_for(lambda: is_in_trouble(sweep), "trouble")
    assert process.wait(240) == 0
    check_arrived(fake_wandb_server, sweep)


def test_a_server_in_trouble_at_every_turn(
    swept: Callable[..., Sweep], end: Callable[..., SyncState], fake_wandb_server: FakeWandbServer
) -> None:
    sweep = swept(4)
    for operation in ("Runs", "UpsertBucket", "file_stream", "CreateArtifact", "CreateRunFiles"):
        fake_wandb_server.fault("status", operation, times=1, status=502)
        fake_wandb_server.fault("lost", operation, times=1, after=1)
    synced = end(sweep)
    assert synced.phase is Phase.DONE, said(sweep)
    check_arrived(fake_wandb_server, sweep)


def test_nobody_is_logged_in(swept: Callable[..., Sweep]) -> None:
    sweep = swept(1)
    assert "WANDB_API_KEY" not in os.environ
    with pytest.raises(RemoteError, match="no API key"):
        sweep.sync()
