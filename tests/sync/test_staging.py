import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from wandb_magic.paths import RunPaths
from wandb_magic.records import RunId, RunRecord, RunState
from wandb_magic.runner.exit_cause import CAUSE_KEY
from wandb_magic.sync.staging import RunSource, StagedRun, stage_run
from wandb_magic.wandb_log import protobuf_schema, rewrite
from wandb_magic.wandb_log.record_reader import RecordReader
from wandb_magic.wandb_log.record_writer import RecordWriter
from wandb_magic.wandb_log.rewrite import Address

THERE = Address("team", "digits", "remote01")
HERE = Address("", "uncategorized", "local001")
RUN = RunRecord(
    RunId("run00001"), 0, 0, 0, {"lr": 0.5}, RunState.FINISHED, 100.0, started=101.0, ended=109.0
)


def step(number: int) -> bytes:
    record = protobuf_schema.new_record()
    record.history.item.add(nested_key=["loss"], value_json=str(number))
    record.history.step.num = number
    return bytes(record.SerializeToString())


def folder(root: Path, records: Iterable[bytes], name: str = "20260101_000000") -> Path:
    made = root / "wandb" / f"offline-run-{name}-{RUN.id}"
    (made / "files" / "media").mkdir(parents=True)
    with (made / f"run-{RUN.id}.wandb").open("wb") as file:
        writer = RecordWriter(file)
        for record in records:
            writer.write(record)
    return made


def sent(
    source: RunSource, root: Path, skip: int = 0
) -> tuple[StagedRun, list[protobuf_schema.Message]]:
    made = stage_run(source, root / "copies", THERE, skip)
    log = made.folder / f"run-{RUN.id}.wandb"
    descriptor = os.open(log, os.O_RDONLY)
    found = [protobuf_schema.parse_record(raw) for raw in RecordReader(descriptor).read()]
    os.close(descriptor)
    return made, found


def kinds(records: Iterable[protobuf_schema.Message]) -> list[str]:
    return [record.WhichOneof("record_type") for record in records]


def test_run_and_artifacts_get_the_new_address_and_keep_everything_else(tmp_path: Path) -> None:
    internal = pytest.importorskip("wandb.proto.wandb_internal_pb2")
    run = internal.Record(num=2)
    run.run.run_id, run.run.sweep_id, run.run.project = RUN.id, "local001", "old"
    run.run.git.remote_url = "https://example.org/code"
    run.run.telemetry.python_version = "3.11"
    run.control.mailbox_slot = "slot"
    artifact = internal.Record()
    artifact.artifact.name, artifact.artifact.project = "model", "old"
    artifact.artifact.manifest.contents.add(path="a", local_path="/staged/a")
    records = [rewrite.header_record(), run.SerializeToString(), artifact.SerializeToString()]
    original = folder(tmp_path, [*records, rewrite.exit_record(3, 8)])
    before = (original / f"run-{RUN.id}.wandb").read_bytes()

    made, _ = sent(RunSource(RUN, RunPaths(tmp_path / "run"), [original]), tmp_path)

    descriptor = os.open(made.folder / f"run-{RUN.id}.wandb", os.O_RDONLY)
    found = [internal.Record.FromString(raw) for raw in RecordReader(descriptor).read()]
    os.close(descriptor)
    run.run.entity, run.run.project, run.run.sweep_id = THERE.entity, THERE.project, THERE.sweep
    artifact.artifact.entity, artifact.artifact.project = THERE.entity, THERE.project
    assert found[1] == run
    assert found[2] == artifact
    assert found[3].exit.exit_code == 3
    assert kinds(found) == ["header", "run", "artifact", "exit", "final"]
    assert (original / f"run-{RUN.id}.wandb").read_bytes() == before


def test_what_a_user_has_written_replaces_what_the_run_has_logged(tmp_path: Path) -> None:
    labels = {"name": "warm start", "tags": ["best"]}
    logged = rewrite.run_record(RUN.id, HERE, {}, 0.0)
    original = folder(tmp_path, [rewrite.header_record(), logged])
    for folders in ([original], []):  # one that has logged, and one that never did
        made, messages = sent(
            RunSource(RUN, RunPaths(tmp_path / "run"), folders, labels), tmp_path
        )
        (run,) = [each.run for each in messages if each.WhichOneof("record_type") == "run"]
        assert (run.display_name, list(run.tags)) == ("warm start", ["best"])
        made.remove()


def test_the_first_lines_of_a_history_can_be_left_out(tmp_path: Path) -> None:
    records = [
        rewrite.run_record(RUN.id, HERE, {}, 1.0),
        *map(step, range(5)),
        rewrite.exit_record(0, 1),
    ]
    source = RunSource(RUN, RunPaths(tmp_path / "run"), [folder(tmp_path, records)])
    made, found = sent(source, tmp_path, skip=3)
    assert made.steps == 5
    history = [each.history.step.num for each in found if each.HasField("history")]
    assert history == [3, 4]


