"""Seeing runs through: follow their logs, notice their ends, give the last word about each."""

from __future__ import annotations

import logging
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from wandb_magic.host.events import Ended, Event, Logged, Notice, Refused
from wandb_magic.host.forks import reap
from wandb_magic.host.living import PATIENCE_S, Living, Parent, signal_group
from wandb_magic.paths import sync_to_disk
from wandb_magic.processes import alive, memory_kills
from wandb_magic.records import RunId
from wandb_magic.template import ending_of

MISSING_PATIENCE_S = 5.0  # a run that ended well is no failure before its log had time to come
LOG_PATIENCE_S = 0.5  # what a killed run had logged reaches its file within the flush interval
CLOSING_PATIENCE_S = 20.0

logger = logging.getLogger(__name__)


class Watch:
    """The runs of a host that have not had their last word.

    Parameters
    ----------
    say
        Hears what the runs log and how they end.
    close_record
        Starts the process that writes a dead run's exit code into W&B's record of it, if it can.
    """

    def __init__(
        self,
        say: Callable[[Event], None],
        close_record: Callable[[Living, int], subprocess.Popen[bytes] | None],
    ) -> None:
        self._say = say
        self._close_record = close_record
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self._living: dict[RunId, Living] = {}

    def make_durable(self, path: Path, *before: Path) -> None:
        """Let a file of a run outlive a loss of power soon, while nobody waits for the disk.

        Those `before` it are synced first: where it is found later, they are whole.
        """
        self._disk.submit(sync_to_disk, *before, path, path.parent)

    def close(self) -> None:
        """See to it that all is on disk."""
        self._disk.shutdown()

    def add(self, living: Living) -> None:
        """Begin to watch a run."""
        self._living[living.job.run] = living

    def get(self, run: RunId) -> Living | None:
        """Return a watched run."""
        return self._living.get(run)

    def living(self) -> list[Living]:
        """Return all watched runs."""
        return list(self._living.values())

    def poll(self) -> None:
        """Follow all logs, and notice the ends that no template reports."""
        for living in self.living():
            try:
                self._poll(living)
            except OSError as error:
                # A disk may be full, or away for a moment: the next look may see more.
                if not living.unreadable:
                    logger.warning("run %s: %s", living.job.run, error)
                    self._say(Notice(f"what a run logs cannot be read: {error.strerror or error}"))
                living.unreadable = True
                if living.waited > CLOSING_PATIENCE_S:
                    self._give_up(living, str(error))
            except Exception as error:
                logger.exception("run %s", living.job.run)
                self._give_up(living, f"{type(error).__name__}: {error}")
            while living.damaged:
                name = living.damaged.pop()
                self._say(
                    Notice(f"{name} of a run was empty or damaged: it counts as not written")
                )

    def _poll(self, living: Living) -> None:
        if living.ending is not None:
            self._follow(living)
            self._conclude(living)
            return
        if living.confirmed:
            self._look(living)
        if living.ending is None:
            self._follow(living)

    def _give_up(self, living: Living, problem: str) -> None:
        """Give the last word about a run that cannot be followed; the others go on."""
        if living.process is not None and alive(living.process):
            signal_group(living.process.pid, signal.SIGKILL)
        living.logs.close()
        del self._living[living.job.run]
        if not living.said:
            error = f"it could not be followed: {problem}"
            self._say(Ended(living.job.run, 1, None, error, time.time()))

    def children(self) -> set[int]:
        """Return the processes whose ends are waited for elsewhere."""
        own = {living.process.pid for living in self.living() if living.process is not None}
        return own | {living.closing.pid for living in self.living() if living.closing}

    def end(self, living: Living, message: Mapping[str, Any]) -> None:
        """Take note that a run's process has ended, with an exit code or a signal if known."""
        claimant = living.claimant()
        if claimant is not None and living.process is not None:
            if claimant.pid != living.process.pid:
                # The process that ended had found the run taken: watch the one that took it.
                living.process, living.parent = claimant, Parent.NOBODY
                living.started_cold = None
                return
            # What the run left behind goes with it.
            signal_group(living.process.pid, signal.SIGKILL)
        living.ending = {"ended": time.time(), **message, **(living.read_exit() or {})}
        place = Path(living.logs.directory or living.job.folder)
        self.make_durable(living.job.paths.exit, *place.glob("run-*.wandb"), place)
        living.gone_since = time.monotonic()
        self._follow(living)
        self._conclude(living)

    def _look(self, living: Living) -> None:
        if living.parent is Parent.TEMPLATE or living.process is None:
            return
        if living.parent is Parent.HOST:
            status = _status(living)
            if status is not None:
                self.end(living, ending_of(status))
                return
        if alive(living.process):
            return
        if living.gone_since is None:
            living.gone_since = time.monotonic()
        written = living.read_exit()
        if written is not None:
            self.end(living, written)
        elif living.waited > PATIENCE_S:
            self.end(living, {})

    def _follow(self, living: Living) -> None:
        for directory, entries, position in living.logs.poll():
            self._say(Logged(living.job.run, directory, entries, position))
        if reason := living.refusal():
            self._say(Refused(living.job.run, reason, living.logs.directory))

    def _conclude(self, living: Living) -> None:
        assert living.ending is not None
        living.logs.look_around()
        complete = living.logs.complete
        patience = LOG_PATIENCE_S
        if living.ending.get("code") == 0 and living.logs.missing:
            patience = MISSING_PATIENCE_S
        if not living.said and (complete or living.waited > patience):
            living.said = True
            if not complete:
                living.reason = living.reason or _how(living.ending)
                living.closing = self._close_record(living, _exit_code(living.ending))
            self._say(_last_word(living, living.ending))
        if living.said and _closed(living, complete=complete):
            if living.ending.get("code") == 0 and living.has_lost_records():
                self._say(
                    Notice(
                        f"run {living.job.run} ended well, but wandb could not write all that it "
                        "logged, as when the disk is full: a part of its history is lost"
                    )
                )
            living.logs.close()
            del self._living[living.job.run]


