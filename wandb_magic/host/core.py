"""The wandb-core that all runs of a host share, kept alive while runs come and go."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import psutil

from wandb_magic.bundle import Manifest
from wandb_magic.paths import SweepPaths, read_object, write_atomically
from wandb_magic.processes import alive, identify
from wandb_magic.records import Process
from wandb_magic.warm import IDLE_TIMEOUT_MINUTES, clear_after_core, start_core

MARK = "WANDB_MAGIC_CORE_OF"
PATIENCE_S = 10.0
NOTE_S = 30.0  # between two words of a core's use
FRESH_S = 120.0  # so long after the last one it is far from ending by itself


class SharedCore:
    """One shared wandb-core, and word of it on disk for whoever has to clean up.

    Parameters
    ----------
    sweep
        The sweep's folder: a core carries it in its environment, to be found again.
    bundle
        The bundle's folder: a core works in the same directory as the runs.
    environment
        The environment to start it with.
    """

    def __init__(self, sweep: Path, bundle: Path, environment: Mapping[str, str]) -> None:
        self._sweep = sweep
        self._bundle = bundle
        self._environment = {**environment, MARK: str(sweep)}
        self._starting = asyncio.Lock()
        self._process: Process | None = None
        self._used = 0.0
        self._noted = 0.0
        self.token: str | None = None
        self.deaths = 0  # of cores that were in use

    async def ensure(self) -> str | None:
        """Return the token of a living core; None if this version of wandb shares none."""
        async with self._starting:
            if self.token is not None and self._process is not None and not alive(self._process):
                self.deaths += not self._idle()
            if self.token is None and self._process is None:
                self._take_over()
            if self.token is None or self._gone():
                await self._start()
        self.touch()
        return self.token

    def _take_over(self) -> None:
        """Go on with the core of an earlier supervisor, if it lives and was used a moment ago."""
        file = SweepPaths(self._sweep).core
        try:
            known = read_object(file) or {}
            process = Process(int(known["pid"]), str(known["started"]))
            age = time.time() - file.stat().st_mtime
            if alive(process) and 0 <= age < FRESH_S:
                self.token, self._process = str(known["token"]), process
                self._used = time.monotonic()
        except (OSError, ValueError, TypeError, KeyError):
            return

    def _note(self) -> None:
        """Leave word of the core for the next supervisor: that it is there, and was just used."""
        if self.token is not None and self._process is not None:
            word = {"token": self.token, **asdict(self._process)}
            with suppress(OSError):
                write_atomically(SweepPaths(self._sweep).core, json.dumps(word))

    async def _start(self) -> None:
        before = {core.pid for core in self._cores()}
        self.token = await asyncio.to_thread(start_core, self._environment, self._directory())
        started = [core for core in self._cores() if core.pid not in before]
        self._process = identify(started[0].pid) if len(started) == 1 else None
        self._noted = 0.0

    def _directory(self) -> str:
        # A child of a run shares its core, but not what makes the run's own paths absolute.
        with suppress(OSError, ValueError, KeyError):  # the template says what is wrong with it
            directory = Manifest.read(self._bundle).directory
            if Path(directory).is_dir():
                return directory
        return str(self._sweep)

    def touch(self) -> None:
        """Note that a run is using it."""
        self._used = time.monotonic()
        if self._used - self._noted > NOTE_S:
            self._noted = self._used
            self._note()

    def _gone(self) -> bool:
        # It ends by itself when nobody has used it for a while; do not race with that.
        return self._idle() or (self._process is not None and not alive(self._process))

    def _idle(self) -> bool:
        return time.monotonic() - self._used > (IDLE_TIMEOUT_MINUTES - 1) * 60

    async def stop(self) -> None:
        """Stop every core that was ever started for this sweep, by earlier supervisors too."""
        self.token = None
        with suppress(OSError):  # on a disk that cannot be written it tells of no living core
            SweepPaths(self._sweep).core.unlink(missing_ok=True)
        cores = self._cores()
        await asyncio.to_thread(_see_off, cores)
        # A core takes its monitor of the machine along, unless it was killed.
        await asyncio.to_thread(_see_off, self._processes("wandb-symon"))
        for core in cores:
            clear_after_core(core.pid)

    def _cores(self) -> list[psutil.Process]:
        """Return the living cores that were started for this sweep."""
        return self._processes("wandb-core")

    def _processes(self, name: str) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.name() == name and process.environ().get(MARK) == str(self._sweep):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found


def _see_off(processes: list[psutil.Process]) -> None:
    """End processes, and wait until they are gone."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, deaf = psutil.wait_procs(processes, PATIENCE_S)
    for process in deaf:
        process.kill()
    psutil.wait_procs(deaf, PATIENCE_S)