@pytest.mark.parametrize(
    ("state", "code", "expected"),
    [
        (RunState.KILLED, None, 137),
        (RunState.LOST, None, 137),
        (RunState.STOPPED, None, 255),
        (RunState.FAILED, 3, 3),
    ],
)
def test_a_log_without_an_end_gets_one(
    state: RunState, code: int | None, expected: int, tmp_path: Path
) -> None:
    run = replace(RUN, state=state, cause="why", exit_code=code)
    records = [rewrite.run_record(RUN.id, HERE, {}, 1.0), step(0)]
    made, found = sent(
        RunSource(run, RunPaths(tmp_path / "r"), [folder(tmp_path, records)]), tmp_path
    )
    assert kinds(found) == ["run", "history", "summary", "exit", "final"]
    assert found[2].summary.update[0].key == CAUSE_KEY
    assert found[2].summary.update[0].value_json == '"why"'
    assert (found[3].exit.exit_code, found[3].exit.runtime) == (expected, 8)
    assert made.damaged == 0


def test_a_run_that_logged_nothing_has_its_parameters_output_and_end(tmp_path: Path) -> None:
    run = replace(RUN, state=RunState.FAILED, exit_code=1, cause="ImportError: torch")
    paths = RunPaths(tmp_path / "run")
    paths.folder.mkdir()
    paths.output.write_text("first\nImportError: torch", encoding="utf-8")
    made, found = sent(RunSource(run, paths, []), tmp_path)
    assert kinds(found) == [
        *["header", "run", "output_raw", "output_raw", "summary", "exit", "final"]
    ]
    assert made.folder.name.startswith("offline-run-")
    config = {item.key: item.value_json for item in found[1].run.config.update}
    assert config["lr"] == "0.5"
    assert found[1].run.sweep_id == THERE.sweep
    assert [each.output_raw.line for each in found[2:4]] == ["first\n", "ImportError: torch"]
    assert found[5].exit.exit_code == 1


def test_several_executions_of_a_run_are_one(tmp_path: Path) -> None:
    first = folder(
        tmp_path,
        [
            rewrite.header_record(),
            rewrite.run_record(RUN.id, HERE, {}, 1.0),
            step(0),
            rewrite.summary_record(CAUSE_KEY, "ValueError"),
            rewrite.exit_record(1, 1),
        ],
    )
    second = folder(
        tmp_path,
        [
            rewrite.header_record(),
            rewrite.run_record(RUN.id, HERE, {}, 2.0),
            step(1),
            rewrite.exit_record(0, 1),
        ],
        name="20260102_000000",
    )
    (first / "files" / "media" / "a.txt").write_text("a", encoding="utf-8")
    (second / "files" / "media" / "b.txt").write_text("b", encoding="utf-8")
    made, found = sent(RunSource(RUN, RunPaths(tmp_path / "r"), [first, second]), tmp_path)
    assert kinds(found) == [
        *["header", "run", "history", "summary", "run", "history", "exit", "final"]
    ]
    assert made.steps == 2
    assert not found[3].summary.update
    assert found[6].exit.exit_code == 0
    files = made.folder / "files" / "media"
    assert sorted(path.read_text() for path in files.iterdir()) == ["a", "b"]


def test_what_wandb_writes_is_copied_and_the_rest_linked(tmp_path: Path) -> None:
    original = folder(
        tmp_path, [rewrite.run_record(RUN.id, HERE, {}, 1.0), rewrite.exit_record(0, 1)]
    )
    (original / "files" / "output.log").write_text("printed", encoding="utf-8")
    (original / "files" / "media" / "big.bin").write_bytes(b"x")
    made, _ = sent(RunSource(RUN, RunPaths(tmp_path / "run"), [original]), tmp_path)
    (made.folder / "files" / "output.log").write_text("anew", encoding="utf-8")
    assert (original / "files" / "output.log").read_text(encoding="utf-8") == "printed"
    link = made.folder / "files" / "media" / "big.bin"
    assert link.is_symlink()
    assert link.read_bytes() == b"x"


def test_a_damaged_log_is_sent_as_far_as_it_can_be_read(tmp_path: Path) -> None:
    records = [rewrite.run_record(RUN.id, HERE, {}, 1.0), b"\xff\xff", *map(step, range(3))]
    source = RunSource(RUN, RunPaths(tmp_path / "run"), [folder(tmp_path, records)])
    made, found = sent(source, tmp_path)
    assert (made.damaged, made.steps) == (1, 3)
    assert kinds(found)[-2:] == ["exit", "final"]
