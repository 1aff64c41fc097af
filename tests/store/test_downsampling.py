import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wandb_magic.store.downsampling import BUCKETS, MinMaxBuckets


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 700), min_size=1, max_size=12), seed=st.integers(0, 99))
def test_every_bucket_holds_the_extremes_of_its_points(sizes: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(size=sum(sizes))
    values[random.random(len(values)) < 0.3] = math.nan
    values[random.random(len(values)) < 0.01] = math.inf
    steps = np.cumsum(random.integers(1, 5, len(values)))
    detail = MinMaxBuckets()
    begin = 0
    for size in sizes:
        part = slice(begin, begin + size)
        detail.add(steps[part].tolist(), values[part].tolist())
        begin += size
    assert len(detail.lows) <= BUCKETS
    assert detail.count == len(values)
    assert detail.width == 1 or len(values) > BUCKETS * detail.width // 2
    starts = np.arange(0, len(values), detail.width)
    assert detail.steps == steps[starts].tolist()
    np.testing.assert_array_equal(detail.lows, np.fmin.reduceat(values, starts))
    np.testing.assert_array_equal(detail.highs, np.fmax.reduceat(values, starts))
