"""Repeats: which sets of parameters run again, and what the search sees of them."""

import math
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wandb_magic.records import RunState, Trial
from wandb_magic.search.repeats import by_group, due_repeats, merge_repeats, worse_groups
from wandb_magic.spec import Spec, load

FINISHED = RunState.FINISHED


def spec(**keys: Any) -> Spec:  # noqa: ANN401 - keys of a config
    return load(
        {
            "method": "random",
            "metric": {"name": "m", "goal": "minimize"},
            "parameters": {"a": {"min": 0.0, "max": 1.0}},
            **keys,
        }
    )


def sets(*values: Sequence[float | None], state: RunState = FINISHED) -> list[Trial]:
    """Return runs: each sequence has the values of one set of parameters."""
    trials: list[Trial] = []
    for each in values:
        first = len(trials)
        for repeat, value in enumerate(each):
            trials.append(
                Trial(
                    len(trials),
                    {"a": first / 100},
                    state,
                    value,
                    repeat_of=first if repeat else None,
                )
            )
    return trials


def due(trials: list[Trial], repeat: int = 3, **keys: Any) -> list[int]:  # noqa: ANN401 - as above
    return [trial.number for trial in due_repeats(trials, spec(**keys), repeat)]


NOISY = [1.0, 1.2, 0.8]
"""The best set: its mean is 1, with a standard deviation of 0.2."""


def test_a_set_is_repeated_once_its_first_run_has_finished() -> None:
    assert due(sets([1.0], [2.0])) == [0, 1], "nothing is known of the noise yet"
    assert due(sets([1.0], [2.0]), repeat=1) == []
    assert due(sets([1.0, 1.1], NOISY)) == [0]
    for state in set(RunState) - {FINISHED}:
        assert due(sets([1.0], state=state)) == [], state
    assert due(sets([None])) == [], "there is nothing to take the mean of"
    assert due(sets([None]), metric=None) == [0]


def test_a_set_that_is_plainly_worse_is_given_up() -> None:
    trials = sets(NOISY, [1.3], [9.0], [1.1, 9.0])
    # t(2, 95 %) = 2.92, and the standard error of the difference 0.2 * sqrt(1 + 1/3) = 0.23
    assert due(sets(NOISY, [1.0 + 0.67])) == [3]
    assert due(sets(NOISY, [1.0 + 0.68])) == []
    noisy = sets(NOISY, [1.3], [9.0])
    assert due(noisy) == [3]
    assert due(trials) == [3, 4, 5], "9.0 may be noise now that a repeat shows so much of it"
    assert due(
        sets([-each for each in NOISY], [-1.3], [-9.0]), metric={"name": "m", "goal": "maximize"}
    ) == [3]
    assert due(noisy, method="grid", parameters={"a": {"values": [0, 1]}}) == [3, 4]
    assert due(noisy, constraints=["memory <= 1"]) == [3, 4]
    assert due(sets([1.0, 1.0, 1.0], [1.0], [1.1])) == [3], "without noise, worse is worse"


@pytest.mark.parametrize("odd", [1.7e308, -1.7e308, 1e200, 5e-324])
def test_values_at_the_ends_of_all_floats_break_nothing(odd: float) -> None:
    trials = sets([odd, -odd, odd], [odd, odd], [1.0], NOISY, [odd])
    due(trials)
    groups = by_group(trials)
    merged = merge_repeats(trials, {group: place for place, group in enumerate(groups)})
    assert [each.number for each in merged] == [0, 1, 2, 3, 4]


VALUES = st.lists(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=4), min_size=1, max_size=8)


@settings(deadline=None)
@given(VALUES)
def test_the_best_repeated_set_never_loses(values: list[list[float]]) -> None:
    trials = sets(*values)
    groups = by_group(trials)
    worse = worse_groups(groups, spec())
    several = [group for group, members in groups.items() if len(members) > 1]
    if not several:
        assert not worse
        return
    means = {group: sum(t.value or 0 for t in each) / len(each) for group, each in groups.items()}
    assert min(several, key=means.__getitem__) not in worse
    assert not {group for group in worse if means[group] < min(means[g] for g in several)}


@settings(deadline=None)
@given(VALUES, st.integers(0, 9))
def test_the_search_sees_each_set_once_near_its_mean(
    values: list[list[float]], shift: int
) -> None:
    trials = sets(*values)
    groups = by_group(trials)
    merged = merge_repeats(trials, {group: at + shift for at, group in enumerate(groups)})
    assert [each.number for each in merged] == list(range(shift, shift + len(values)))
    means = [sum(each) / len(each) for each in values]
    center = sum(means) / len(means)
    for mean, trial in zip(means, merged, strict=True):
        low, high = sorted((mean, center))
        margin = 1e-9 * max(1, abs(mean), abs(center))
        assert trial.value is not None
        assert low - margin <= trial.value <= high + margin
        assert (trial.state, trial.repeat_of) == (FINISHED, None)


def test_a_lucky_run_counts_less_than_the_mean_of_several() -> None:
    trials = sets([0.5], [0.5, 0.5, 0.5], [1.0, 1.6], [1.5, 2.5], [2.0])
    groups = by_group(trials)
    lucky, steady, *_ = merge_repeats(trials, {group: group for group in groups})
    assert lucky.value is not None
    assert steady.value is not None
    assert 0.5 < steady.value < lucky.value


def test_what_runs_and_what_failed_stays_what_it_is() -> None:
    running = Trial(0, {"a": 0}, RunState.RUNNING, 1.0)
    failed = Trial(1, {"a": 0}, RunState.FAILED, None, repeat_of=0)
    (merged,) = merge_repeats([running, failed], {0: 7})
    assert (merged.number, merged.state) == (7, RunState.RUNNING)
    finished = Trial(2, {"a": 0}, FINISHED, 3.0, results={"m": 3.0, "k": 1.0}, repeat_of=0)
    more = Trial(3, {"a": 0}, FINISHED, 5.0, results={"m": 5.0}, repeat_of=0)
    (merged,) = merge_repeats([running, failed, finished, more], {0: 7})
    assert (merged.state, merged.value, merged.results) == (FINISHED, 4.0, {"m": 4.0})


def test_the_race_saves_runs_and_finds_the_best() -> None:
    """Ten sets, the best of them by 1 with a noise of 0.2: bad ones have hardly a repeat."""
    draw = random.Random(3)
    trials: list[Trial] = []

    def add(first: int | None, level: float) -> None:
        value = level + draw.gauss(0, 0.2)
        trials.append(Trial(len(trials), {"a": level}, FINISHED, value, repeat_of=first))

    for level in [3.0, 1.0, 5.0, 2.0, 4.0, 6.0, 8.0, 7.0, 9.0, 10.0]:
        add(None, level)
        while left := due_repeats(trials, spec(), 5):
            add(left[0].number, left[0].params["a"])
    sizes = {members[0].params["a"]: len(members) for members in by_group(trials).values()}
    assert sizes[1.0] == 5
    assert sum(sizes.values()) < 25
    assert all(math.isfinite(trial.value or 0) for trial in trials)
