import math

import pytest

from wandb_magic.display import formatting


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "-"), (0.913449, "0.9134"), (1e-7, "1e-07"), (math.nan, "nan"), (-math.inf, "-inf")],
)
def test_numbers(value: float | None, said: str) -> None:
    assert formatting.number(value) == said


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (150 * 1024, "150 KiB"),
        (5 << 30, "5.0 GiB"),
        (5 << 50, "5242880 GiB"),
    ],
)
def test_sizes(octets: int, said: str) -> None:
    assert formatting.size(octets) == said


def test_texts_are_cut_on_one_line() -> None:
    assert formatting.truncate("a\n b\tc", 9) == "a b c"
    assert formatting.truncate("abcdef", 4) == "abc…"
