"""What happens in a Dask worker: slots that wait for a run's end, and the hosts of sweeps.

A slot is a Dask task that occupies a thread of the worker while a run is executed. The worker
itself executes no run: it passes requests of the supervisor on to the host of its sweep, a process
of its own, and starts that.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from distributed import Status, Worker, get_worker

from wandb_magic.bundle.manifest import (
    TRUST_VARIABLE,
    WORKING_DIR_VARIABLE,
    inheritable_environment,
)
from wandb_magic.child_process import module_process
from wandb_magic.launchers.file_mirror import write_chunk
from wandb_magic.launchers.file_stream import FileChunk
from wandb_magic.launchers.frames import read_frame, write_frame
from wandb_magic.launchers.host import ENDED
from wandb_magic.paths import SweepPaths, make_folder, open_private
from wandb_magic.records import RunId, SweepId

HANDLER = "wandb_magic"
"""The worker's handler for the supervisor's requests."""

METADATA = "wandb-magic"
"""Where the scheduler keeps on which worker each slot is."""

LEASE_S = 60.0
"""A slot without a run is released if its supervisor has not asked for it for so long."""

ANNOUNCE_TIMEOUT_S = 30.0
EXIT_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 10.0
NANNY_GRACE_S = 4.0  # a nanny kills its worker after eight seconds
SEND_S = 30.0  # for the supervisor to receive the files of interrupted runs
_CLOSING = (Status.closing, Status.closed, Status.failed, Status.stopping)


@dataclass
class Slot:
    """A thread of a worker that waits for the end of a run."""

    sweep: str
    run: str = ""
    renewed: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def has_expired(self) -> bool:
        """Whether its supervisor has not asked for it for too long."""
        return time.monotonic() - self.renewed > LEASE_S


class HostProcess:
    """The host of a sweep, as its worker sees it.

    Parameters
    ----------
    session
        Identifies the supervisor's connection for which it was started.
    process, streams
        The process, and the connection to it.
    state
        The worker's state.
    sweep
        The sweep.
    grace
        How long its runs may take to end when they are interrupted, in seconds.
    """

    def __init__(
        self,
        session: str,
        process: subprocess.Popen[bytes],
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        state: WorkerState,
        sweep: str,
        grace: float,
    ) -> None:
        self.session = session
        self._grace = grace
        self.is_alive = True
        self._process = process
        self._reader, self._writer = streams
        self._state = state
        self._sweep = sweep
        self._answers: dict[int, asyncio.Future[bytes]] = {}
        self._number = ENDED
        self._receiving = asyncio.create_task(self._receive())

    async def _receive(self) -> None:
        with suppress(EOFError):
            while True:
                number, message = await read_frame(self._reader)
                if number == ENDED:
                    self._state.release_run(self._sweep, message.decode())
                    continue
                answer = self._answers.pop(number, None)
                if answer is not None and not answer.done():
                    answer.set_result(message)
        self.is_alive = False
        self._writer.close()
        for answer in self._answers.values():
            answer.cancel()
        await asyncio.to_thread(self._process.wait)

    async def ask(self, request: dict[str, Any]) -> bytes | None:
        """Return the host's answer; None if it has exited."""
        if not self.is_alive:
            return None
        self._number += 1
        answer = self._answers[self._number] = asyncio.get_running_loop().create_future()
        write_frame(self._writer, self._number, json.dumps(request).encode())
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            if answer.cancelled():
                return None
            raise

    async def preempt(self, limit: float) -> None:
        """Interrupt its runs, and wait until the supervisor has their files.

        Parameters
        ----------
        limit
            The longest time that runs may take to end, in seconds.
        """
        grace = min(self._grace, limit)
        with suppress(asyncio.TimeoutError):
            request = {"op": "preempt", "grace": grace}
            await asyncio.wait_for(self.ask(request), grace + SEND_S)

    async def kill(self) -> None:
        """Kill the host; its runs continue."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        await asyncio.wait([self._receiving], timeout=EXIT_TIMEOUT_S)

    async def end(self) -> None:
        """End the host and its runs."""
        self._writer.close()
        await asyncio.wait([self._receiving], timeout=EXIT_TIMEOUT_S)
        if self.is_alive:
            await self.kill()


class WorkerState:
    """What a worker knows of the sweeps whose runs it executes.

    Its methods belong to the worker's event loop, except for those of slots.
    """

    _states: ClassVar[WeakKeyDictionary[Worker, WorkerState]] = WeakKeyDictionary()
    _lock = threading.Lock()

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._hosts: dict[str, HostProcess] = {}
        self._preempting: asyncio.Future[Any] | None = None
        self.slots: dict[str, Slot] = {}

    @classmethod
    def of(cls, worker: Worker) -> WorkerState:
        """Return the state of a worker, which answers requests from then on."""
        with cls._lock:
            state = cls._states.get(worker)
            if state is None:
                state = cls._states[worker] = cls(worker)
                worker.handlers[HANDLER] = state.handle
                worker.plugins[HANDLER] = ClosingPlugin(state)
                worker.loop.add_callback(state.handle_sigterm)
            return state

    def _paths(self, sweep: str) -> SweepPaths:
        root = Path(self._worker.local_directory) / f"wandb-magic-{sweep}"
        return SweepPaths(root / "wandb" / SweepPaths.of(root, SweepId(sweep)).folder.name)

    async def handle(self, request: dict[str, Any], data: bytes = b"") -> dict[str, Any]:
        """Answer a request of a supervisor; never raises, as Dask would log the request."""
        try:
            if request["op"] == "write":
                return await asyncio.to_thread(self._write, request, data)
            operation = {
                "open": self._open,
                "start": self._start,
                "ask": self._ask,
                "slots": self._renew,
                "close": self._close,
            }[request["op"]]
            return await operation(request)
        except Exception as error:  # noqa: BLE001 - the supervisor decides
            return {"error": f"{type(error).__name__}: {error}"}

    def handle_sigterm(self) -> None:
        """Interrupt the runs on SIGTERM, before Dask ends the worker and its connections."""
        if threading.current_thread() is not threading.main_thread():
            return  # a cluster in the process of its user

        def on_sigterm(*_: object) -> None:
            # The next one acts at once.
            signal.signal(signal.SIGTERM, signal.SIG_DFL if self._worker.nanny is None else before)
            loop.call_soon_threadsafe(lambda: tasks.append(loop.create_task(preempt())))

        async def preempt() -> None:
            await self.preempt()
            if self._worker.nanny is None:
                # Dask's handler cancels whatever closes the worker, and may then wait forever.
                await self._worker.close(reason="SIGTERM")
            else:
                signal.raise_signal(signal.SIGTERM)

        loop = self._worker.loop.asyncio_loop
        tasks: list[asyncio.Task[None]] = []
        before = signal.signal(signal.SIGTERM, on_sigterm)

    async def preempt(self) -> None:
        """Interrupt all runs, because the worker is closing; they continue elsewhere."""
        if self._preempting is None:
            limit = math.inf if self._worker.nanny is None else NANNY_GRACE_S
            self._preempting = asyncio.gather(
                *(host.preempt(limit) for host in self._hosts.values())
            )
        await asyncio.shield(self._preempting)

    async def _open(self, request: dict[str, Any]) -> dict[str, Any]:
        """Prepare a sweep's folder, without a host of an earlier supervisor."""
        if self._preempting is not None:
            raise RuntimeError("this worker is being shut down")
        sweep = request["sweep"]
        host = self._hosts.pop(sweep, None)
        if host is not None:
            await host.kill()
        paths = self._paths(sweep)
        for folder in (paths.bundle, paths.runs):
            make_folder(folder, exist_ok=True)
        return {
            "folder": str(paths.folder),
            "executable": sys.executable,
            "instance": self._worker.id,
            "threads": self._worker.state.nthreads,
            "bundle": {
                path.relative_to(paths.bundle).as_posix(): path.stat().st_size
                for path in paths.bundle.rglob("*")
                if path.is_file()
            },
        }

    def _write(self, request: dict[str, Any], data: bytes) -> dict[str, Any]:
        name, offset, size = request["name"], request["offset"], request["size"]
        chunk = FileChunk(RunId(""), name, offset, data, size, request["modified"])
        write_chunk(self._paths(request["sweep"]), chunk)
        return {}

    async def _start(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start the sweep's host."""
        sweep, paths = request["sweep"], self._paths(request["sweep"])
        work = paths.root / "work"
        make_folder(work, exist_ok=True)
        environment = {
            **inheritable_environment(os.environ),
            **request["environment"],
            TRUST_VARIABLE: request["statement"],
            WORKING_DIR_VARIABLE: str(work),
        }
        ours, theirs = socket.socketpair()
        with theirs, open_private(paths.log, "ab") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: ASYNC220 - it takes a millisecond
                **module_process(
                    *("wandb_magic.launchers.host", str(paths.folder), str(theirs.fileno())),
                    *(str(self._worker.state.nthreads), json.dumps(request["slots"])),
                    str(request["grace"]),
                    environment=environment,
                ),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        streams = await asyncio.open_connection(sock=ours)
        self._hosts[sweep] = HostProcess(
            request["session"], process, streams, self, sweep, request["grace"]
        )
        return {}

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Pass a request on to the host; the answer says whether it has exited."""
        host = self._hosts.get(request["sweep"])
        if host is None or host.session != request["session"]:
            return {"gone": True}
        self._renew_slots(request["sweep"], request.get("slots", ()))
        for name, content, modified in request.get("files", ()):
            part = {"sweep": request["sweep"], "name": name, "size": len(content)}
            self._write({**part, "offset": 0, "modified": modified}, content)
        if "slot" in request and (slot := self.slots.get(request["slot"])) is not None:
            slot.run = request["message"]["run"]
        answer = await host.ask(request["message"])
        return {"gone": True} if answer is None else {"data": answer}

    async def _renew(self, request: dict[str, Any]) -> dict[str, Any]:
        self._renew_slots(request["sweep"], request["slots"])
        for key in request["release"]:
            if (slot := self.slots.get(key)) is not None:
                slot.done.set()
        return {}

    def _renew_slots(self, sweep: str, keys: list[str]) -> None:
        now = time.monotonic()
        for key, slot in self.slots.items():
            if key in keys or (slot.run and slot.sweep == sweep):
                slot.renewed = now

    async def _close(self, request: dict[str, Any]) -> dict[str, Any]:
        """End a sweep's host, and remove what it has here."""
        sweep = request["sweep"]
        host = self._hosts.pop(sweep, None)
        self._release(sweep)
        if host is not None:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(host.ask({"op": "close"}), CLOSE_TIMEOUT_S)
            await host.end()
        root = self._paths(sweep).root
        await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)
        return {}

    def release_run(self, sweep: str, run: str) -> None:
        """Let the slot of a run that has ended expire, unless its supervisor needs it again."""
        for slot in list(self.slots.values()):
            if (slot.sweep, slot.run) == (sweep, run):
                slot.run, slot.renewed = "", time.monotonic()

    def _release(self, sweep: str) -> None:
        for slot in list(self.slots.values()):
            if slot.sweep == sweep:
                slot.done.set()

    def is_needed(self, slot: Slot) -> bool:
        """Return whether a slot still executes a run, or may be asked to."""
        if slot.done.is_set():
            return False
        host = self._hosts.get(slot.sweep)
        return not slot.has_expired or (bool(slot.run) and host is not None and host.is_alive)


