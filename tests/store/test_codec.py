import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from wandb_magic.store import codec

STEPS = st.lists(st.integers(-(2**62), 2**62 - 1), min_size=1, max_size=600)
EVEN = st.builds(
    lambda first, stride, count: [first + n * stride for n in range(count)],
    st.integers(0, 10**9),
    st.integers(-3, 1000),
    st.integers(1, 600),
)


@settings(deadline=None, max_examples=50)
@given(st.one_of(STEPS, EVEN))
def test_steps_survive(steps: list[int]) -> None:
    assert list(codec.unpack_steps(codec.pack_steps(steps), len(steps))) == steps


@settings(deadline=None, max_examples=50)
@given(EVEN)
def test_even_steps_need_no_blob(steps: list[int]) -> None:
    assert codec.pack_steps(steps).blob is None


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0, 4e9), min_size=1))
def test_times_survive_to_the_millisecond(times: list[float]) -> None:
    found = codec.unpack_times(codec.pack_times(times))
    assert all(abs(a - b) <= 0.000501 for a, b in zip(found, times, strict=True))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(), min_size=1, max_size=600))
def test_values_survive_bit_by_bit(values: list[float]) -> None:
    found = codec.unpack_values(codec.pack_values(values), len(values))
    assert found.tobytes() == struct.pack(f"{len(values)}d", *values)


def test_what_repeats_is_small() -> None:
    assert len(codec.pack_values([0.001] * 500)) < 100
