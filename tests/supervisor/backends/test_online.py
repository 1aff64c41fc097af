"""What is done with an online sweep on either side is done on the other, too, and once."""

import asyncio
import json
import threading
import time
from typing import Any

import pytest

from fake_wandb_server.server import FakeWandbServer
from wandb_magic.records import RunState, SweepState
from wandb_magic.supervisor.backends import BackendNotice, StopRun, SweepChanged

from .fakes import HYPERBAND, PATIENCE_S, RANDOM, Serve, begun, ended, play, until


def test_what_is_done_on_the_sweeps_page_is_heard(
    fake_wandb_server: FakeWandbServer, serve: Serve
) -> None:
    served = serve(RANDOM)
    sweep, said = served.sweep.id, served.said

    async def scene() -> None:
        backend = served.backend()
        await begun(backend)
        await until(lambda: fake_wandb_server.count("Sweep"))
        assert said == []
        fake_wandb_server.pause_sweep(sweep)
        await until(lambda: said == [SweepChanged(SweepState.PAUSED, "paused at W&B")])
        fake_wandb_server.resume_sweep(sweep)
        await until(lambda: said[1:] == [SweepChanged(SweepState.RUNNING, "")])
        fake_wandb_server.finish_sweep(sweep)
        await until(lambda: said[2:] == [SweepChanged(SweepState.FINISHED, "finished at W&B")])
        assert await backend.ask(1, 1, ()) is None
        await backend.close()

    play(scene())


def test_a_cancelled_sweep_is_no_finished_one(
    fake_wandb_server: FakeWandbServer, serve: Serve
) -> None:
    served = serve(RANDOM)

    async def scene() -> None:
        backend = served.backend()
        run = await begun(backend)
        fake_wandb_server.cancel_sweep(served.sweep.id)
        assert await backend.ask(1, 1, ()) is None
        assert SweepChanged(SweepState.STOPPING, "cancelled at W&B") in served.said
        await until(lambda: StopRun(run.id, RunState.STOPPED, "stopped at W&B") in served.said)
        await backend.close()

    play(scene())


@pytest.mark.parametrize(
    ("config", "state", "cause"),
    [
        (RANDOM, RunState.STOPPED, "stopped at W&B"),
        (HYPERBAND, RunState.PRUNED, "ended early by W&B"),
    ],
)
def test_a_run_that_is_stopped_there_is_ended_here(
    fake_wandb_server: FakeWandbServer, serve: Serve, config: Any, state: RunState, cause: str
) -> None:
    served = serve(config)

    async def scene() -> None:
        backend = served.backend()
        first, _second = await begun(backend), await begun(backend, 1, agent=1)
        fake_wandb_server.stop_run(first.id)
        await until(lambda: served.said == [StopRun(first.id, state, cause)])
        await backend.close()

    play(scene())


@pytest.mark.parametrize(
    ("state", "drain", "word"),
    [
        (SweepState.PAUSED, False, "PAUSED"),
        (SweepState.STOPPING, False, "CANCELED"),
        (SweepState.STOPPING, True, "FINISHED"),
    ],
)
def test_what_is_asked_here_arrives_at_the_page(
    fake_wandb_server: FakeWandbServer, serve: Serve, state: SweepState, *, drain: bool, word: str
) -> None:
    served = serve(RANDOM)
    sweep = fake_wandb_server.sweeps[served.sweep.id]

    async def scene() -> None:
        backend = served.backend()
        run = await begun(backend)
        backend.set_state(state, drain=drain)
        await until(lambda: sweep.state == word)
        beats = fake_wandb_server.count("Sweep")
        await until(lambda: fake_wandb_server.count("Sweep") > beats + 1)  # it is no news to us
        assert [each for each in served.said if isinstance(each, SweepChanged)] == []
        backend.on_run_changed(ended(run))
        backend.set_state(SweepState.RUNNING)
        # The agent is not sent home by a server that has not heard of it yet.
        assert await backend.ask(0, 1, ()) is not None
        assert sweep.state == "RUNNING"
        await backend.close()

    play(scene())


def test_the_last_word_on_a_sweep_arrives_before_the_supervisor_leaves(
    fake_wandb_server: FakeWandbServer, serve: Serve
) -> None:
    served = serve(RANDOM)

    async def scene() -> None:
        backend = served.backend()
        fake_wandb_server.fault("status", "UpsertSweep", times=2)
        backend.set_state(SweepState.STOPPING)
        await backend.close()

    play(scene())
    assert fake_wandb_server.sweeps[served.sweep.id].state == "CANCELED"


def test_the_last_word_on_a_sweep_does_not_wait_for_ever(
    fake_wandb_server: FakeWandbServer, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wandb_magic.supervisor.backends.online.CLOSE_TIMEOUT_S", 0.3)
    served = serve(RANDOM)

    async def scene() -> None:
        backend = served.backend()
        with fake_wandb_server.refusing():
            backend.set_state(SweepState.STOPPING)
            await backend.close()

    play(scene())
    assert isinstance(served.said[-1], BackendNotice)
    assert "CANCELED" in served.said[-1].text


def test_an_attached_sweep_is_not_ours_to_change(
    fake_wandb_server: FakeWandbServer, serve: Serve
) -> None:
    served = serve(RANDOM, attached=True)

    async def scene() -> None:
        backend = served.backend()
        await begun(backend)
        for state in (SweepState.PAUSED, SweepState.RUNNING, SweepState.STOPPING):
            backend.set_state(state)
        looks = fake_wandb_server.count("Sweep")
        await until(lambda: fake_wandb_server.count("Sweep") > looks + 1)
        await backend.close()

    play(scene())
    assert fake_wandb_server.sweeps[served.sweep.id].state == "RUNNING"
    assert fake_wandb_server.count("UpsertSweep") == 0
    assert served.said == []


def test_it_leaves_no_thread_and_no_task(fake_wandb_server: FakeWandbServer, serve: Serve) -> None:
    served = serve(RANDOM)
    before = set(threading.enumerate())  # another test's supervisor was killed, in a way

    async def scene() -> None:
        backend = served.backend()
        await begun(backend)
        await backend.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scene())
    deadline = time.monotonic() + PATIENCE_S
    while any(each.name.startswith("wandb") for each in {*threading.enumerate()} - before):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert json.loads(served.agents.read_text())["ids"].keys() == {"0"}
