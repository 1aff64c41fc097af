import io
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from wandb_magic.wandb_log.record_reader import BLOCK, RecordReader
from wandb_magic.wandb_log.record_writer import RecordWriter

# What fits a block to the byte, leaves room for a header alone, or for less than one.
SIZES = [[0], [1, 2, 3], [BLOCK - 14], [BLOCK - 14 - 7, 5], [BLOCK - 14 - 3, 5], [5 * BLOCK, 0, 9]]


@pytest.mark.parametrize("sizes", SIZES)
def test_it_frames_as_leveldb_does(
    sizes: list[int], framed: Callable[[Iterable[bytes]], bytes]
) -> None:
    records = [bytes([number % 256]) * size for number, size in enumerate(sizes, 1)]
    file = io.BytesIO()
    writer = RecordWriter(file)
    for record in records:
        writer.write(record)
    assert file.getvalue() == framed(records)


@pytest.mark.parametrize("sizes", SIZES)
def test_what_is_written_is_read_again(sizes: list[int], tmp_path: Path) -> None:
    records = [bytes([number % 256]) * size for number, size in enumerate(sizes, 1)]
    with (tmp_path / "log").open("wb+") as file:
        writer = RecordWriter(file)
        for record in records:
            writer.write(record)
        file.flush()
        framing = RecordReader(file.fileno())
        assert list(framing.read()) == records
        assert framing.skipped == 0
