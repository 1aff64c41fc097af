"""Shared by the cells of the chaos matrix: the code of a run, its own record, the faults.

Every execution of a run records its start and its end in a file that no fault affects, so what was
executed is known independently of what is being tested.
"""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

RUNS = 8
AGENTS = 2
STEPS = 10
JOURNAL_FILE = "CHAOS_LEDGER"
CONFIG = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {"x": {"values": list(range(RUNS))}},
}
PATIENCE_S = 60.0
SETTLING_S = 20.0
DISK_MB = 24


def train() -> None:
    """Do what every run does: log for a second, and record start and end."""
    import os  # noqa: PLC0415 - the source of this function is also a program
    import time  # noqa: PLC0415

    import wandb  # noqa: PLC0415

    def note(word: str) -> None:
        file = os.open(os.environ["CHAOS_LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, f"{word} {run.config['x']}\n".encode())
        os.close(file)

    with wandb.init() as run:
        note("begin")
        for step in range(10):
            run.log({"loss": run.config["x"] + step})
            time.sleep(0.1)
    note("end")


PROGRAM = f"{inspect.getsource(train)}\ntrain()\n"


@dataclass
class Outcome:
    """The outcome of one cell of the matrix.

    Attributes
    ----------
    finished
        Sets of parameters whose code finished and which are recorded so, with each step once.
    failed
        Sets of parameters that are recorded as failed, killed or crashed.
    doubled
        Sets of parameters whose code finished more than once.
    left
        Processes that were still alive when everything had ended.
    state
        How the sweep ended.
    told
        What was reported to users.
    """

    finished: int
    failed: int
    doubled: int
    left: int
    state: str
    messages: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """How many sets of parameters neither finished nor are recorded as failed."""
        return RUNS - self.finished - self.failed


class RunJournal:
    """The runs' own record of their executions."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.touch()
        os.environ[JOURNAL_FILE] = str(file)

    def count(self, word: str) -> Counter[int]:
        """Return how often each set of parameters has started, or finished."""
        lines = [line.split() for line in self._file.read_text("utf-8").splitlines()]
        return Counter(int(line[1]) for line in lines if line[0] == word)

    @property
    def doubled(self) -> int:
        """How many sets of parameters finished more than once."""
        return sum(times > 1 for times in self.count("end").values())

    def is_midway(self, underway: int = AGENTS) -> bool:
        """Return whether runs have ended, and this many others are still running."""
        started, ended = self.count("begin"), self.count("end")
        return len(ended) >= AGENTS and sum(started.values()) - sum(ended.values()) >= underway


def wait_until(condition: Callable[[], object], timeout: float = PATIENCE_S) -> bool:
    """Wait until a condition holds; return whether it did."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def inject_fault(pid: int, fault: str, seconds: float) -> None:
    """Kill a process, or stop it for some time."""
    if fault == "SIGKILL":
        os.kill(pid, signal.SIGKILL)
        return
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def damage(database: Path) -> None:
    """Overwrite a database with garbage, in place."""
    database.write_bytes(os.urandom(max(50_000, database.stat().st_size)))


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of a few megabytes; only root can."""
    folder.mkdir()
    kind = ["-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs"]
    subprocess.run(["mount", *kind, str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, seconds: float) -> None:
    """Fill a disk for some time."""
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"0" * 4096)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:  # refill the space of files that are deleted meanwhile
        with suppress(OSError), filler.open("ab", buffering=0) as file:
            while True:
                file.write(b"0" * 4096)
        time.sleep(0.1)
    filler.unlink()


def processes_named(processes: list[psutil.Process], word: str) -> list[psutil.Process]:
    """Return those of the processes whose command line contains a word."""
    matches = []
    for process in processes:
        with suppress(psutil.Error):
            if any(word in part for part in process.cmdline()):
                matches.append(process)
    return matches
