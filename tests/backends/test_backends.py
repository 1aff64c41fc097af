"""What every backend promises, and what the offline one does about costly searches."""

import asyncio
import time
from collections.abc import Iterator, Sequence

import pytest

from wandb_magic.backends import Backend, OfflineBackend
from wandb_magic.backends.offline import RETRY_EVERY
from wandb_magic.records import Params, RunState, Trial
from wandb_magic.search import make_searcher
from wandb_magic.spec import load

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


class BackendContract:
    """Inherited by the tests of each backend."""

    @pytest.fixture
    def backend(self) -> Iterator[Backend]:
        raise NotImplementedError

    def test_it_answers_until_there_is_nothing_more(self, backend: Backend) -> None:
        async def ask() -> list[Params | None]:
            return [await backend.ask(number, ()) for number in range(3)]

        assert asyncio.run(ask()) == [{"lr": 1}, {"lr": 2}, None]

    def test_it_never_blocks_the_loop(self, backend: Backend) -> None:
        async def turns_meanwhile() -> int:
            asking = asyncio.create_task(backend.ask(0, ()))
            turns = 0
            while not asking.done():
                turns += 1
                await asyncio.sleep(0)
            return turns

        assert asyncio.run(turns_meanwhile()) > 1

    def test_it_ends_poor_runs_only(self, backend: Backend) -> None:
        good = Trial(0, {"lr": 1}, RunState.RUNNING, 0.1, (0.1, 0.1))
        poor = Trial(1, {"lr": 2}, RunState.RUNNING, 0.9, (0.9, 0.9))
        third = Trial(2, {"lr": 2}, RunState.FINISHED, 0.2, (0.2, 0.2))
        assert backend.stoppable([good, poor, third]) == {1}
        assert backend.stoppable([good]) == frozenset()


class TestOffline(BackendContract):
    @pytest.fixture
    def backend(self) -> Iterator[Backend]:
        backend = OfflineBackend(GRID, make_searcher(GRID, seed=0))
        yield backend
        backend.close()


def answers(durations: float, count: int) -> list[bool]:
    searcher = Costly()
    backend = OfflineBackend(GRID, searcher)

    async def ask() -> None:
        for number in range(count):
            trials = [Trial(each, {}, RunState.FINISHED) for each in range(number)]
            await backend.ask(number, trials)
            backend.told(durations)

    asyncio.run(ask())
    backend.close()
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