class ClosingPlugin:
    """Dask's worker plugin that lets the runs of a closing worker end in order.

    Parameters
    ----------
    state
        The worker's state.
    """

    def __init__(self, state: WorkerState) -> None:
        self._state = state

    async def teardown(self, worker: Worker) -> None:  # noqa: ARG002 - Dask's interface
        """Interrupt the runs; the worker waits for it."""
        await self._state.preempt()


def install(dask_worker: Worker) -> str:
    """Make a worker answer the supervisor's requests; return its id."""
    WorkerState.of(dask_worker)
    return str(dask_worker.id)


def hold_slot(sweep: str, index: int, key: str) -> None:
    """Occupy a thread of this worker until a run has ended; tell the scheduler where."""
    worker = get_worker()
    state = WorkerState.of(worker)
    slot = state.slots[key] = Slot(sweep)
    try:
        loop = worker.loop.asyncio_loop
        announced = asyncio.run_coroutine_threadsafe(_announce(worker, sweep, index, key), loop)
        if announced.result(ANNOUNCE_TIMEOUT_S):
            while state.is_needed(slot) and worker.status not in _CLOSING:
                slot.done.wait(1.0)
    finally:
        state.slots.pop(key, None)


async def _announce(worker: Worker, sweep: str, index: int, key: str) -> bool:
    """Tell the scheduler where a slot is; return whether this is its first execution.

    Dask repeats the task of a worker that has died; its run is started again with another slot.
    """
    keys = [METADATA, sweep, str(index)]
    known = await worker.scheduler.get_metadata(keys=keys, default=None)
    if known and known[0] == key:
        return False
    await worker.scheduler.set_metadata(keys=keys, value=[key, worker.address])
    return True
