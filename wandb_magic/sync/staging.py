"""Stages a run: a copy in the form that W&B's own command sends.

The log of the staged run has the address of the real sweep; a log without an end gets one, and a
run that never logged anything gets a log. W&B's folders of the run are not changed: files that
wandb writes while it sends are copied, all others are linked to.
"""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb_magic.paths import FOLDER_MODE, RunPaths
from wandb_magic.records import RunRecord, RunState
from wandb_magic.runner.exit_cause import CAUSE_KEY
from wandb_magic.wandb_log import rewrite
from wandb_magic.wandb_log.protobuf_schema import DecodeError
from wandb_magic.wandb_log.record_reader import RecordReader
from wandb_magic.wandb_log.record_writer import RecordWriter
from wandb_magic.wandb_log.rewrite import Address

OFFLINE = "offline-run-"
ENDINGS = frozenset({"exit", "final", "footer"})
# Files of a run that wandb may write to while it sends the run; it follows links.
WRITTEN_BY_WANDB = frozenset(
    {"output.log", "config.yaml", "wandb-summary.json", "wandb-metadata.json", "requirements.txt"}
)
INTERRUPTED = 255  # the exit code of W&B's client after Ctrl-C
KILLED = 137  # the exit code of a shell after SIGKILL
OUTPUT_LIMIT = 1 << 24  # characters of a run's output


@dataclass(frozen=True)
class RunSource:
    """A run that has ended.

    Attributes
    ----------
    record
        Its record in the store.
    paths
        Its paths.
    folders
        W&B's folders of it, in order.
    labels
        The name, notes and tags that a user has given it, if any.
    """

    record: RunRecord
    paths: RunPaths
    folders: Sequence[Path]
    labels: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the staged run, in the form that identifies offline runs to wandb."""
        for folder in self.folders:
            if folder.name.startswith(OFFLINE):
                return folder.name
        created = time.strftime("%Y%m%d_%H%M%S", time.gmtime(self.record.created))
        return f"{OFFLINE}{created}-{self.record.id}"


@dataclass(frozen=True)
class StagedRun:
    """A run that is ready to be sent.

    Attributes
    ----------
    run
        The run's record in the store.
    folder
        A W&B folder of an offline run.
    steps
        The number of lines of history of the run, including those that were left out.
    damaged
        The number of parts of its logs that could not be read.
    """

    run: RunRecord
    folder: Path
    steps: int
    damaged: int

    @property
    def is_synced(self) -> bool:
        """Whether wandb has marked it as sent."""
        return next(self.folder.glob("*.wandb.synced"), None) is not None

    def remove(self) -> None:
        """Remove its folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def stage_run(source: RunSource, staging: Path, address: Address, skip: int = 0) -> StagedRun:
    """Stage a run, replacing an earlier staged copy.

    Parameters
    ----------
    source
        The run.
    staging
        The folder in which to create it.
    address
        Where to send the run.
    skip
        The number of lines to leave out at the start of its history.
    """
    folder = staging / source.name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "files").mkdir(mode=FOLDER_MODE, parents=True)
    for origin in source.folders:
        _link(origin / "files", folder / "files")
    log = folder / f"run-{source.record.id}.wandb"
    with log.open("wb") as file:
        rewriter = _LogRewriter(RecordWriter(file), source, address, skip)
        rewriter.write()
    return StagedRun(source.record, folder, rewriter.steps, rewriter.damaged)


class _LogRewriter:
    """Writes the log of a staged run."""

    def __init__(
        self, writer: RecordWriter, source: RunSource, address: Address, skip: int
    ) -> None:
        self._writer = writer
        self._source = source
        self._address = address
        self._skip = skip
        self._has_run_record = self._has_header = self._has_output = False
        self._exit_record = b""
        self.steps = 0
        self.damaged = 0

    def write(self) -> None:
        logs = [log for each in self._source.folders for log in sorted(each.glob("run-*.wandb"))]
        for log in logs:
            self._copy_log(log, last=log == logs[-1])
        if not self._has_run_record:
            self._add_run_record()
        if not self._has_output:
            self._add_output()
        self._add_exit_record()

    def _copy_log(self, log: Path, *, last: bool) -> None:
        descriptor = os.open(log, os.O_RDONLY | os.O_CLOEXEC)
        with closing(os.fdopen(descriptor, "rb")) as file:
            framing = RecordReader(file.fileno())
            for raw in framing.read():
                try:
                    self._copy_record(raw, last=last)
                except DecodeError:
                    self.damaged += 1
            self.damaged += framing.skipped

    def _copy_record(self, raw: bytes, *, last: bool) -> None:
        kind, copied = rewrite.with_address(raw, self._address, self._source.labels)
        if kind in ENDINGS:
            self._exit_record = raw if kind == "exit" and last else self._exit_record
            return
        if kind == "header":
            if self._has_header:
                return
            self._has_header = True
        self._has_run_record |= kind == "run"
        self._has_output |= kind == "output_raw"
        if kind == "summary" and CAUSE_KEY.encode() in raw:
            copied = rewrite.without_summary_key(
                raw, CAUSE_KEY
            )  # it may be from an earlier execution: see `_add_exit_record`
        if kind == "history":
            self.steps += 1
            if self.steps <= self._skip:
                return
        self._writer.write(copied)

    def _add_run_record(self) -> None:
        """Start the log of a run that died before it logged anything."""
        run = self._source.record
        if not self._has_header:
            self._writer.write(rewrite.header_record())
        started = run.started or run.created
        record = rewrite.run_record(run.id, self._address, run.params, started)
        self._writer.write(rewrite.with_address(record, self._address, self._source.labels)[1])

    def _add_output(self) -> None:
        """Add our copy of the run's output, if W&B has none."""
        run = self._source.record
        output, size = self._source.paths.output, 0
        if not output.exists():
            return
        with output.open(encoding="utf-8", errors="replace", newline="") as file:
            while size < OUTPUT_LIMIT and (line := file.readline(OUTPUT_LIMIT)):
                self._writer.write(rewrite.output_record(line, run.started or run.created))
                size += len(line)
            if file.read(1):
                rest = f"\nThe output continues in {output} on {platform.node()}.\n"
                self._writer.write(rewrite.output_record(rest, run.ended or run.created))

    def _add_exit_record(self) -> None:
        run = self._source.record
        if run.state is not RunState.FINISHED and run.cause:
            self._writer.write(rewrite.summary_record(CAUSE_KEY, run.cause))
        runtime = (run.ended or run.created) - (run.started or run.created)
        self._writer.write(self._exit_record or rewrite.exit_record(exit_code(run), runtime))
        self._writer.write(rewrite.final_record())


def exit_code(run: RunRecord) -> int:
    """Return the exit code for how a run ended, used where W&B has no record of it."""
    if run.state is RunState.FINISHED:
        return 0
    if run.exit_code:
        return run.exit_code % 256
    return INTERRUPTED if run.state in (RunState.STOPPED, RunState.PRUNED) else KILLED


def _link(origin: Path, destination: Path) -> None:
    for file in _files(origin):
        target = destination / file.relative_to(origin)
        target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # a later folder of the same run has a newer one
        if str(file.relative_to(origin)) in WRITTEN_BY_WANDB:
            shutil.copyfile(file, target)
        else:
            target.symlink_to(file.resolve())


def _files(origin: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(origin):
        for name in names:
            path = Path(folder, name)
            if path.exists():  # a link may be dangling
                yield path
