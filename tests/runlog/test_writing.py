import io
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from wandb_magic.runlog.framing import BLOCK, Framing
from wandb_magic.runlog.writing import LogWriter

# What fits a block to the byte, leaves room for a header alone, or for less than one.
SIZES = [[0], [1, 2, 3], [BLOCK - 14], [BLOCK - 14 - 7, 5], [BLOCK - 14 - 3, 5], [5 * BLOCK, 0, 9]]


@pytest.mark.parametrize("sizes", SIZES)
def test_it_frames_as_leveldb_does(
    sizes: list[int], framed: Callable[[Iterable[bytes]], bytes]
) -> None:
    records = [bytes([number % 256]) * size for number, size in enumerate(sizes, 1)]
    file = io.BytesIO()
    writer = LogWriter(file)
    for record in records:
        writer.add(record)
    assert file.getvalue() == framed(records)


@pytest.mark.parametrize("sizes", SIZES)
def test_what_is_written_is_read_again(sizes: list[int], tmp_path: Path) -> None:
    records = [bytes([number % 256]) * size for number, size in enumerate(sizes, 1)]
    with (tmp_path / "log").open("wb+") as file:
        writer = LogWriter(file)
        for record in records:
            writer.add(record)
        file.flush()
        framing = Framing(file.fileno())
        assert list(framing.records()) == records
        assert framing.skipped == 0
