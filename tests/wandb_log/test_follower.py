import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil
import pytest

from wandb_magic.errors import UnsupportedError
from wandb_magic.log_records import (
    ArtifactRecord,
    ConfigRecord,
    ExitRecord,
    FilesRecord,
    HistoryRecord,
    InfoRecord,
    LogRecord,
    OmittedRecord,
    SummaryRecord,
    SystemRecord,
)
from wandb_magic.wandb_log import LogFollower, protobuf_schema

SCRIPT = Path(__file__).with_name("logging_run.py")
# Another interpreter, with another wandb, that has to be understood as well.
PYTHONS = [sys.executable, *filter(None, [os.environ.get("WANDB_MAGIC_OTHER_PYTHON")])]
IDS = ["newest", "oldest"][: len(PYTHONS)]


def start(python: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if "WANDB" not in key}
    environment |= {
        "WANDB_DIR": str(folder),
        "WANDB_SILENT": "true",
        "WANDB_X_STATS_SAMPLING_INTERVAL": "0.2",
        "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL": "0.1",
    }
    return subprocess.Popen(
        [python, "-W", "ignore", SCRIPT, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run_folder(folder: Path) -> Path:
    (found,) = (folder / "wandb").glob("offline-run-*")
    return found


def everything(follower: LogFollower) -> list[LogRecord]:
    found: list[LogRecord] = []
    while entries := follower.poll():
        found += entries
    return found


@pytest.fixture(scope="module", params=PYTHONS, ids=IDS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that logged everything and ended with code 3."""
    folder = tmp_path_factory.mktemp("run")
    with start(request.param, folder) as process:
        process.communicate()
    assert process.returncode in (0, 3)
    return run_folder(folder)


@pytest.fixture(scope="module")
def entries(folder: Path) -> list[LogRecord]:
    follower = LogFollower(folder)
    try:
        return everything(follower)
    finally:
        assert follower.skipped == 0
        follower.close()


def merged(
    entries: Iterable[LogRecord], kind: type[SummaryRecord | ConfigRecord]
) -> dict[str, object]:
    values: dict[str, object] = {}
    for entry in entries:
        if isinstance(entry, kind):
            for key in entry.remove:
                for name in [name for name in values if f"{name}.".startswith(f"{key}.")]:
                    del values[name]
            values.update(entry.update)
    return values


def history(entries: Iterable[LogRecord]) -> list[HistoryRecord]:
    return [entry for entry in entries if isinstance(entry, HistoryRecord)]


def test_each_logged_step_is_one_entry_with_dotted_keys(entries: list[LogRecord]) -> None:
    for step, entry in enumerate(history(entries)[:5]):
        assert entry.step == step
        assert entry.time is not None
        assert abs(entry.time - time.time()) < 3600
        scalars = {"loss": 1 / (step + 1), "val/x": step, "epoch": step, "deep.b.c": step}
        assert entry.scalars == scalars
        assert entry.media == {}


def test_ten_thousand_steps_arrive_in_order(entries: list[LogRecord]) -> None:
    long = [entry for entry in history(entries) if "long" in entry.scalars]
    assert [entry.scalars["long"] for entry in long] == list(range(10_000))
    assert [entry.step for entry in long] == list(range(50, 10_050))


def test_numbers_are_scalars_and_all_else_is_media(entries: list[LogRecord]) -> None:
    entry = history(entries)[5]
    assert {key: repr(value) for key, value in entry.scalars.items()} == {
        "nan": "nan",
        "inf": "inf",
        "flag": "1.0",
    }
    assert entry.media == {"text": "words"}


def test_media_keep_what_wandb_says_of_them(entries: list[LogRecord], folder: Path) -> None:
    media = {key: value for entry in history(entries) for key, value in entry.media.items()}
    assert media["table"]["_type"] == "table-file"
    assert media["html"]["_type"] == "html-file"
    assert media["histogram"] == {"_type": "histogram", "values": [1, 2], "bins": [0, 1, 2]}
    assert media["big"] == "x" * 200_000
    assert (folder / "files" / media["table"]["path"]).is_file()
    if "image" in media:
        assert media["image"]["_type"] == "image-file"
        assert media["image"]["caption"] == "caption"


def test_a_step_logged_in_parts_is_one_entry(entries: list[LogRecord]) -> None:
    (entry,) = (entry for entry in history(entries) if "jump" in entry.scalars)
    assert (entry.step, entry.scalars["jump"]) == (50, 2)


def test_the_summary_follows_changes_and_removals(entries: list[LogRecord]) -> None:
    summary = merged(entries, SummaryRecord)
    assert summary["kept"] == 1.5
    assert summary["loss.min"] == 0.2
    assert summary["nan"] == "NaN"
    assert summary["inf"] == "Infinity"
    assert (summary["tree.a"], summary["tree.b.c"]) == (7, 2)
    assert summary["table"]["_type"] == "table-file"  # type: ignore[index]
    assert "gone" not in summary


def test_the_config_has_later_changes(entries: list[LogRecord]) -> None:
    config = {"lr": 0.1, "nested.a": 1, "nested.b": [1, 2], "later.x": 5}
    assert merged(entries, ConfigRecord) == config


def test_the_rest_is_there_too(entries: list[LogRecord]) -> None:
    info = [entry for entry in entries if isinstance(entry, InfoRecord)][-1]
    assert (info.name, info.project, info.group, info.job_type) == (
        "name",
        "project",
        "group",
        "job",
    )
    assert (info.tags, info.notes) == (("a", "b", "c"), "notes")
    assert abs(info.start_time - time.time()) < 3600
    files = {path for entry in entries if isinstance(entry, FilesRecord) for path in entry.paths}
    assert "saved.txt" in files
    artifacts = [entry for entry in entries if isinstance(entry, ArtifactRecord)]
    model = next(entry for entry in artifacts if entry.name == "model")
    assert (model.type, model.used, model.metadata) == ("weights", False, {"epoch": 1})
    assert "best" in model.aliases
    assert any(isinstance(entry, SystemRecord) for entry in entries)
    assert isinstance(entries[-1], ExitRecord)
    assert entries[-1].code == 3


def test_reading_in_pieces_from_saved_positions_loses_and_doubles_nothing(
    folder: Path, entries: list[LogRecord]
) -> None:
    found: list[LogRecord] = []
    position = 0
    while True:
        follower = LogFollower(folder, position)
        piece = follower.poll(limit=997)
        follower.close()
        position = follower.position
        if not piece:
            break
        found += piece
    assert list(map(repr, found)) == list(map(repr, entries))


@pytest.mark.parametrize("python", PYTHONS, ids=IDS)
def test_a_living_run_is_followed_and_a_killed_one_leaves_what_it_had(
    python: str, tmp_path: Path
) -> None:
    with start(python, tmp_path, "wait") as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "logged\n"
        follower = LogFollower(run_folder(tmp_path))
        found = everything(follower)
        # Only what was flushed is there; the big value fills blocks, which every version flushes.
        deadline = time.monotonic() + 30
        while len(history(found)) < 9 and time.monotonic() < deadline:
            found += everything(follower)
        assert [entry.step for entry in history(found)[:9]] == list(range(9))
        process.stdin.write("\n")
    found += everything(follower)
    follower.close()
    assert follower.skipped == 0
    steps = [entry.step for entry in history(found)]
    assert steps == sorted(set(steps))


def test_a_follower_waits_for_its_folder_and_its_log(
    tmp_path: Path, framed: Callable[[Iterable[bytes]], bytes]
) -> None:
    record = protobuf_schema._record_class()()
    record.exit.exit_code = 1
    folder = tmp_path / "offline-run-1"
    follower = LogFollower(folder)
    assert follower.poll() == []
    folder.mkdir()
    assert follower.poll() == []
    log = folder / "run-abc.wandb"
    log.touch()
    (folder / "run-abc.wandb.synced").touch()
    assert follower.poll() == []
    # Neither protobuf nor JSON: counted, and passed over.
    bad = protobuf_schema._record_class()()
    bad.history.item.add(key="x", value_json="{")
    log.write_bytes(framed([b"\xff", bad.SerializeToString(), record.SerializeToString()]))
    *rest, last = follower.poll()
    assert last == ExitRecord(1, 0.0)
    assert rest == [HistoryRecord(0, None, {}), OmittedRecord("x", "it is not JSON")]
    assert follower.skipped == 1
    assert follower.position == log.stat().st_size
    follower.close()
    follower.close()


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run-abc.wandb").write_text("text")
    follower = LogFollower(tmp_path)
    with pytest.raises(UnsupportedError):
        follower.poll()
    follower.close()


def test_thousands_of_followers_leave_no_descriptor_open(
    tmp_path: Path, framed: Callable[[Iterable[bytes]], bytes]
) -> None:
    (tmp_path / "run-abc.wandb").write_bytes(framed([b""]))
    gc.collect()
    before = psutil.Process().num_fds()
    for _ in range(3000):
        follower = LogFollower(tmp_path)
        follower.poll()
        follower.close()
    assert psutil.Process().num_fds() == before


def test_following_does_not_import_wandb() -> None:
    code = (
        "import sys, wandb_magic.wandb_log.protobuf_schema as schema;"
        "schema.parse_record(b''); print('wandb' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
