import re
from xml.etree import ElementTree as ET

import pytest

from wandb_magic.display.sparkline import HEIGHT, MAX_POINTS, WIDTH, svg


@pytest.mark.parametrize(
    "values",
    [[1.0, 2.0], [5.0] * 7, [-1e308, 1e308], [1e-320, 2e-320], [float(n) for n in range(10_001)]],
    ids=["two", "flat", "huge", "tiny", "many"],
)
def test_the_curve_stays_in_its_frame(values: list[float]) -> None:
    drawn = svg(values)
    ET.fromstring(drawn)
    (path,) = re.findall(r'points="([^"]+)"', drawn)
    points = [tuple(map(float, point.split(","))) for point in path.split()]
    assert 2 <= len(points) <= MAX_POINTS
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert [x for x, _ in points] == sorted(x for x, _ in points)


def test_one_value_is_no_curve() -> None:
    assert svg([]) == svg([1.0]) == ""


def test_up_is_more() -> None:
    drawn = svg([0.0, 1.0])
    assert '3.0,33.0 237.0,3.0"' in drawn
