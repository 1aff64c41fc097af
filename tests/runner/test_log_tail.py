"""Following a run's logs, also after a supervisor that had read part of them."""

from pathlib import Path

from wandb.proto.wandb_internal_pb2 import Record

from wandb_magic.log_records import ExitRecord, HistoryRecord
from wandb_magic.paths import RunPaths
from wandb_magic.runner.log_tail import RunLogTail
from wandb_magic.wandb_log import LogFollower
from wandb_magic.wandb_log.record_writer import RecordWriter

RUN = "run12345"


def write_log(directory: Path, steps: int) -> None:
    """Write what a run leaves that has logged so many steps and ended well."""
    directory.mkdir(parents=True)
    with (directory / f"run-{RUN}.wandb").open("wb") as file:
        writer = RecordWriter(file)
        for step in range(steps):
            record = Record()
            record.history.step.num = step
            record.history.item.add(key="loss", value_json=str(step))
            writer.write(record.SerializeToString())
        record = Record()
        record.exit.exit_code = 0
        writer.write(record.SerializeToString())


def test_what_was_logged_between_two_supervisors_is_read(tmp_path: Path) -> None:
    directory = tmp_path / "wandb" / f"offline-run-20260101_000000-{RUN}"
    write_log(directory, 8)
    earlier = LogFollower(directory)
    read = [entry for _ in range(2) for entry in earlier.poll(limit=1)]
    assert [entry.step for entry in read if isinstance(entry, HistoryRecord)] == [0, 1]
    earlier.close()

    paths = RunPaths(tmp_path / RUN)
    paths.folder.mkdir()
    paths.wandb.write_text(f"{directory}\n")
    logs = RunLogTail(paths, {str(directory): earlier.position}, tmp_path, listed=True)
    entries = [entry for _, found, _ in logs.poll_all() for entry in found]
    steps = [entry.step for entry in entries if isinstance(entry, HistoryRecord)]
    assert steps == [2, 3, 4, 5, 6, 7]
    assert isinstance(entries[-1], ExitRecord)
    assert logs.is_complete
    logs.close()
