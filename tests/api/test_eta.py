"""How long a sweep will still take: without jumps, with parallel agents, and with an interval."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wandb_magic.api._eta import Progress, estimate

DURATIONS = st.lists(st.floats(0.1, 1e5), min_size=1, max_size=20)


def seconds(**keys: object) -> float:
    given_keys: dict[str, object] = {"durations": [10.0], "ages": [], "left": 0, "agents": 1}
    eta = estimate(Progress(**{**given_keys, **keys}))  # type: ignore[arg-type] # as given
    assert eta is not None
    assert 0 <= eta.low <= eta.seconds <= eta.high
    return eta.seconds


def test_runs_are_scheduled_on_the_agents() -> None:
    assert seconds(left=6) == 60
    assert seconds(left=6, agents=2) == 30
    assert seconds(left=5, agents=2) == 30, "one agent has three runs"
    assert seconds(left=6, agents=4, ages=[5, 5, 5, 5]) == 25
    assert seconds(left=0, agents=4, ages=[0, 9]) == 10
    assert seconds(left=6, gap=5.0) == 90
    assert seconds(left=20_000, agents=4) == pytest.approx(50_000)


def test_nothing_is_known_before_the_first_end_unless_there_is_a_limit() -> None:
    assert estimate(Progress([], [3.0], 9, 1)) is None
    assert estimate(Progress([5.0], [3.0], None, 1)) is None
    limited = estimate(Progress([], [], 9, 1, time_left=100.0))
    assert limited is not None
    assert (limited.low, limited.seconds, limited.high) == (0.0, 100.0, 100.0)
    assert seconds(left=100, time_left=100.0) == 105, "active runs may finish"
    assert seconds(left=2, time_left=100.0) == 20
    assert seconds(left=None, time_left=100.0) == 105


@settings(deadline=None)
@given(DURATIONS, st.integers(1, 50), st.integers(1, 8), st.floats(0, 2e5))
def test_it_falls_smoothly_while_a_run_goes_on(
    durations: list[float], left: int, agents: int, age: float
) -> None:
    """A second may change it by what a second is worth, however long the run takes already."""
    ages = [age] * agents
    later = [each + 1 for each in ages]
    common = {"durations": durations, "left": left, "agents": agents}
    before, after = seconds(ages=ages, **common), seconds(ages=later, **common)
    share = agents / (len(durations) + agents)
    assert before - 1 - 1e-6 * before <= after
    mean_rises = share * (left / agents + 2)
    crossing = 0.0
    if age <= sum(durations) / len(durations) < age + 1:
        crossing = left / agents + 2
    assert after <= before + mean_rises + crossing + 1e-6 * before + 1


@settings(deadline=None)
@given(DURATIONS, st.integers(0, 50), st.integers(1, 8))
def test_more_agents_are_never_slower(durations: list[float], left: int, agents: int) -> None:
    one = seconds(durations=durations, left=left, agents=agents)
    more = seconds(durations=durations, left=left, agents=agents + 1)
    assert more <= one * (1 + 1e-9)


def test_the_interval_holds_what_comes() -> None:
    draw = random.Random(1)
    hits = 0
    for _ in range(200):
        durations = [draw.lognormvariate(3, 0.6) for _ in range(50)]
        eta = estimate(Progress(durations[:10], [], 40, 1))
        assert eta is not None
        hits += eta.low <= sum(durations[10:]) <= eta.high
    assert hits > 150
