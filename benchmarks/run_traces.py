"""What a run left in its W&B folder that must not depend on how the run was started."""

from __future__ import annotations

from pathlib import Path

from wandb.proto.wandb_internal_pb2 import Record

from wandb_magic.wandb_log.record_reader import RecordReader

# System samples, one every few seconds: a short run may end before the first.
BY_CHANCE = "stats"


def left_behind(folder: Path) -> dict[str, object]:
    """Return the kinds of records, the files, and what identifies the code."""
    kinds = set()
    traces: dict[str, object] = {}
    with next(folder.glob("run-*.wandb")).open("rb") as log:
        for raw in RecordReader(log.fileno()).read():
            record = Record.FromString(raw)
            kinds.add(str(record.WhichOneof("record_type")))
            if record.HasField("run"):
                traces["commit"] = record.run.git.commit
            if record.HasField("environment"):
                traces["names its code"] = bool(record.environment.code_path)
    for path in (folder / "files").rglob("*"):
        if path.is_file():
            exact = path.suffix in {".txt", ".patch"}
            traces[path.name] = path.read_bytes() if exact else "there"
    return traces | dict.fromkeys(kinds - {BY_CHANCE}, "there")
