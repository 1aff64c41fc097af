from pathlib import Path

import pytest

from wandb_magic.launchers.file_mirror import write_chunk
from wandb_magic.launchers.file_stream import CHUNK_BYTES, RunFileStream, versions
from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunId, SweepId

RUN = RunId("run00001")


class Pair:
    """A run's files on a worker, and their copies."""

    def __init__(self, tmp_path: Path) -> None:
        self.there, self.here = (
            SweepPaths.of(tmp_path / name, SweepId("sweep000")) for name in ("there", "here")
        )
        for paths in (self.there, self.here):
            paths.run(RUN).persistent_dir.mkdir(parents=True)
        self.log = self.there.run(RUN).output
        self.kept = self.there.run(RUN).persistent_dir / "model"
        self.stream = RunFileStream(RUN, self.there, {})

    def transfer(self, *, final: bool = True) -> int:
        """Transfer what has changed; return how many bytes."""
        size = 0
        for chunk in self.stream.changes(final=final):
            assert len(chunk.data) <= CHUNK_BYTES
            write_chunk(self.here, chunk, RUN)
            size += len(chunk.data)
        return size

    def is_same(self) -> bool:
        return contents(self.there) == contents(self.here)


def contents(paths: SweepPaths) -> dict[str, bytes]:
    return {
        path.relative_to(paths.root).as_posix(): path.read_bytes()
        for path in paths.root.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_a_log_is_sent_from_where_it_was_sent_to(pair: Pair) -> None:
    pair.log.write_bytes(b"a" * 1_300_000)
    assert pair.transfer() == 1_300_000
    with pair.log.open("ab") as file:
        file.write(b"more")
    assert pair.transfer() == 4
    assert pair.transfer() == 0
    assert pair.is_same()


def test_a_file_that_is_replaced_is_sent_again_as_a_whole(pair: Pair) -> None:
    pair.kept.write_bytes(b"b" * 1_300_000)
    assert pair.transfer() == 1_300_000
    pair.kept.write_bytes(b"c" * 1_300_000)
    assert pair.transfer() == 1_300_000
    pair.kept.write_bytes(b"")
    pair.log.write_bytes(b"")
    pair.transfer()
    assert pair.transfer() == 0
    assert pair.is_same()


def test_a_log_that_becomes_shorter_is_sent_again(pair: Pair) -> None:
    pair.log.write_bytes(b"long text")
    pair.transfer()
    pair.log.write_bytes(b"short")
    pair.transfer()
    assert pair.is_same()


def test_a_file_that_is_being_written_waits(pair: Pair) -> None:
    pair.kept.write_bytes(b"just now")
    assert pair.transfer(final=False) == 0
    assert pair.transfer(final=True) == 8


def test_another_stream_continues_where_the_copies_end(pair: Pair) -> None:
    pair.log.write_bytes(b"first ")
    pair.kept.write_bytes(b"unchanged")
    pair.transfer()
    with pair.log.open("ab") as file:
        file.write(b"second")
    known = versions(pair.here, pair.here.run(RUN))
    pair.stream = RunFileStream(RUN, pair.there, known)
    assert pair.transfer() == len(b"second")
    assert pair.is_same()


def test_a_transfer_that_breaks_off_leaves_the_earlier_file(pair: Pair) -> None:
    pair.kept.write_bytes(b"old")
    pair.transfer()
    pair.kept.write_bytes(b"n" * (CHUNK_BYTES + 1))
    for chunk in pair.stream.changes(final=True):
        write_chunk(pair.here, chunk, RUN)
        break
    copy = pair.here.run(RUN).persistent_dir / "model"
    assert copy.read_bytes() == b"old"
    pair.stream = RunFileStream(RUN, pair.there, versions(pair.here, pair.here.run(RUN)))
    pair.transfer()
    assert pair.is_same()
