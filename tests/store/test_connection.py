import errno
import random
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from unprivileged import without_rights
from wandb_magic import store
from wandb_magic.errors import StoreError
from wandb_magic.records import RunRecord, SweepRecord
from wandb_magic.store import connection

MakeRun = Callable[..., RunRecord]


def test_a_store_is_created_once_and_for_its_owner_only(path: Path, sweep: SweepRecord) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    with pytest.raises(StoreError, match="There is a store already"):
        store.create(path, sweep)


def test_a_store_in_no_folder_is_refused(tmp_path: Path, sweep: SweepRecord) -> None:
    with pytest.raises(StoreError, match="cannot be written: No such file"):
        store.create(tmp_path / "missing" / "sweep.db", sweep)


@pytest.mark.parametrize("open_store", [store.StoreReader, store.StoreWriter])
def test_a_missing_store_is_said_to_be_missing(
    tmp_path: Path, open_store: Callable[[Path], object]
) -> None:
    for path in (tmp_path / "sweep.db", tmp_path):
        with pytest.raises(StoreError, match="was deleted or moved"):
            open_store(path)


@pytest.mark.parametrize("open_store", [store.StoreReader, store.StoreWriter])
@pytest.mark.parametrize("content", [b"", b"text", b"SQLite format 3\0" + b"\0" * 4096])
def test_what_is_no_store_is_refused(
    tmp_path: Path, open_store: Callable[[Path], object], content: bytes
) -> None:
    path = tmp_path / "a b%20?.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"not the store of a sweep|damaged"):
        open_store(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("open_store", [store.StoreReader, store.StoreWriter])
def test_a_store_of_a_newer_version_is_refused(
    path: Path, open_store: Callable[[Path], object]
) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version = {connection.VERSION + 1}")
    with pytest.raises(StoreError, match=r"newer version of wandb-magic .*: update wandb-magic"):
        open_store(path)


def test_a_damaged_store_is_said_to_be_damaged(path: Path, make_run: MakeRun) -> None:
    writer = store.StoreWriter(path)
    for number in range(500):
        writer.add_run(make_run(number))
    writer.close()
    content = bytearray(path.read_bytes())
    content[4096 * 3 :] = random.Random(1).randbytes(len(content) - 4096 * 3)
    for damaged in (content, content[: 4096 * 2]):
        path.write_bytes(damaged)
        with (
            pytest.raises(StoreError, match="damaged: restore it"),
            closing(store.StoreReader(path)) as reader,
        ):
            reader.runs()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full: free some space"),
        (OSError(errno.EACCES, "Permission denied"), "cannot be written: Permission denied"),
        (sqlite3.OperationalError("disk I/O error"), "the disk reports an error, or it is full"),
        (sqlite3.OperationalError("no such table: run"), "is not complete"),
    ],
)
def test_what_fails_is_said_in_a_sentence(error: Exception, said: str) -> None:
    with pytest.raises(StoreError, match=said), connection.explain_errors(Path("/x/sweep.db")):
        raise error


def test_a_fault_of_ours_is_not_explained_away() -> None:
    with (
        pytest.raises(sqlite3.OperationalError, match="syntax"),
        connection.explain_errors(Path("/x")),
        closing(sqlite3.connect(":memory:")) as memory,
    ):
        memory.execute("SELEKT")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that every user can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_store_in_a_folder_that_cannot_be_written_is_read(
    open_folder: Path, sweep: SweepRecord, make_run: MakeRun
) -> None:
    path = open_folder / "sweep.db"
    store.create(path, sweep)
    writer = store.StoreWriter(path)
    writer.add_run(make_run())
    writer.close()
    path.chmod(0o444)
    open_folder.chmod(0o555)
    with without_rights(), closing(store.StoreReader(path)) as reader:
        assert reader.runs() == [make_run()]


def test_changes_that_only_the_log_has_are_read_in_a_folder_that_cannot_be_written(
    open_folder: Path, sweep: SweepRecord, make_run: MakeRun
) -> None:
    living = open_folder / "living.db"
    store.create(living, sweep)
    writer = store.StoreWriter(living)
    writer.add_run(make_run())
    writer.commit()
    path = open_folder / "sweep.db"
    for suffix in ("", "-wal"):
        shutil.copy(f"{living}{suffix}", f"{path}{suffix}")
        Path(f"{path}{suffix}").chmod(0o444)
    writer.close()
    open_folder.chmod(0o555)
    with without_rights(), closing(store.StoreReader(path)) as reader:
        assert reader.runs() == [make_run()]
    assert {each.name for each in open_folder.iterdir() if "living" not in each.name} == {
        *("sweep.db", "sweep.db-wal")
    }


def test_a_store_that_cannot_be_written_says_so(open_folder: Path, sweep: SweepRecord) -> None:
    path = open_folder / "sweep.db"
    store.create(path, sweep)
    path.chmod(0o444)
    open_folder.chmod(0o555)
    with without_rights(), pytest.raises(StoreError, match="check the permissions of the file"):
        store.insert_request(path, "stop", {})
