import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wandb_magic.errors import UnsupportedError
from wandb_magic.wandb_log.record_reader import BLOCK, RecordReader

Framed = Callable[[Iterable[bytes]], bytes]

# Sizes around a block's end matter most; a byte of content tells records apart.
SIZES = st.one_of(
    st.integers(0, 300),
    st.integers(BLOCK - 30, BLOCK + 30),
    st.integers(0, 4 * BLOCK),
)


def records_of(sizes: Iterable[int]) -> list[bytes]:
    return [bytes([1 + number % 255]) * size for number, size in enumerate(sizes)]


@contextmanager
def log(data: bytes = b"") -> Iterator[tuple[int, Path]]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "run-a.wandb"
        path.write_bytes(data)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            yield descriptor, path
        finally:
            os.close(descriptor)


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(SIZES, max_size=12), data=st.data())
def test_a_log_that_grows_in_random_pieces_gives_each_record_once(
    framed: Framed, sizes: list[int], data: st.DataObject
) -> None:
    records = records_of(sizes)
    whole = framed(records)
    ends = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=20)))
    with log() as (descriptor, path):
        framing = RecordReader(descriptor)
        found = []
        for end in [*ends, len(whole)]:
            path.write_bytes(whole[:end])
            found += framing.read()
        assert found == records
        assert framing.skipped == 0
        assert framing.position == len(whole)


def test_a_position_is_never_beyond_what_is_written(framed: Framed) -> None:
    whole = framed(records_of([BLOCK - 20]))  # too few octets are left for another chunk
    assert 0 < BLOCK - len(whole) < 7
    with log(whole) as (descriptor, _):
        framing = RecordReader(descriptor)
        assert len(list(framing.read())) == 1
        assert framing.position == len(whole)


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(SIZES, max_size=8), taken=st.integers(0, 8))
def test_reading_resumes_where_an_earlier_reader_stopped(
    framed: Framed, sizes: list[int], taken: int
) -> None:
    records = records_of(sizes)
    with log(framed(records)) as (descriptor, _):
        first = RecordReader(descriptor)
        assert list(islice(first.read(), taken)) == records[:taken]
        assert list(RecordReader(descriptor, first.position).read()) == records[taken:]
        assert list(first.read()) == records[taken:]


@settings(max_examples=100, deadline=None)
@given(sizes=st.lists(SIZES, min_size=1, max_size=12), data=st.data())
def test_damage_costs_records_near_it_and_nothing_else(
    framed: Framed, sizes: list[int], data: st.DataObject
) -> None:
    records = records_of(sizes)
    whole = bytearray(framed(records))
    at = data.draw(st.integers(7, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    block = at // BLOCK
    with log(bytes(whole)) as (descriptor, _):
        framing = RecordReader(descriptor)
        found = list(framing.read())
    kept = iter(records)
    assert all(record in kept for record in found)
    begins = [len(framed(records[:number])) for number in range(len(records) + 1)]
    untouched = [
        record
        for record, begin, end in zip(records, begins, begins[1:], strict=False)
        if end <= block * BLOCK or begin >= (block + 1) * BLOCK
    ]
    kept = iter(found)
    assert all(record in kept for record in untouched)
    if len(found) < len(records) and (block + 1) * BLOCK < len(whole):
        assert framing.skipped >= 1


def test_a_damaged_block_is_left_once_the_next_one_begins(framed: Framed) -> None:
    records = [b"a" * 20_000, b"b" * 20_000, b"c" * 30_000, b"d" * 10]
    whole = bytearray(framed(records))
    whole[100] ^= 1
    with log(bytes(whole[:BLOCK])) as (descriptor, path):
        framing = RecordReader(descriptor)
        assert list(framing.read()) == []
        assert (framing.skipped, framing.position) == (0, 7)
        path.write_bytes(whole)
        assert list(framing.read()) == records[2:]
        assert framing.skipped == 1


def test_zeros_that_a_crash_left_are_passed_over(framed: Framed) -> None:
    first = framed([b"a" * 100])
    rest = framed([b"b" * (BLOCK - 14), b"c" * 100])[BLOCK:]
    with log(first + bytes(BLOCK - len(first)) + rest) as (descriptor, _):
        framing = RecordReader(descriptor)
        assert list(framing.read()) == [b"a" * 100, b"c" * 100]
        assert framing.skipped == 1


@pytest.mark.parametrize("size", [0, 1, 6, 7])
def test_a_log_of_a_few_bytes_is_empty(framed: Framed, size: int) -> None:
    whole = framed([b"a"])
    with log(whole[:size]) as (descriptor, path):
        framing = RecordReader(descriptor)
        assert list(framing.read()) == []
        path.write_bytes(whole)
        assert list(framing.read()) == [b"a"]


@pytest.mark.parametrize("data", [b"{", b":W&B\xe1\xbe\x01", b"SQLite format 3"])
def test_another_kind_of_file_is_refused(data: bytes) -> None:
    with log(data) as (descriptor, _), pytest.raises(UnsupportedError, match="not a W&B"):
        list(RecordReader(descriptor).read())
