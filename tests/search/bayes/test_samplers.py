import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import skew

from wandb_magic.search.bayes.samplers import transform_values


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_the_order_of_values_stays(values: list[float]) -> None:
    after = [value for _, value in transform_values([({}, value) for value in values])]
    assert np.isfinite(np.array(after, dtype=float)).all()
    by_value = np.array(after)[np.argsort(values)]
    assert (np.diff(by_value) >= -1e-9 * max(1, np.abs(by_value).max())).all()


def test_values_become_normal_and_runs_in_flight_stay_without_one() -> None:
    values = [*np.exp(np.random.default_rng(0).normal(size=100)), None]
    after = [value for _, value in transform_values([({}, value) for value in values])]
    assert after[-1] is None
    assert abs(skew(after[:-1])) < 0.5


def test_one_diverged_run_does_not_hide_the_others() -> None:
    losses = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 1e30]
    after = [value or 0.0 for _, value in transform_values([({}, value) for value in losses])]
    assert after[1] - after[0] > 0.1 * (after[-1] - after[0])
