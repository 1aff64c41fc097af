"""An online backend and a server in trouble: an outage is waited for, what lasts is said."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from loopback.server import Loopback
from wandb_magic.backends import SweepChanged, Trouble
from wandb_magic.errors import RemoteError
from wandb_magic.records import RunId, SweepState

from .scenes import RANDOM, Serve, begun, ended, play, record, until


def refuse(server: Loopback) -> Callable[[], None]:
    server.close()
    return server.open


def fault(kind: Any, **more: Any) -> Callable[[Loopback], Callable[[], None]]:
    def begin(server: Loopback) -> Callable[[], None]:
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
    loopback: Loopback,
    serve: Serve,
    outage: Callable[[Loopback], Callable[[], None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wandb_magic.remote.client.ANSWER_S", 0.3)
    served = serve(RANDOM)
    sweep = loopback.sweeps[served.sweep.id]

    async def scene() -> set[RunId]:
        backend = served.backend()
        # At the start, where the agent is not known yet, and then in the middle.
        runs = []
        for number in range(3):
            heal = outage(loopback)
            asking = asyncio.create_task(backend.ask(0, number, ()))
            await until(lambda: any(isinstance(each, Trouble) for each in served.said))
            assert not asking.done()
            served.said.clear()
            heal()
            proposal = await asking
            assert proposal is not None
            runs.append(record(proposal, number))
            backend.told(runs[-1])
            await until(lambda: sweep.handed[runs[-1].id].seen)
            backend.told(ended(runs[-1]))
        await backend.close()
        return {run.id for run in runs}

    runs = play(scene())
    assert len(runs) == 3
    assert set(sweep.handed) == runs, "none was handed out and lost"


def test_a_rejected_key_is_one_lasting_sentence(loopback: Loopback, serve: Serve) -> None:
    served = serve(RANDOM)

    async def scene() -> None:
        backend = served.backend()
        await begun(backend)
        loopback.reject_keys()
        began = time.monotonic()
        with pytest.raises(RemoteError, match=r"rejects the API key.*wandb login") as caught:
            await backend.ask(1, 1, ())
        assert caught.value.lasting
        await until(lambda: served.said)  # the other agent's heartbeat, while nobody asks
        assert time.monotonic() - began < 5
        await backend.close()

    play(scene())
    (said,) = served.said
    assert isinstance(said, SweepChanged)
    assert said.state is SweepState.FAILED
    assert "rejects the API key" in said.cause


def test_a_deleted_sweep_is_one_lasting_sentence(loopback: Loopback, serve: Serve) -> None:
    served = serve(RANDOM)

    async def scene() -> None:
        backend = served.backend()
        await begun(backend)
        loopback.delete_sweep(served.sweep.id)
        with pytest.raises(RemoteError) as caught:
            await backend.ask(0, 1, ())
        assert caught.value.lasting
        assert "\n" not in str(caught.value)
        await until(lambda: served.said)
        await backend.close()

    play(scene())
    assert isinstance(served.said[0], SweepChanged)
    assert served.said[0].state is SweepState.FAILED
