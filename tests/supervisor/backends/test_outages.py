"""An online backend and a server in trouble: an outage is waited for, what lasts is said."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from fake_wandb_server.server import FakeWandbServer
from wandb_magic.errors import RemoteError
from wandb_magic.records import RunId, SweepState
from wandb_magic.supervisor.backends import BackendNotice, SweepChanged

from .fakes import RANDOM, Serve, begun, ended, play, record, until


def refuse(server: FakeWandbServer) -> Callable[[], None]:
    server.close()
    return server.open


def fault(kind: Any, **more: Any) -> Callable[[FakeWandbServer], Callable[[], None]]:
    def begin(server: FakeWandbServer) -> Callable[[], None]:
        server.fault(kind, **more)
        return server.heal

    return begin


OUTAGES = {
    "refused": refuse,
    "500": fault("status", status=500),
    "429": fault("status", status=429),
    "reset": fault("reset"),
    "hang": fault("hang", seconds=1.0),
    "lost": fault("lost"),
}


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES)
def test_an_outage_is_waited_for(
    fake_wandb_server: FakeWandbServer,
    serve: Serve,
    outage: Callable[[FakeWandbServer], Callable[[], None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wandb_magic.wandb_client.client.ANSWER_S", 0.3)
    served = serve(RANDOM)
    sweep = fake_wandb_server.sweeps[served.sweep.id]

    async def scene() -> set[RunId]:
        backend = served.backend()
        # At the start, where the agent is not known yet, and then in the middle.
        runs = []
        for number in range(3):
            heal = outage(fake_wandb_server)
            asking = asyncio.create_task(backend.ask(0, number, ()))
            await until(lambda: any(isinstance(each, BackendNotice) for each in served.said))
            assert not asking.done()
            served.said.clear()
            heal()
            proposal = await asking
            assert proposal is not None
            runs.append(record(proposal, number))
            backend.on_run_changed(runs[-1])
            await until(lambda: sweep.assignments[runs[-1].id].seen)
            backend.on_run_changed(ended(runs[-1]))
        await backend.close()
        return {run.id for run in runs}

    runs = play(scene())
    assert len(runs) == 3
    assert set(sweep.assignments) == runs, "none was handed out and lost"


def test_a_rejected_key_is_one_lasting_sentence(
    fake_wandb_server: FakeWandbServer, serve: Serve
) -> None:
    served = serve(RANDOM)

    async def scene() -> None:
        backend = served.backend()
        await begun(backend)
        fake_wandb_server.reject_keys()
        with pytest.raises(RemoteError, match=r"rejects the API key.*wandb login") as caught:
            await backend.ask(1, 1, ())
        assert caught.value.lasting
        await until(lambda: served.said)  # the other agent's heartbeat, while nobody asks
        await backend.close()

    play(scene())
    (said,) = served.said
    assert isinstance(said, SweepChanged)
    assert said.state is SweepState.FAILED
    assert "rejects the API key" in said.cause


def test_a_deleted_sweep_is_one_lasting_sentence(
    fake_wandb_server: FakeWandbServer, serve: Serve
) -> None:
    served = serve(RANDOM)

    async def scene() -> None:
        backend = served.backend()
        await begun(backend)
        fake_wandb_server.delete_sweep(served.sweep.id)
        with pytest.raises(RemoteError) as caught:
            await backend.ask(0, 1, ())
        assert caught.value.lasting
        assert "\n" not in str(caught.value)
        await until(lambda: served.said)
        await backend.close()

    play(scene())
    assert isinstance(served.said[0], SweepChanged)
    assert served.said[0].state is SweepState.FAILED
