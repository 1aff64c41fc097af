"""A copy of one run, as W&B's own command is to send it.

The copy's log has the address of the real sweep; a log without an end gets one, and a run that
never came to log anything a log of its own. W&B's folders of the run stay as they are: files that
wandb writes while it sends are copied, all others are linked to.
"""

from __future__ import annotations

import os
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
INTERRUPTED = 130  # the shell's exit code for a death by SIGINT
KILLED = 137  # and by SIGKILL
OUTPUT_LIMIT = 1 << 20  # characters that a run without a log of its own brings along


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
    folder
        A W&B folder of an offline run.
    steps
        How many lines of history it has.
    damaged
        How many stretches of the logs could not be read.
    """

    folder: Path
    steps: int
    damaged: int = 0

    @property
    def log(self) -> Path:
        """Its transaction log."""
        return next(self.folder.glob("*.wandb"))

    @property
    def marked(self) -> bool:
        """Whether wandb has marked it as sent."""
        return self.log.with_suffix(".wandb.synced").exists()


def copy(source: Source, place: Path, address: Address) -> Copy:
    """Make the copy of a run anew; what wandb noted beside an older one stays.

    The same run gives the same log each time, so that what was sent of it before is sent to the
    same places.

    Parameters
    ----------
    source
        The run.
    place
        The folder in which to make it.
    address
        Where the run is to go.
    """
    folder = place / source.name
    shutil.rmtree(folder / "files", ignore_errors=True)
    (folder / "files").mkdir(mode=FOLDER_MODE, parents=True)
    for origin in source.folders:
        _link(origin / "files", folder / "files")
    log = folder / f"run-{source.record.id}.wandb"
    temporary = log.with_suffix(".part")
    with temporary.open("wb") as file:
        made = _Log(LogWriter(file), source, address)
        made.write()
    temporary.replace(log)
    return Copy(folder, made.steps, made.damaged)


class _Log:
    """The log of a copy, while it is written."""

    def __init__(self, writer: LogWriter, source: Source, address: Address) -> None:
        self._writer = writer
        self._source = source
        self._address = address
        self._introduced = self._headed = self._told = False
        self._ending = b""
        self.steps = 0
        self.damaged = 0

    def write(self) -> None:
        for folder in self._source.folders:
            for log in sorted(folder.glob("run-*.wandb")):
                self._take(log)
        if not self._introduced:
            self._introduce()
        self._end()

    def _take(self, log: Path) -> None:
        descriptor = os.open(log, os.O_RDONLY | os.O_CLOEXEC)
        with closing(os.fdopen(descriptor, "rb")) as file:
            framing = Framing(file.fileno())
            for raw in framing.records():
                self._add(raw)
            self.damaged += framing.skipped

    def _add(self, raw: bytes) -> None:
        try:
            kind, sent = rewriting.addressed(raw, self._address)
        except DecodeError:
            self.damaged += 1
            return
        if kind in ENDINGS:
            self._ending = raw if kind == "exit" else self._ending
            return
        if kind == "header":
            if self._headed:
                return
            self._headed = True
        self._introduced |= kind == "run"
        self._told |= kind == "summary" and KEY.encode() in raw
        self.steps += kind == "history"
        self._writer.add(sent)

    def _introduce(self) -> None:
        """Begin a log for a run that died before its own had anything in it."""
        run = self._source.record
        if not self._headed:
            self._writer.add(rewriting.header())
        started = run.started or run.created
        self._writer.add(rewriting.run(run.id, self._address, run.params, started))
        try:
            with self._source.paths.output.open(encoding="utf-8", errors="replace") as file:
                text = file.read(OUTPUT_LIMIT)
        except FileNotFoundError:
            return
        for line in text.splitlines(keepends=True):
            self._writer.add(rewriting.output(line, started))

    def _end(self) -> None:
        run = self._source.record
        if run.state is not RunState.FINISHED and run.cause and not self._told:
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
