"""The best value so far, for every view of it, and which of many points are shown."""

import math
from itertools import pairwise

import pytest

from wandb_magic.analysis._downsample import downsample
from wandb_magic.analysis.ranking import best_so_far, improvement_curve
from wandb_magic.records import Metric

VALUES = [None, 3.0, None, 2.0, math.nan, 5.0, -math.inf, math.inf, 1.0]


def test_the_best_so_far_only_gets_better() -> None:
    assert best_so_far(VALUES, maximize=False) == [None, 3, 3, 2, 2, 2, 2, 2, 1]
    assert best_so_far(VALUES, maximize=True) == [None, 3, 3, 3, 3, 5, 5, 5, 5]
    assert best_so_far([None, math.nan], maximize=True) == [None, None]
    assert best_so_far([], maximize=True) == []


def test_a_small_curve_has_the_runs_with_a_value() -> None:
    assert improvement_curve([None, 3.0, None, 4.0, 2.0], Metric("loss", maximize=False)) == [
        *(3, 3, 2)
    ]
    assert improvement_curve([None], Metric("loss", maximize=False)) == []
    assert improvement_curve([1.0], None) == []


@pytest.mark.parametrize("most", [0, 1, 2, 3, 60, 99, 100, 101])
def test_of_many_the_first_and_the_last_are_kept_and_some_between(most: int) -> None:
    kept = downsample(range(100), most)
    assert len(kept) == min(most, 100)
    assert kept == sorted(set(kept))
    assert kept[-1:] == [99][:most]
    if most > 1:
        assert kept[0] == 0
        gaps = {after - before for before, after in pairwise(kept)}
        assert max(gaps) - min(gaps) <= 1