def _last_word(living: Living, ending: Mapping[str, Any]) -> Ended:
    killed = ending.get("signal")
    error = ending.get("error", "")
    if not error and living.job.command and ending.get("code"):
        error = living.read_traceback()
    return Ended(
        run=living.job.run,
        code=ending.get("code"),
        signal=killed,
        error=error,
        cause=ending.get("cause") or living.logs.cause,
        at=ending["ended"],
        stopped=ending.get("stopped", ""),
        recorded=living.logs.exit_code,
        unlogged=living.logs.missing,
        hung=living.hung and killed == signal.SIGKILL,
        memory_killer=killed == signal.SIGKILL and memory_kills() > living.memory_kills,
    )


def _how(ending: Mapping[str, Any]) -> str:
    killed = ending.get("signal")
    return f"killed by signal {killed}" if killed else f"exit code {ending.get('code', 'unknown')}"


def _exit_code(ending: Mapping[str, Any]) -> int:
    """Return the exit code as shells count it."""
    killed = ending.get("signal")
    return 128 + killed if killed else int(ending.get("code", 1))


def _closed(living: Living, *, complete: bool) -> bool:
    """Tell whether nothing more will come from a run that has ended."""
    if living.closing is None:
        return True
    if living.closing.poll() is None:
        if living.waited < CLOSING_PATIENCE_S:
            return False
        living.closing.kill()
        living.closing.wait()
    return complete or living.waited > PATIENCE_S


def _status(living: Living) -> int | None:
    """Return the wait status of a run whose parent is this process, None while it runs."""
    if living.started_cold is None:
        assert living.process is not None
        return reap(living.process.pid)
    if living.started_cold.poll() is None:
        return None
    code = living.started_cold.returncode
    return -code if code < 0 else code << 8
