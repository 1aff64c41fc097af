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

from wandb_magic.causes import KEY
from wandb_magic.paths import FOLDER_MODE, RunPaths
from wandb_magic.records import RunRecord, RunState
from wandb_magic.runlog import rewriting
from wandb_magic.runlog.framing import Framing
from wandb_magic.runlog.rewriting import Address
from wandb_magic.runlog.wire import DecodeError
from wandb_magic.runlog.writing import LogWriter

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
class Source:
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
class Copy:
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
    def marked(self) -> bool:
        """Whether wandb has marked it as sent."""
        return next(self.folder.glob("*.wandb.synced"), None) is not None

    def remove(self) -> None:
        """Remove it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def copy(source: Source, place: Path, address: Address, skip: int = 0) -> Copy:
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
        made = _Log(LogWriter(file), source, address, skip)
        made.write()
    return Copy(source.record, folder, made.steps, made.damaged)


class _Log:
    """The log of a copy, while it is written."""

    def __init__(self, writer: LogWriter, source: Source, address: Address, skip: int) -> None:
        self._writer = writer
        self._source = source
        self._address = address
        self._skip = skip
        self._introduced = self._headed = self._printed = False
        self._ending = b""
        self.steps = 0
        self.damaged = 0

    def write(self) -> None:
        logs = [log for each in self._source.folders for log in sorted(each.glob("run-*.wandb"))]
        for log in logs:
            self._take(log, last=log == logs[-1])
        if not self._introduced:
            self._introduce()
        if not self._printed:
            self._print()
        self._end()

    def _take(self, log: Path, *, last: bool) -> None:
        descriptor = os.open(log, os.O_RDONLY | os.O_CLOEXEC)
        with closing(os.fdopen(descriptor, "rb")) as file:
            framing = Framing(file.fileno())
            for raw in framing.records():
                try:
                    self._add(raw, last=last)
                except DecodeError:
                    self.damaged += 1
            self.damaged += framing.skipped

    def _add(self, raw: bytes, *, last: bool) -> None:
        kind, sent = rewriting.addressed(raw, self._address)
        if kind in ENDINGS:
            self._ending = raw if kind == "exit" and last else self._ending
            return
        if kind == "header":
            if self._headed:
                return
            self._headed = True
        self._introduced |= kind == "run"
        self._printed |= kind == "output_raw"
        if kind == "summary" and KEY.encode() in raw:
            sent = rewriting.without(raw, KEY)  # it may be an earlier execution's: see `_end`
        if kind == "history":
            self.steps += 1
            if self.steps <= self._skip:
                return
        self._writer.add(sent)

    def _introduce(self) -> None:
        """Begin a log for a run that died before its own had anything in it."""
        run = self._source.record
        if not self._headed:
            self._writer.add(rewriting.header())
        started = run.started or run.created
        self._writer.add(rewriting.run(run.id, self._address, run.params, started))

    def _print(self) -> None:
        """Add what the run printed, as we have it, if W&B has nothing of it."""
        run = self._source.record
        place, read = self._source.paths.output, 0
        if not place.exists():
            return
        with place.open(encoding="utf-8", errors="replace", newline="") as file:
            while read < OUTPUT_LIMIT and (line := file.readline(OUTPUT_LIMIT)):
                self._writer.add(rewriting.output(line, run.started or run.created))
                read += len(line)
            if file.read(1):
                rest = f"\nThe output goes on in {place} on {platform.node()}.\n"
                self._writer.add(rewriting.output(rest, run.ended or run.created))

    def _end(self) -> None:
        run = self._source.record
        if run.state is not RunState.FINISHED and run.cause:
            self._writer.add(rewriting.summary(KEY, run.cause))
        runtime = (run.ended or run.created) - (run.started or run.created)
        self._writer.add(self._ending or rewriting.exited(exit_code(run), runtime))
        self._writer.add(rewriting.final())


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
