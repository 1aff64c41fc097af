"""The front and its hypervolume, compared with their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wandb_magic.analysis.hypervolume import (
    default_reference,
    hypervolume,
    hypervolumes,
    is_on_front,
)

# Few different values, so that ties and duplicates are frequent.
POINTS = st.integers(1, 4).flatmap(
    lambda columns: st.lists(
        st.lists(st.integers(0, 5).map(float), min_size=columns, max_size=columns),
        min_size=1,
        max_size=12,
    )
)


@given(POINTS)
def test_the_front_has_what_nothing_dominates(rows: list[list[float]]) -> None:
    points = np.array(rows)
    dominated = [
        any((other <= point).all() and (other < point).any() for other in points)
        for point in points
    ]
    assert is_on_front(points).tolist() == [not each for each in dominated]


@given(POINTS)
@settings(deadline=None)
def test_the_hypervolume_is_the_number_of_cells_that_are_dominated(
    rows: list[list[float]],
) -> None:
    points, reference = np.array(rows), np.full(len(rows[0]), 4.0)
    corners = np.stack(np.meshgrid(*[np.arange(4)] * len(reference)), -1).reshape(
        -1, len(reference)
    )
    cells = sum(bool((points <= corner).all(axis=1).any()) for corner in corners)
    assert hypervolume(points, reference) == pytest.approx(cells)


@given(POINTS)
@settings(deadline=None)
def test_it_never_falls(rows: list[list[float]]) -> None:
    points = np.array(rows)
    reference = default_reference(points)
    volumes = hypervolumes(points, reference)
    assert volumes == sorted(volumes)
    assert volumes[-1] == pytest.approx(hypervolume(points, reference))
    assert volumes[0] > 0


def test_nothing_is_better_than_a_reference_that_is_out_of_reach() -> None:
    assert hypervolume(np.array([[2.0, 2.0]]), np.array([1.0, 3.0])) == 0
