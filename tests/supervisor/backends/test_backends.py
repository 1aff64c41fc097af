"""What every backend promises, and what the offline one does about costly searches."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from wandb_magic.records import Params, RunId, RunRecord, RunState, Trial
from wandb_magic.search import make_searcher
from wandb_magic.spec import load
from wandb_magic.supervisor.backends import Backend, OfflineBackend, Suggestion
from wandb_magic.supervisor.backends.offline import RETRY_EVERY

GRID = load(
    {
        "method": "grid",
        "metric": {"name": "loss"},
        "parameters": {"lr": {"values": [1, 2]}},
        "early_terminate": {"type": "hyperband", "min_iter": 2, "eta": 2},
    }
)
COST_S = 0.03


class Costly:
    """A search that takes its time, unless it is asked for something cheap."""

    def __init__(self) -> None:
        self.cheap: list[bool] = []

    def ask(self, number: int, trials: Sequence[Trial], *, cheap: bool = False) -> Params:
        assert len(trials) == number
        self.cheap.append(cheap)
        if not cheap:
            time.sleep(COST_S)  # what it costs, not a wait
        return {"lr": number}


Make = Callable[[], Backend]


class BackendContract:
    """Inherited by the tests of each backend."""

    @pytest.fixture
    def make(self) -> Make:
        """Return what makes a backend of the sweep `GRID`, in a running loop."""
        raise NotImplementedError

    def test_it_answers_until_there_is_nothing_more(self, make: Make) -> None:
        async def ask() -> list[Params | None]:
            backend = make()
            found: list[Params | None] = []
            trials: list[Trial] = []
            for number in range(3):
                proposal = await backend.ask(0, number, trials)
                found.append(None if proposal is None else proposal.params)
                if proposal is not None:
                    trials.append(Trial(number, proposal.params, RunState.FINISHED))
                    backend.on_run_changed(ended(number, proposal))
            await backend.close()
            return found

        assert asyncio.run(ask()) == [{"lr": 1}, {"lr": 2}, None]

    def test_what_nobody_waited_for_is_answered_to_the_next_question(self, make: Make) -> None:
        async def ask() -> tuple[Params | None, Params | None]:
            backend = make()
            asking = asyncio.ensure_future(backend.ask(0, 0, ()))
            await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])
            first = await backend.ask(0, 0, ())
            assert first is not None
            backend.on_run_changed(ended(0, first))
            second = await backend.ask(0, 1, [Trial(0, first.params, RunState.FINISHED)])
            assert second is not None
            await backend.close()
            return first.params, second.params

        assert asyncio.run(ask()) == ({"lr": 1}, {"lr": 2})

    def test_it_never_blocks_the_loop(self, make: Make) -> None:
        async def turns_meanwhile() -> int:
            backend = make()
            asking = asyncio.create_task(backend.ask(0, 0, ()))
            turns = 0
            while not asking.done():
                turns += 1
                await asyncio.sleep(0)
            await backend.close()
            return turns

        assert asyncio.run(turns_meanwhile()) > 1


def ended(number: int, proposal: Suggestion) -> RunRecord:
    return RunRecord(
        id=proposal.run or RunId(f"run{number:05}"),
        number=number,
        attempt=0,
        agent=0,
        params=proposal.params,
        state=RunState.FINISHED,
        created=0.0,
        started=0.0,
        ended=1.0,
    )


class TestOffline(BackendContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda: OfflineBackend(GRID, make_searcher(GRID, seed=0))

    def test_it_ends_poor_runs_only(self, make: Make) -> None:
        backend = make()
        good = Trial(0, {"lr": 1}, RunState.RUNNING, 0.1, (0.1, 0.1))
        poor = Trial(1, {"lr": 2}, RunState.RUNNING, 0.9, (0.9, 0.9))
        third = Trial(2, {"lr": 2}, RunState.FINISHED, 0.2, (0.2, 0.2))
        assert backend.runs_to_prune([good, poor, third]) == {1}
        assert backend.runs_to_prune([good]) == frozenset()
        asyncio.run(backend.close())


class TestOnline(BackendContract):
    @pytest.fixture
    def make(self, serve: Callable[..., Any]) -> Make:
        make: Make = serve(GRID.to_dict()).backend
        return make


def answers(durations: float, count: int) -> list[bool]:
    searcher = Costly()
    backend = OfflineBackend(GRID, searcher)

    async def ask() -> None:
        for number in range(count):
            trials = [Trial(each, {}, RunState.FINISHED) for each in range(number)]
            proposal = await backend.ask(0, number, trials)
            assert proposal is not None
            backend.on_run_changed(replace(ended(number, proposal), ended=durations))
        await backend.close()

    asyncio.run(ask())
    return searcher.cheap


@pytest.mark.parametrize(("duration", "cheap"), [(COST_S / 10, True), (COST_S * 100, False)])
def test_where_runs_are_shorter_than_its_step_the_search_yields(
    duration: float, *, cheap: bool
) -> None:
    assert answers(duration, 4) == [False, cheap, cheap, cheap]


def test_the_costly_search_is_tried_again_now_and_then() -> None:
    made = answers(COST_S / 10, RETRY_EVERY + 3)
    assert made.count(False) == 2
    assert made[RETRY_EVERY + 1] is False
