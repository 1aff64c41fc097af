"""The agent protocol against a server of the tests: what is said on either side arrives, once."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from loopback.server import Loopback
from wandb_magic.backends import EndRun, OnlineBackend, Proposal, SweepChanged, Trouble
from wandb_magic.errors import RemoteError
from wandb_magic.records import RunId, RunRecord, RunState, SweepState

RANDOM = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}
HYPERBAND = {**RANDOM, "early_terminate": {"type": "hyperband", "min_iter": 2}}
PATIENCE_S = 30

Serve = Callable[..., Any]
_Result = TypeVar("_Result")


def play(scene: Coroutine[Any, Any, _Result]) -> _Result:
    """Play a scene in a loop of its own."""

    async def timed() -> _Result:
        return await asyncio.wait_for(scene, PATIENCE_S)

    return asyncio.run(timed())


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - it waits for another thread
        await asyncio.sleep(0.02)


def record(proposal: Proposal, number: int = 0, agent: int = 0) -> RunRecord:
    assert proposal.run is not None
    return RunRecord(
        id=proposal.run,
        number=number,
        attempt=0,
        agent=agent,
        params=proposal.params,
        state=RunState.RUNNING,
        created=0.0,
    )


async def begun(backend: OnlineBackend, number: int = 0, agent: int = 0) -> RunRecord:
    """Ask for a run and begin it."""
    proposal = await backend.ask(agent, number, ())
    assert proposal is not None
    run = record(proposal, number, agent)
    backend.told(run)
    return run


def ended(run: RunRecord) -> RunRecord:
    return replace(run, state=RunState.FINISHED)


# The page


def test_what_is_done_on_the_sweeps_page_is_heard(loopback: Loopback, serve: Serve) -> None:
    served = serve(RANDOM)
    sweep, said = served.sweep.id, served.said

    async def scene() -> None:
        backend = served.backend()
        await begun(backend)
        await until(lambda: loopback.count("Sweep"))
        assert said == []
        loopback.pause_sweep(sweep)
        await until(lambda: said == [SweepChanged(SweepState.PAUSED, "paused at W&B")])
        loopback.resume_sweep(sweep)
        await until(lambda: said[1:] == [SweepChanged(SweepState.RUNNING, "")])
        loopback.finish_sweep(sweep)
        await until(lambda: said[2:] == [SweepChanged(SweepState.FINISHED, "finished at W&B")])
        assert await backend.ask(1, 1, ()) is None
        await backend.close()

    play(scene())


def test_a_cancelled_sweep_is_no_finished_one(loopback: Loopback, serve: Serve) -> None:
    served = serve(RANDOM)

    async def scene() -> None:
        backend = served.backend()
        run = await begun(backend)
        loopback.cancel_sweep(served.sweep.id)
        assert await backend.ask(1, 1, ()) is None
        assert SweepChanged(SweepState.STOPPING, "cancelled at W&B") in served.said
        await until(lambda: EndRun(run.id, RunState.STOPPED, "stopped at W&B") in served.said)
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
    loopback: Loopback, serve: Serve, config: Any, state: RunState, cause: str
) -> None:
    served = serve(config)

    async def scene() -> None:
        backend = served.backend()
        first, _second = await begun(backend), await begun(backend, 1, agent=1)
        loopback.stop_run(first.id)
        await until(lambda: served.said == [EndRun(first.id, state, cause)])
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
    loopback: Loopback, serve: Serve, state: SweepState, *, drain: bool, word: str
) -> None:
    served = serve(RANDOM)
    sweep = loopback.sweeps[served.sweep.id]

    async def scene() -> None:
        backend = served.backend()
        run = await begun(backend)
        backend.changed(state, drain=drain)
        await until(lambda: sweep.state == word)
        beats = loopback.count("Sweep")
        await until(lambda: loopback.count("Sweep") > beats + 1)  # it is no news to us
        assert [each for each in served.said if isinstance(each, SweepChanged)] == []
        backend.told(ended(run))
        backend.changed(SweepState.RUNNING)
        # The agent is not sent home by a server that has not heard of it yet.
        assert await backend.ask(0, 1, ()) is not None
        assert sweep.state == "RUNNING"
        await backend.close()

    play(scene())


def test_the_last_word_on_a_sweep_arrives_before_the_supervisor_leaves(
    loopback: Loopback, serve: Serve
) -> None:
    served = serve(RANDOM)

    async def scene() -> None:
        backend = served.backend()
        loopback.fault("status", "UpsertSweep", times=2)
        backend.changed(SweepState.STOPPING)
        await backend.close()

    play(scene())
    assert loopback.sweeps[served.sweep.id].state == "CANCELED"


def test_the_last_word_on_a_sweep_does_not_wait_for_ever(
    loopback: Loopback, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wandb_magic.backends.online.CLOSING_S", 0.3)
    served = serve(RANDOM)

    async def scene() -> None:
        backend = served.backend()
        with loopback.refusing():
            backend.changed(SweepState.STOPPING)
            await backend.close()

    play(scene())
    assert isinstance(served.said[-1], Trouble)
    assert "CANCELED" in served.said[-1].text


def test_an_attached_sweep_is_not_ours_to_change(loopback: Loopback, serve: Serve) -> None:
    served = serve(RANDOM, attached=True)

    async def scene() -> None:
        backend = served.backend()
        await begun(backend)
        for state in (SweepState.PAUSED, SweepState.RUNNING, SweepState.STOPPING):
            backend.changed(state)
        looks = loopback.count("Sweep")
        await until(lambda: loopback.count("Sweep") > looks + 1)
        await backend.close()

    play(scene())
    assert loopback.sweeps[served.sweep.id].state == "RUNNING"
    assert loopback.count("UpsertSweep") == 0
    assert served.said == []


# Outages


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


def test_an_answer_that_is_lost_gives_the_same_run_once(loopback: Loopback, serve: Serve) -> None:
    served = serve(RANDOM)

    async def scene() -> list[RunRecord]:
        backend = served.backend()
        loopback.fault("lost", "Heartbeat", times=1)
        runs = [await begun(backend)]
        backend.told(ended(runs[0]))
        loopback.fault("lost", "Heartbeat", times=1)
        runs.append(await begun(backend, 1))
        await backend.close()
        return runs

    first, second = play(scene())
    assert first.id != second.id
    assert set(loopback.sweeps[served.sweep.id].handed) == {first.id, second.id}


# What is handed out


def test_a_question_that_nobody_waits_for_loses_no_run(loopback: Loopback, serve: Serve) -> None:
    served = serve(RANDOM)
    sweep = loopback.sweeps[served.sweep.id]

    async def scene() -> None:
        backend = served.backend()
        loopback.fault("latency", "Heartbeat", seconds=0.3, times=1)
        asking = asyncio.create_task(backend.ask(0, 0, ()))
        await until(lambda: sweep.agents)
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        run = await begun(backend)
        assert list(sweep.handed) == [run.id]
        assert sweep.handed[run.id].times == 1
        await backend.close()

    play(scene())


def test_another_supervisor_goes_on_with_the_same_agents(loopback: Loopback, serve: Serve) -> None:
    served = serve(RANDOM)
    sweep = loopback.sweeps[served.sweep.id]

    async def first() -> tuple[RunRecord, Proposal]:
        backend = served.backend()
        run = await begun(backend)
        kept = await backend.ask(1, 1, ())  # and is killed before it begins
        assert kept is not None
        return run, kept

    async def second(run: RunRecord, kept: Proposal) -> None:
        backend = served.backend([run])
        assert await backend.ask(1, 1, ()) == kept
        backend.told(record(kept, 1, agent=1))
        loopback.stop_run(run.id)  # the first agent's, which goes on
        await until(lambda: served.said == [EndRun(run.id, RunState.STOPPED, "stopped at W&B")])
        await backend.close()

    async def third(run: RunRecord, kept: Proposal) -> None:
        backend = served.backend([ended(run), ended(record(kept, 1, agent=1))])
        another = await backend.ask(1, 2, ())
        assert another is not None
        assert another.run not in {run.id, kept.run}
        await backend.close()

    run, kept = play(first())
    play(second(run, kept))
    play(third(run, kept))
    assert len(sweep.agents) == 2
    assert len(sweep.handed) == 3
    assert all(each.times == 1 for each in sweep.handed.values())


def test_fewer_agents_than_before_lose_no_run(loopback: Loopback, serve: Serve) -> None:
    served = serve(RANDOM)
    sweep = loopback.sweeps[served.sweep.id]

    async def scene() -> None:
        backend = served.backend()
        kept = await backend.ask(1, 0, ())
        assert kept is not None
        assert await backend.ask(0, 0, ()) == kept
        backend.told(record(kept, agent=0))
        await until(lambda: sweep.handed[str(kept.run)].seen)
        own = await begun(backend, 1, agent=1)
        assert sorted(sweep.handed) == sorted([str(kept.run), own.id])
        await backend.close()

    play(scene())


def test_the_file_of_the_agents_holds_no_key(loopback: Loopback, serve: Serve) -> None:
    served = serve(RANDOM)

    async def scene() -> None:
        backend = served.backend()
        await begun(backend)
        await backend.close()

    play(scene())
    assert loopback.key not in served.agents.read_text()
    assert served.agents.stat().st_mode & 0o077 == 0


def test_commands_that_make_no_sense_do_no_harm(loopback: Loopback, serve: Serve) -> None:
    served = serve(RANDOM)
    order = {"type": "run", "run_id": "../../etc", "args": {"lr": {"value": 1}}}

    async def scene() -> None:
        backend = served.backend()
        run = await begun(backend)
        agent = loopback.sweeps[served.sweep.id].agents[0]
        again = {"type": "run", "run_id": run.id, "args": {"lr": {"value": 1}}}
        loopback.command(
            served.sweep.id, {"type": "dance"}, {"type": "run"}, order, again, agent=agent
        )
        await until(lambda: not loopback.agents[agent].pending)
        await until(lambda: served.said)
        backend.told(ended(run))
        another = await backend.ask(0, 1, ())
        assert another is not None
        assert another.run not in {"../../etc", run.id}
        await backend.close()

    play(scene())
    (said,) = served.said
    assert isinstance(said, Trouble)
    assert "is no id" in said.text


def test_a_run_that_the_server_wants_resumed_is_begun_again(
    loopback: Loopback, serve: Serve
) -> None:
    served = serve(RANDOM)

    async def scene() -> None:
        backend = served.backend()
        run = await begun(backend)
        order = {"type": "resume", "run_id": run.id, "args": {"lr": {"value": 0.5}}}
        backend.told(ended(run))
        loopback.command(served.sweep.id, order)
        assert await backend.ask(0, 1, ()) == Proposal({"lr": 0.5}, run.id)
        await backend.close()

    play(scene())


# What lasts


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


def test_it_leaves_no_thread_and_no_task(loopback: Loopback, serve: Serve) -> None:
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
