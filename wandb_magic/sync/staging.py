"""A copy of one run, as W&B's own command is to send it.

The copy's log has the address of the real sweep; a log without an end gets one, and a run that
never came to log anything a log of its own. W&B's folders of the run stay as they are: files that
wandb writes while it sends are copied, all others are linked to.
"""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

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
# What wandb may write into the files of a run that it sends; it follows links when it does.
WRITTEN_BY_WANDB = frozenset(
    {"output.log", "config.yaml", "wandb-summary.json", "wandb-metadata.json", "requirements.txt"}
)
INTERRUPTED = 255  # what W&B's client says after Ctrl-C
KILLED = 137  # what a shell says after SIGKILL
OUTPUT_LIMIT = 1 << 24  # characters of what a run printed


@dataclass(frozen=True)
class RunSource:
    """One run that has ended.

    Attributes
    ----------
    record
        What the store says of it.
    paths
        Its paths.
    folders
        W&B's folders of it, in order.
    """

    record: RunRecord
    paths: RunPaths
    folders: Sequence[Path]

    @property
    def name(self) -> str:
        """The name of its copy, in the form by which wandb knows an offline run."""
        for folder in self.folders:
            if folder.name.startswith(OFFLINE):
                return folder.name
        made = time.strftime("%Y%m%d_%H%M%S", time.gmtime(self.record.created))
        return f"{OFFLINE}{made}-{self.record.id}"


@dataclass(frozen=True)
class StagedRun:
    """A copy that is ready to be sent.

    Attributes
    ----------
    run
        What the store says of the run.
    folder
        A W&B folder of an offline run.
    steps
        How many lines of history the run has, those that were left out among them.
    damaged
        How many stretches of its logs could not be read.
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
        """Remove it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def stage_run(source: RunSource, place: Path, address: Address, skip: int = 0) -> StagedRun:
    """Make the copy of a run, instead of an older one.

    Parameters
    ----------
    source
        The run.
    place
        The folder in which to make it.
    address
        Where the run is to go.
    skip
        Leave out so many lines of its history, the first ones.
    """
    folder = place / source.name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "files").mkdir(mode=FOLDER_MODE, parents=True)
    for origin in source.folders:
        _link(origin / "files", folder / "files")
    log = folder / f"run-{source.record.id}.wandb"
    with log.open("wb") as file:
        made = _LogRewriter(RecordWriter(file), source, address, skip)
        made.write()
    return StagedRun(source.record, folder, made.steps, made.damaged)


class _LogRewriter:
    """The log of a copy, while it is written."""

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
        kind, sent = rewrite.with_address(raw, self._address)
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
            sent = rewrite.without_summary_key(
                raw, CAUSE_KEY
            )  # it may be an earlier execution's: see `_add_exit_record`
        if kind == "history":
            self.steps += 1
            if self.steps <= self._skip:
                return
        self._writer.write(sent)

    def _add_run_record(self) -> None:
        """Begin a log for a run that died before its own had anything in it."""
        run = self._source.record
        if not self._has_header:
            self._writer.write(rewrite.header_record())
        started = run.started or run.created
        self._writer.write(rewrite.run_record(run.id, self._address, run.params, started))

    def _add_output(self) -> None:
        """Add what the run printed, as we have it, if W&B has nothing of it."""
        run = self._source.record
        place, read = self._source.paths.output, 0
        if not place.exists():
            return
        with place.open(encoding="utf-8", errors="replace", newline="") as file:
            while read < OUTPUT_LIMIT and (line := file.readline(OUTPUT_LIMIT)):
                self._writer.write(rewrite.output_record(line, run.started or run.created))
                read += len(line)
            if file.read(1):
                rest = f"\nThe output goes on in {place} on {platform.node()}.\n"
                self._writer.write(rewrite.output_record(rest, run.ended or run.created))

    def _add_exit_record(self) -> None:
        run = self._source.record
        if run.state is not RunState.FINISHED and run.cause:
            self._writer.write(rewrite.summary_record(CAUSE_KEY, run.cause))
        runtime = (run.ended or run.created) - (run.started or run.created)
        self._writer.write(self._exit_record or rewrite.exit_record(exit_code(run), runtime))
        self._writer.write(rewrite.final_record())


def exit_code(run: RunRecord) -> int:
    """Return the exit code that stands for how a run ended, where W&B has no record of it."""
    if run.state is RunState.FINISHED:
        return 0
    if run.exit_code:
        return run.exit_code % 256
    return INTERRUPTED if run.state in (RunState.STOPPED, RunState.PRUNED) else KILLED


def _link(origin: Path, place: Path) -> None:
    for found in _files(origin):
        target = place / found.relative_to(origin)
        target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # a later folder of the same run has it anew
        if str(found.relative_to(origin)) in WRITTEN_BY_WANDB:
            shutil.copyfile(found, target)
        else:
            target.symlink_to(found.resolve())


def _files(origin: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(origin):
        for name in names:
            found = Path(folder, name)
            if found.exists():  # a link may lead to what is gone
                yield found
