"""What the server hands out is neither lost nor begun twice, whatever happens between."""

import asyncio

from fake_wandb_server.server import FakeWandbServer
from wandb_magic.records import RunRecord, RunState
from wandb_magic.supervisor.backends import BackendNotice, StopRun, Suggestion

from .fakes import RANDOM, Serve, begun, ended, play, record, until


def test_an_answer_that_is_lost_gives_the_same_run_once(
    fake_wandb_server: FakeWandbServer, serve: Serve
) -> None:
    served = serve(RANDOM)

    async def scene() -> list[RunRecord]:
        backend = served.backend()
        fake_wandb_server.fault("lost", "Heartbeat", times=1)
        runs = [await begun(backend)]
        backend.on_run_changed(ended(runs[0]))
        fake_wandb_server.fault("lost", "Heartbeat", times=1)
        runs.append(await begun(backend, 1))
        await backend.close()
        return runs

    first, second = play(scene())
    assert first.id != second.id
    assert set(fake_wandb_server.sweeps[served.sweep.id].assignments) == {first.id, second.id}


# What is handed out


def test_a_question_that_nobody_waits_for_loses_no_run(
    fake_wandb_server: FakeWandbServer, serve: Serve
) -> None:
    served = serve(RANDOM)
    sweep = fake_wandb_server.sweeps[served.sweep.id]

    async def scene() -> None:
        backend = served.backend()
        fake_wandb_server.fault("latency", "Heartbeat", seconds=0.3, times=1)
        asking = asyncio.create_task(backend.ask(0, 0, ()))
        await until(lambda: sweep.agents)
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        run = await begun(backend)
        assert list(sweep.assignments) == [run.id]
        assert sweep.assignments[run.id].times == 1
        await backend.close()

    play(scene())


def test_another_supervisor_goes_on_with_the_same_agents(
    fake_wandb_server: FakeWandbServer, serve: Serve
) -> None:
    served = serve(RANDOM)
    sweep = fake_wandb_server.sweeps[served.sweep.id]

    async def first() -> tuple[RunRecord, Suggestion]:
        backend = served.backend()
        run = await begun(backend)
        kept = await backend.ask(1, 1, ())  # and is killed before it begins
        assert kept is not None
        return run, kept

    async def second(run: RunRecord, kept: Suggestion) -> None:
        backend = served.backend([run])
        assert await backend.ask(1, 1, ()) == kept
        backend.on_run_changed(record(kept, 1, agent=1))
        fake_wandb_server.stop_run(run.id)  # the first agent's, which goes on
        await until(lambda: served.said == [StopRun(run.id, RunState.STOPPED, "stopped at W&B")])
        await backend.close()

    async def third(run: RunRecord, kept: Suggestion) -> None:
        backend = served.backend([ended(run), ended(record(kept, 1, agent=1))])
        another = await backend.ask(1, 2, ())
        assert another is not None
        assert another.run not in {run.id, kept.run}
        await backend.close()

    run, kept = play(first())
    play(second(run, kept))
    play(third(run, kept))
    assert len(sweep.agents) == 2
    assert len(sweep.assignments) == 3
    assert all(each.times == 1 for each in sweep.assignments.values())


def test_fewer_agents_than_before_lose_no_run(
    fake_wandb_server: FakeWandbServer, serve: Serve
) -> None:
    served = serve(RANDOM)
    sweep = fake_wandb_server.sweeps[served.sweep.id]

    async def scene() -> None:
        backend = served.backend()
        kept = await backend.ask(1, 0, ())
        assert kept is not None
        assert await backend.ask(0, 0, ()) == kept
        backend.on_run_changed(record(kept, agent=0))
        await until(lambda: sweep.assignments[str(kept.run)].seen)
        own = await begun(backend, 1, agent=1)
        assert sorted(sweep.assignments) == sorted([str(kept.run), own.id])
        await backend.close()

    play(scene())


def test_the_file_of_the_agents_holds_no_key(
    fake_wandb_server: FakeWandbServer, serve: Serve
) -> None:
    served = serve(RANDOM)

    async def scene() -> None:
        backend = served.backend()
        await begun(backend)
        await backend.close()

    play(scene())
    assert fake_wandb_server.key not in served.agents.read_text()
    assert served.agents.stat().st_mode & 0o077 == 0


def test_commands_that_make_no_sense_do_no_harm(
    fake_wandb_server: FakeWandbServer, serve: Serve
) -> None:
    served = serve(RANDOM)
    order = {"type": "run", "run_id": "../../etc", "args": {"lr": {"value": 1}}}

    async def scene() -> None:
        backend = served.backend()
        run = await begun(backend)
        agent = fake_wandb_server.sweeps[served.sweep.id].agents[0]
        again = {"type": "run", "run_id": run.id, "args": {"lr": {"value": 1}}}
        fake_wandb_server.command(
            served.sweep.id, {"type": "dance"}, {"type": "run"}, order, again, agent=agent
        )
        await until(lambda: not fake_wandb_server.agents[agent].pending)
        await until(lambda: served.said)
        backend.on_run_changed(ended(run))
        another = await backend.ask(0, 1, ())
        assert another is not None
        assert another.run not in {"../../etc", run.id}
        await backend.close()

    play(scene())
    (said,) = served.said
    assert isinstance(said, BackendNotice)
    assert "invalid id" in said.text


def test_a_run_that_the_server_wants_resumed_is_begun_again(
    fake_wandb_server: FakeWandbServer, serve: Serve
) -> None:
    served = serve(RANDOM)

    async def scene() -> None:
        backend = served.backend()
        run = await begun(backend)
        order = {"type": "resume", "run_id": run.id, "args": {"lr": {"value": 0.5}}}
        backend.on_run_changed(ended(run))
        fake_wandb_server.command(served.sweep.id, order)
        assert await backend.ask(0, 1, ()) == Suggestion({"lr": 0.5}, run.id)
        await backend.close()

    play(scene())
