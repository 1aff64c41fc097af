"""Follows what one run logs, in the transaction logs of all its W&B folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wandb_magic.log_records import (
    ChartRecord,
    ConfigRecord,
    ExitRecord,
    HistoryRecord,
    LogRecord,
    OverwriteRecord,
    SummaryRecord,
)
from wandb_magic.paths import RunPaths, wandb_folder
from wandb_magic.runner.exit_cause import CAUSE_KEY
from wandb_magic.wandb_log import LogFollower

DOCUMENT_RECORDS = (SummaryRecord, ConfigRecord, ChartRecord)


@dataclass
class _LogState:
    """One log and its state."""

    follower: LogFollower
    begin: int
    is_earlier: bool  # of an earlier execution
    last_step: int | None = None
    exit_code: int | None = None
    cause: str = ""
    is_overwritten: bool = False
    # Records before its first history, to be repeated if earlier logs are overwritten.
    preface: list[LogRecord] = field(default_factory=list)

    def observe(self, entry: LogRecord) -> None:
        """Record what an entry says about the run's end."""
        if isinstance(entry, ExitRecord):
            self.exit_code = entry.code
        elif isinstance(entry, SummaryRecord) and isinstance(entry.update.get(CAUSE_KEY), str):
            self.cause = entry.update[CAUSE_KEY]


class RunLogTail:
    """Follows a run's logs in the order of its ``wandb.init`` calls.

    W&B keeps one history for each run id. If a run calls ``wandb.init`` again and its steps start
    over, they overwrite what was logged before; if the steps continue, they are added.

    Parameters
    ----------
    paths
        The run's paths.
    positions
        The position up to which each log was read before.
    root
        The folder in which wandb creates its own by default.
    listed
        Whether the run itself lists its W&B folders; a command does not.
    """

    def __init__(
        self, paths: RunPaths, positions: Mapping[str, int], root: Path, *, listed: bool
    ) -> None:
        self._paths = paths
        self._positions = positions
        self._root = wandb_folder(root)
        self._listed = listed
        self._seen = 0
        self._logs: dict[str, _LogState] = {}
        self._owner = ""  # the log whose history is the run's
        self.has_history = False  # whether any history was logged

    @property
    def directory(self) -> str:
        """The newest W&B folder of the run, or ""."""
        return next(reversed(self._logs), "")

    @property
    def positions(self) -> dict[str, int]:
        """The position up to which each log was read."""
        return {directory: log.follower.position for directory, log in self._logs.items()}

    @property
    def is_complete(self) -> bool:
        """Whether the newest log has its exit record, or there is no log."""
        return not self._logs or self.exit_code is not None

    @property
    def exit_code(self) -> int | None:
        """The exit code in the newest log, or None."""
        newest = self._logs.get(self.directory)
        return newest.exit_code if newest is not None else None

    @property
    def cause(self) -> str:
        """Why the run ended, according to the newest log, or ""."""
        newest = self._logs.get(self.directory)
        return newest.cause if newest is not None else ""

    @property
    def empty_directory(self) -> str:
        """The newest W&B folder of the run if nothing is logged in it, or ""."""
        newest = self._logs.get(self.directory)
        return self.directory if newest is not None and not newest.follower.position else ""

    def poll(self) -> Iterator[tuple[str, tuple[LogRecord, ...], int]]:
        """Yield, for each folder, what was logged since the last call, and the new position."""
        self._add_listed()
        for directory, log in self._logs.items():
            if log.exit_code is not None or log.is_overwritten:
                continue
            entries = log.follower.poll()
            for entry in entries:
                log.observe(entry)
            if not self.has_history:
                self.has_history = any(isinstance(entry, HistoryRecord) for entry in entries)
            if entries:
                yield directory, self._select(directory, entries), log.follower.position
            if log.exit_code is not None:
                log.follower.close()

    def discover(self) -> None:
        """Look for logs that the run did not list because its child processes created them."""
        if not self._logs:
            self._add(self._find_directories())

    def poll_all(self) -> Iterator[tuple[str, tuple[LogRecord, ...], int]]:
        """Yield everything that was logged by a run that has ended."""
        while batches := list(self.poll()):
            yield from batches

    def close(self) -> None:
        """Close the files."""
        for log in self._logs.values():
            log.follower.close()

    def _select(self, directory: str, entries: Sequence[LogRecord]) -> tuple[LogRecord, ...]:
        """Return the entries of a log that belong to the run; close logs that they overwrite."""
        log, order = self._logs[directory], list(self._logs)
        if self._owner and order.index(directory) < order.index(self._owner):
            return tuple(
                entry
                for entry in entries
                if not isinstance(entry, (HistoryRecord, *DOCUMENT_RECORDS))
            )
        steps = [entry.step for entry in entries if isinstance(entry, HistoryRecord)]
        if not steps:
            if self._owner and directory != self._owner:
                log.preface += (entry for entry in entries if isinstance(entry, DOCUMENT_RECORDS))
            return tuple(entries)
        owned: tuple[LogRecord, ...] = tuple(entries)
        if directory != self._owner:
            previous = self._logs.get(self._owner)
            if previous is not None and _overwrites(log, steps[0], previous):
                owned = (OverwriteRecord(), *log.preface, *entries)
                for earlier in order[: order.index(directory)]:
                    self._logs[earlier].is_overwritten = True
                    self._logs[earlier].follower.close()
            self._owner = directory
            log.preface.clear()
        log.last_step = max(steps)
        return owned

    def _add_listed(self) -> None:
        source = self._paths.wandb if self._listed else self._root
        try:
            modified = source.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if modified == self._seen:
            return
        self._seen = modified
        if self._listed:
            self._add(self._listed_directories())
        else:
            self._add(self._find_directories())

    def _listed_directories(self) -> list[str]:
        run = self._paths.folder.name
        lines = self._paths.wandb.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if f"-{run}" in line and "\0" not in line]

    def _find_directories(self) -> list[str]:
        run = self._paths.folder.name
        return sorted(
            str(folder)
            for pattern in (f"run-*-{run}*", f"offline-run-*-{run}*")
            for folder in self._root.glob(pattern)
        )

    def _add(self, directories: Sequence[str]) -> None:
        for directory in directories:
            if directory in self._logs:
                continue
            begin = self._positions.get(directory, 0)
            log = _LogState(
                LogFollower(Path(directory), begin),
                begin,
                is_earlier=bool(begin) and self._paths.execution > 0,
            )
            self._logs[directory] = log
            if begin:
                self._restore(directory, log)

    def _restore(self, directory: str, log: _LogState) -> None:
        """Restore the log's state from the last records that were read before."""
        reader = LogFollower(Path(directory), LogFollower.rewind_position(log.begin))
        # The log may have grown since: what follows is still to be polled.
        while (entries := reader.poll(limit=1)) and reader.position <= log.begin:
            for entry in entries:
                log.observe(entry)
                if isinstance(entry, HistoryRecord):
                    log.last_step = entry.step
                    self._owner = directory
        reader.close()


def _overwrites(log: _LogState, step: int, before: _LogState) -> bool:
    """Return whether history that starts at `step` replaces that of an earlier log."""
    if before.is_earlier and not log.is_earlier:
        return False  # an execution continues the earlier ones
    return before.last_step is not None and step <= before.last_step
