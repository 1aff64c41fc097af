"""The wandb-core that all runs of a runner share, kept alive while runs start and end."""

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
from wandb_magic.runner.wandb_preload import (
    IDLE_TIMEOUT_MINUTES,
    has_shared_core,
    remove_core_sockets,
    start_core,
)

SWEEP_ENV = "WANDB_MAGIC_CORE_OF"
EXIT_TIMEOUT_S = 10.0
NOTE_INTERVAL_S = 30.0  # between updates of the note
MAX_NOTE_AGE_S = 120.0  # a core used more recently is far from its idle timeout


class SharedCore:
    """One shared wandb-core, with a note of it on disk for the next supervisor.

    Parameters
    ----------
    sweep
        The sweep's folder: a core has it in its environment, so that it can be identified.
    bundle
        The bundle's folder: a core runs in the same directory as the runs.
    environment
        The environment to start it with.
    """

    def __init__(self, sweep: Path, bundle: Path, environment: Mapping[str, str]) -> None:
        self._sweep = sweep
        self._bundle = bundle
        self._environment = {**environment, SWEEP_ENV: str(sweep)}
        self._starting = asyncio.Lock()
        self._requested: asyncio.Future[str] | None = None
        self._earlier: set[int] = set()  # the cores before the last start
        self._process: ProcessId | None = None
        self._used_at = 0.0
        self._noted_at = 0.0
        self.token: str | None = None
        self.deaths = 0  # of cores that were in use

    def request(self) -> str | None:
        """Return how the fork server, which imports wandb anyway, is to start the first core.

        `on_started` must follow. None if a core is running, or cannot be shared.
        """
        self._adopt()
        if self.token is not None or not has_shared_core():
            return None
        self._requested = asyncio.get_running_loop().create_future()
        self._earlier = {core.pid for core in self._find_cores()}
        return json.dumps(
            {"directory": self._directory(), "variables": {SWEEP_ENV: str(self._sweep)}}
        )

    def on_started(self, token: str) -> None:
        """Note what became of the start that was requested; "" if the core did not start."""
        if self._requested is not None and not self._requested.done():
            self._requested.set_result(token)

    async def ensure(self) -> str | None:
        """Return the token of a running core; None if this version of wandb cannot share one."""
        async with self._starting:
            if (
                self.token is not None
                and self._process is not None
                and not is_alive(self._process)
            ):
                self.deaths += not self._is_idle()
            await self._receive_requested()
            if self.token is None and self._process is None:
                self._adopt()
            if self.token is None or self._is_dead():
                await self._start()
        self.keepalive()
        return self.token

    async def _receive_requested(self) -> None:
        """Wait for the core that the fork server was requested to start, if it was."""
        if self._requested is None:
            return
        token = await self._requested
        self._requested = None
        if token:
            self.token, self._used_at = token, time.monotonic()
            self._find_started()

    def _adopt(self) -> None:
        """Adopt the core of an earlier supervisor, if it is alive and was used recently."""
        file = SweepPaths(self._sweep).core
        try:
            note = read_json_object(file) or {}
            process = ProcessId(int(note["pid"]), str(note["started"]))
            age = time.time() - file.stat().st_mtime
            if is_alive(process) and 0 <= age < MAX_NOTE_AGE_S:
                self.token, self._process = str(note["token"]), process
                self._used_at = time.monotonic()
        except (OSError, ValueError, TypeError, KeyError):
            return

    def _write_note(self) -> None:
        """Write a note of the core for the next supervisor; its time shows the last use."""
        if self.token is not None and self._process is not None:
            note = {"token": self.token, **asdict(self._process)}
            with suppress(OSError):
                write_atomically(SweepPaths(self._sweep).core, json.dumps(note))

    async def _start(self) -> None:
        self._earlier = {core.pid for core in self._find_cores()}
        self.token = await asyncio.to_thread(start_core, self._environment, self._directory())
        self._find_started()

    def _find_started(self) -> None:
        started = [core for core in self._find_cores() if core.pid not in self._earlier]
        self._process = process_identity(started[0].pid) if len(started) == 1 else None
        self._noted_at = 0.0

    def _directory(self) -> str:
        # A child of a run shares the core, but not the patch that makes the run's paths absolute.
        with suppress(
            OSError, ValueError, KeyError
        ):  # the fork server reports what is wrong with it
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
        # It exits by itself after an idle time; do not race with that.
        return self._is_idle() or (self._process is not None and not is_alive(self._process))

    def _is_idle(self) -> bool:
        return time.monotonic() - self._used_at > (IDLE_TIMEOUT_MINUTES - 1) * 60

    async def stop(self) -> None:
        """Stop every core that was started for this sweep, also by earlier supervisors."""
        self.token = None
        with suppress(
            OSError
        ):  # on a disk that cannot be written, the note of a dead core is harmless
            SweepPaths(self._sweep).core.unlink(missing_ok=True)
        cores = self._find_cores()
        await asyncio.to_thread(_terminate_all, cores)
        # A core ends its system monitor with it, unless it was killed.
        await asyncio.to_thread(_terminate_all, self._find_processes("wandb-symon"))
        for core in cores:
            remove_core_sockets(core.pid)

    def _find_cores(self) -> list[psutil.Process]:
        """Return the running cores that were started for this sweep."""
        cores = self._find_processes("wandb-core")
        pids = {core.pid for core in cores}
        # A program that a core starts has its name until it executes.
        return [core for core in cores if _parent(core) not in pids]

    def _find_processes(self, name: str) -> list[psutil.Process]:
        processes = []
        for process in psutil.process_iter():
            try:
                if process.name() == name and process.environ().get(SWEEP_ENV) == str(self._sweep):
                    processes.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return processes


def _parent(process: psutil.Process) -> int | None:
    with suppress(psutil.Error):
        return process.ppid()
    return None


def _terminate_all(processes: list[psutil.Process]) -> None:
    """Terminate processes, and wait until they have exited."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, survivors = psutil.wait_procs(processes, EXIT_TIMEOUT_S)
    for process in survivors:
        process.kill()
    psutil.wait_procs(survivors, EXIT_TIMEOUT_S)
