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
from wandb_magic.paths import SweepPaths, read_json_object, write_atomically
from wandb_magic.processes import is_alive, process_identity
from wandb_magic.records import ProcessId
from wandb_magic.runner.wandb_preload import IDLE_TIMEOUT_MINUTES, remove_core_sockets, start_core

SWEEP_ENV = "WANDB_MAGIC_CORE_OF"
EXIT_TIMEOUT_S = 10.0
NOTE_INTERVAL_S = 30.0  # between two words of a core's use
MAX_NOTE_AGE_S = 120.0  # so long after the last one it is far from ending by itself


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
        self._environment = {**environment, SWEEP_ENV: str(sweep)}
        self._starting = asyncio.Lock()
        self._process: ProcessId | None = None
        self._used_at = 0.0
        self._noted_at = 0.0
        self.token: str | None = None
        self.deaths = 0  # of cores that were in use

    async def ensure(self) -> str | None:
        """Return the token of a living core; None if this version of wandb shares none."""
        async with self._starting:
            if (
                self.token is not None
                and self._process is not None
                and not is_alive(self._process)
            ):
                self.deaths += not self._is_idle()
            if self.token is None and self._process is None:
                self._adopt()
            if self.token is None or self._is_dead():
                await self._start()
        self.keepalive()
        return self.token

    def _adopt(self) -> None:
        """Go on with the core of an earlier supervisor, if it lives and was used a moment ago."""
        file = SweepPaths(self._sweep).core
        try:
            known = read_json_object(file) or {}
            process = ProcessId(int(known["pid"]), str(known["started"]))
            age = time.time() - file.stat().st_mtime
            if is_alive(process) and 0 <= age < MAX_NOTE_AGE_S:
                self.token, self._process = str(known["token"]), process
                self._used_at = time.monotonic()
        except (OSError, ValueError, TypeError, KeyError):
            return

    def _write_note(self) -> None:
        """Leave word of the core for the next supervisor: that it is there, and was just used."""
        if self.token is not None and self._process is not None:
            word = {"token": self.token, **asdict(self._process)}
            with suppress(OSError):
                write_atomically(SweepPaths(self._sweep).core, json.dumps(word))

    async def _start(self) -> None:
        before = {core.pid for core in self._find_cores()}
        self.token = await asyncio.to_thread(start_core, self._environment, self._directory())
        started = [core for core in self._find_cores() if core.pid not in before]
        self._process = process_identity(started[0].pid) if len(started) == 1 else None
        self._noted_at = 0.0

    def _directory(self) -> str:
        # A child of a run shares its core, but not what makes the run's own paths absolute.
        with suppress(OSError, ValueError, KeyError):  # the template says what is wrong with it
            directory = Manifest.read(self._bundle).directory
            if Path(directory).is_dir():
                return directory
        return str(self._sweep)

    def keepalive(self) -> None:
        """Note that a run is using it."""
        self._used_at = time.monotonic()
        if self._used_at - self._noted_at > NOTE_INTERVAL_S:
            self._noted_at = self._used_at
            self._write_note()

    def _is_dead(self) -> bool:
        # It ends by itself when nobody has used it for a while; do not race with that.
        return self._is_idle() or (self._process is not None and not is_alive(self._process))

    def _is_idle(self) -> bool:
        return time.monotonic() - self._used_at > (IDLE_TIMEOUT_MINUTES - 1) * 60

    async def stop(self) -> None:
        """Stop every core that was ever started for this sweep, by earlier supervisors too."""
        self.token = None
        with suppress(OSError):  # on a disk that cannot be written it tells of no living core
            SweepPaths(self._sweep).core.unlink(missing_ok=True)
        cores = self._find_cores()
        await asyncio.to_thread(_terminate_all, cores)
        # A core takes its monitor of the machine along, unless it was killed.
        await asyncio.to_thread(_terminate_all, self._find_processes("wandb-symon"))
        for core in cores:
            remove_core_sockets(core.pid)

    def _find_cores(self) -> list[psutil.Process]:
        """Return the living cores that were started for this sweep."""
        return self._find_processes("wandb-core")

    def _find_processes(self, name: str) -> list[psutil.Process]:
        processes = []
        for process in psutil.process_iter():
            try:
                if process.name() == name and process.environ().get(SWEEP_ENV) == str(self._sweep):
                    processes.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return processes


def _terminate_all(processes: list[psutil.Process]) -> None:
    """End processes, and wait until they are gone."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, survivors = psutil.wait_procs(processes, EXIT_TIMEOUT_S)
    for process in survivors:
        process.kill()
    psutil.wait_procs(survivors, EXIT_TIMEOUT_S)
