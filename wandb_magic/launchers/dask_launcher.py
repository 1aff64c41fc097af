"""Executes the runs of a sweep on the workers of a Dask cluster, from the supervisor.

A run needs a slot: a Dask task that occupies a thread of a worker until the run has ended, so that
the cluster's own scheduling and scaling see what the sweep needs. The task does nothing else. This
module alone starts runs, each once, where it was given a slot; Dask may therefore repeat the task.

The host of a sweep on a worker executes the runs. What it reports and what the runs write is
pulled from where it was received last, so a lost connection loses nothing. The machine of the
supervisor need not be reachable from the workers.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from distributed import Client, Future, Security, fire_and_forget

from wandb_magic.bundle import SignedStatement
from wandb_magic.disk import is_transient
from wandb_magic.launchers.dask_worker import HANDLER, METADATA, hold_slot, install
from wandb_magic.launchers.file_mirror import write_chunk
from wandb_magic.launchers.file_stream import CHUNK_BYTES, FileChunk, FileVersion, versions
from wandb_magic.launchers.frames import Report, decode_reports
from wandb_magic.launchers.plugin import SweepContext
from wandb_magic.launchers.relocation import file_name, relocate, wandb_directories
from wandb_magic.launchers.worker_check import probe, worker_problem
from wandb_magic.paths import (
    SweepPaths,
    append_line,
    read_json_object,
    write_atomically,
    write_exclusively,
)
from wandb_magic.records import RunId
from wandb_magic.runner.events import (
    RunExited,
    RunLogged,
    RunnerEvent,
    RunnerFailed,
    RunnerNotice,
    RunnerReady,
    UploadRefused,
)
from wandb_magic.runner.log_tail import RunLogTail
from wandb_magic.runner.run_process import Job

TICK_S = 0.1
PULL_S = 0.15
CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 60.0
SLOT_TIMEOUT_S = 60.0  # for a slot that was there when a run was chosen
IDLE_SLOT_S = 5.0  # before a slot that nobody needs is given back
RENEW_S = 10.0
RECONNECTED_S = 5.0  # for workers to register again with a scheduler that has restarted
CLOSE_TIMEOUT_S = 20.0

log = logging.getLogger(__name__)


class WorkerError(Exception):
    """A worker could not be reached, or has refused a request."""


@dataclass
class Slot:
    """A task that occupies, or will occupy, a thread of a worker."""

    index: int
    key: str
    future: Future | None = None
    address: str = ""  # of the worker, once it was granted
    run: RunId | None = None
    renewed: float = 0.0

    @property
    def is_free(self) -> bool:
        """Whether a run may use it."""
        return bool(self.address) and self.run is None


@dataclass
class HostLink:
    """The connection to the host of this sweep on one worker."""

    address: str
    session: str
    paths: SweepPaths
    executable: str
    instance: str
    threads: int
    confirmed: int = 0
    is_ready: bool = False


@dataclass
class RemoteRun:
    """A run on a worker, or on its way there."""

    job: Job
    logs: RunLogTail
    slot: Slot | None = None
    address: str = ""
    instance: str = ""
    directories: set[str] = field(default_factory=set)


class DaskLauncher:
    """Executes runs on a Dask cluster; it is a `wandb_magic.runner.launcher.Launcher`.

    Parameters
    ----------
    address
        The scheduler's address, as Dask writes it.
    context
        The sweep.
    emit
        Called with each event, in the supervisor's event loop.
    security
        The certificates with which to connect; those of Dask's configuration by default.
    """

    def __init__(
        self,
        address: str,
        context: SweepContext,
        emit: Callable[[RunnerEvent], None],
        security: Security | None = None,
    ) -> None:
        self._address = address
        self._security = security
        self._context = context
        self._paths = context.paths
        self._emit = emit
        self._client: Client | None = None
        self._is_lost = False  # whether there was a connection, and there is none now
        self._settled_at = 0.0
        self._workers: set[str] = set()
        self._problems: dict[str, str] = {}  # by the address of each worker that was checked
        self._slots: dict[int, Slot] = {}
        self._surplus_since: float | None = None
        self._links: dict[str, HostLink] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._pulls: dict[str, asyncio.Task[None]] = {}
        self._runs: dict[RunId, RemoteRun] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_ready = False

    # The launcher

    async def start(self) -> None:
        """Begin to connect to the cluster; `RunnerReady` follows."""
        self._spawn(self._maintain())

    def reserve_slot(self, agent: int, agents: int, *, alone: bool = False) -> str:  # noqa: ARG002
        """Return "" if a worker has a free thread for another run, or what it waits for."""
        if any(slot.is_free for slot in self._slots.values()):
            return ""
        if self._client is None:
            return f"waiting for the Dask scheduler at {self._address}"
        if not self._workers:
            return f"waiting for a Dask worker: the scheduler at {self._address} has none"
        return "waiting for a free thread of a Dask worker"

    def cancel_reservation(self) -> None:
        """Do nothing: slots that nobody needs are given back after a while."""

    async def launch(self, job: Job, positions: Mapping[str, int]) -> None:
        """Start a run whose folder is prepared, on a worker that has a free thread."""
        run = self._add_run(job, positions)
        self._spawn(self._launch(run))

    async def recover(self, job: Job, positions: Mapping[str, int]) -> None:
        """Adopt a run that an earlier supervisor may have started; otherwise start it."""
        run = self._add_run(job, positions)
        try:
            claim = read_json_object(job.paths.process)
        except ValueError:
            claim = {}
        if claim is None:
            self._spawn(self._launch(run))
        else:
            run.address, run.instance = str(claim.get("worker")), str(claim.get("instance"))
            self._spawn(self._adopt(run, str(claim.get("slot"))))

    def signal(self, run: RunId, number: int, reason: str) -> None:
        """Signal a run's whole process group."""
        remote = self._runs.get(run)
        if remote is None:
            return
        # A full disk must not prevent ending a run; the store has the reason as well.
        with suppress(OSError):
            write_atomically(remote.job.paths.stop, reason)
        self._spawn(self._send_signal(remote, number, reason))

    async def close(self) -> None:
        """Release the workers."""
        for task in [*self._tasks, *self._pulls.values()]:
            task.cancel()
        if self._client is not None:
            with suppress(Exception):
                await asyncio.wait_for(self._release_cluster(self._client), CLOSE_TIMEOUT_S)
        for run in self._runs.values():
            run.logs.close()

    async def _release_cluster(self, client: Client) -> None:
        for slot in self._slots.values():
            if slot.future is not None:
                await client.cancel([slot.future], force=True)
        workers = {slot.address for slot in self._slots.values() if slot.address}
        for address in (workers | set(self._links)) & self._workers:
            with suppress(WorkerError):
                await self._request(address, {"op": "close"})
        await client.set_metadata([METADATA, self._context.sweep], {})
        await client.close()

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # An error must reach the loop's handler at once.
        task.add_done_callback(lambda task: task.cancelled() or task.result())

    # The cluster

    async def _maintain(self) -> None:
        """Keep the connection, the slots, and what is known of the workers up to date."""
        while True:
            try:
                await self._connect()
                await self._update_workers()
                await self._update_slots()
            except Exception as error:  # noqa: BLE001
                # Whatever fails here failed in the cluster, which may recover.
                log.warning("the Dask cluster cannot be reached: %s: %s", type(error), error)
                await self._on_disconnected()
            await asyncio.sleep(TICK_S)

    async def _connect(self) -> None:
        if self._client is not None and self._client.status == "running":
            return
        if self._client is not None:
            await self._on_disconnected()
        client = Client(
            self._address,
            asynchronous=True,
            timeout=CONNECT_TIMEOUT_S,
            name="wandb-magic",
            set_as_default=False,
            security=self._security,
        )
        try:
            await client
        except BaseException:
            await client.close(timeout=1)
            raise
        log.info("connected to the Dask scheduler at %s", self._address)
        if self._is_lost:
            self._settled_at = time.monotonic() + RECONNECTED_S
        self._client, self._is_lost = client, False

    async def _on_disconnected(self) -> None:
        """Forget what the scheduler has forgotten as well; runs may still be there."""
        client, self._client = self._client, None
        if not self._is_lost:
            self._is_lost = True
            self._emit(
                RunnerNotice(
                    f"the Dask scheduler at {self._address} does not answer: the sweep waits for "
                    "it, and starts no run meanwhile"
                )
            )
        self._slots = {
            index: replace(slot, future=None)
            for index, slot in self._slots.items()
            if slot.run is not None
        }
        for run in self._runs.values():
            if run.slot is not None:
                run.slot = self._slots.get(run.slot.index)
        if client is not None:
            with suppress(Exception):
                await asyncio.wait_for(client.close(timeout=1), 5)

    async def _update_workers(self) -> None:
        assert self._client is not None
        workers = set(await self._client.nthreads())
        if time.monotonic() < self._settled_at:
            workers |= self._workers
        gone = self._workers - workers
        self._workers = workers
        for address in gone:
            self._on_worker_gone(address)
        new = workers - set(self._problems)
        if new:
            await self._check_workers(sorted(new))
        if not self._is_ready and (not workers or any(map(self._is_fit, workers))):
            self._is_ready = True
            self._emit(RunnerReady())

    def _is_fit(self, address: str) -> bool:
        return self._problems.get(address) == ""

    async def _check_workers(self, addresses: list[str]) -> None:
        """Find out which workers can execute runs, before any of them does."""
        assert self._client is not None
        answers = await asyncio.wait_for(
            self._client.run(probe(), workers=addresses, on_error="return"), ANSWER_TIMEOUT_S
        )
        for address in addresses:
            if isinstance(answers.get(address), (type(None), OSError)):
                continue  # it cannot be reached at present
            problem = self._problems[address] = worker_problem(answers[address])
            if problem:
                self._emit(RunnerNotice(f"the Dask worker at {address} gets no runs: {problem}"))
        checked = [self._problems.get(address, "") for address in self._workers]
        if not self._is_ready and checked and all(checked):
            self._fail(f"no Dask worker can execute runs: {checked[0]}")

    def _fail(self, reason: str, details: str = "") -> None:
        self._emit(RunnerFailed(reason, details or reason))

    def _on_worker_gone(self, address: str) -> None:
        """Report the runs of a worker as lost: it has ended them, or the machine is down."""
        self._problems.pop(address, None)
        self._links.pop(address, None)
        self._opening.pop(address, None)
        if (pull := self._pulls.pop(address, None)) is not None:
            pull.cancel()
        for index, slot in list(self._slots.items()):
            if slot.address == address and slot.run is None:
                self._release(self._slots.pop(index))
        for run in list(self._runs.values()):
            if run.address == address:
                log.warning("run %s is lost: its worker %s is gone", run.job.run, address)
                self._end_run(run, _lost(run))

    # Slots

    async def _update_slots(self) -> None:
        assert self._client is not None
        sweep = str(self._context.sweep)
        waiting = [slot for slot in self._slots.values() if not slot.address]
        if waiting:
            places = await self._client.get_metadata([METADATA, sweep], default={})
            for slot in waiting:
                key, address = places.get(str(slot.index)) or ("", "")
                if key == slot.key and address in self._workers:
                    slot.address = address
                    slot.renewed = time.monotonic()
        for index, slot in list(self._slots.items()):
            if slot.run is None and slot.future is not None and slot.future.done():
                # Its worker has died, cannot execute it, or waited too long.
                self._release(self._slots.pop(index))
        await self._balance_slots()

    async def _balance_slots(self) -> None:
        """Request as many slots as runs could start, and give surplus ones back."""
        now = time.monotonic()
        unused = [slot for slot in self._slots.values() if slot.run is None]
        waiting = sum(run.slot is None and not run.address for run in self._runs.values())
        surplus = len(unused) - self._context.demand() - waiting
        for _ in range(-surplus):
            self._request_slot()
        if surplus <= 0:
            self._surplus_since = None
        elif self._surplus_since is None:
            self._surplus_since = now  # a run may just be on its way here
        elif now - self._surplus_since > IDLE_SLOT_S:
            for slot in sorted(unused, key=lambda slot: bool(slot.address))[:surplus]:
                self._release(self._slots.pop(slot.index))
        for slot in self._slots.values():
            if slot.is_free and now - slot.renewed > RENEW_S:
                slot.renewed = now
                self._spawn(self._renew(slot))

    def _request_slot(self) -> None:
        assert self._client is not None
        index = next(index for index in range(len(self._slots) + 1) if index not in self._slots)
        key = f"wandb-magic-{self._context.sweep}-{secrets.token_hex(6)}"
        unfit = any(self._problems.get(address) for address in self._workers)
        fit = sorted(filter(self._is_fit, self._workers))
        if unfit and not fit:
            return
        future = self._client.submit(
            *(hold_slot, str(self._context.sweep), index, key),
            key=key,
            pure=False,
            retries=0,
            workers=fit if unfit else None,
        )
        self._slots[index] = Slot(index, key, future)

    def _release(self, slot: Slot) -> None:
        """Give a slot back, whether its task has begun or not."""
        self._spawn(self._give_back(slot))

    async def _give_back(self, slot: Slot) -> None:
        if slot.address in self._workers:
            with suppress(WorkerError):
                request = {"op": "slots", "slots": [], "release": [slot.key]}
                await self._request(slot.address, request)
        if slot.future is not None and self._client is not None:
            with suppress(Exception):  # the connection may just have been lost
                await self._client.cancel([slot.future], force=True)

    async def _renew(self, slot: Slot) -> None:
        with suppress(WorkerError):
            request = {"op": "slots", "slots": [slot.key], "release": []}
            await self._request(slot.address, request)

    # Requests to workers

    async def _request(
        self, address: str, request: dict[str, Any], data: bytes = b""
    ) -> dict[str, Any]:
        """Send a request to a worker, through the scheduler; return the answer.

        Raises
        ------
        WorkerError
            If the worker cannot be reached, or refuses.
        """
        client = self._client
        if client is None or client.status != "running":
            raise WorkerError("there is no connection to the scheduler")
        message: dict[str, Any] = {
            "op": HANDLER,
            "request": {"sweep": str(self._context.sweep), **request},
        }
        if data:
            message["data"] = data
        try:
            answers = await asyncio.wait_for(
                client.scheduler.broadcast(msg=message, workers=[address], on_error="ignore"),
                ANSWER_TIMEOUT_S,
            )
        except Exception as error:
            raise WorkerError(f"{type(error).__name__}: {error}") from error
        answer = answers.get(address) if isinstance(answers, dict) else None
        if not isinstance(answer, dict) or "error" in answer or answer.get("status") == "error":
            raise WorkerError(f"{address}: {(answer or {}).get('error', 'no answer')}")
        return answer

    async def _host(self, address: str) -> HostLink:
        """Return the host of this sweep on a worker; start it if there is none.

        Raises
        ------
        WorkerError
            If the worker cannot be reached.
        """
        async with self._opening.setdefault(address, asyncio.Lock()):
            link = self._links.get(address)
            if link is None:
                link = await self._open(address)
                self._links[address] = link
                if (pull := self._pulls.pop(address, None)) is not None:
                    pull.cancel()
                pull = self._pulls[address] = asyncio.create_task(self._pull_forever(link))
                pull.add_done_callback(lambda task: task.cancelled() or task.result())
            return link

    async def _open(self, address: str) -> HostLink:
        if self._client is None:
            raise WorkerError("there is no connection to the scheduler")
        try:
            await asyncio.wait_for(self._client.run(install, workers=[address]), ANSWER_TIMEOUT_S)
        except Exception as error:
            raise WorkerError(f"{type(error).__name__}: {error}") from error
        answer = await self._request(address, {"op": "open"})
        link = HostLink(
            address,
            secrets.token_hex(8),
            SweepPaths(Path(answer["folder"])),
            answer["executable"],
            answer["instance"],
            int(answer["threads"]),
        )
        statement = self._context.statement
        for name in statement.files:
            path = self._paths.bundle / name
            if answer["bundle"].get(name) != path.stat().st_size:
                await self._send_file(address, file_name(self._paths, path), path)
        await self._request(
            address,
            {
                "op": "start",
                "session": link.session,
                # What was seen of files here says nothing about those there.
                "statement": _portable(statement).to_json(),
                "environment": dict(self._context.environment),
                "slots": asdict(self._context.slots),
            },
        )
        for run in self._runs.values():
            if run.address == address and run.instance == link.instance:
                self._spawn(self._send_job(run, link, "recover"))
        return link

    async def _send_file(self, address: str, name: str, path: Path) -> None:
        """Send a file to a worker, in parts."""
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            offset = 0
            while True:
                data = await asyncio.to_thread(
                    file.read, min(CHUNK_BYTES * 8, status.st_size - offset)
                )
                if not data and offset < status.st_size:
                    raise WorkerError(f"{path} became shorter while it was sent")
                request = {
                    "op": "write",
                    "name": name,
                    "offset": offset,
                    "size": status.st_size,
                    "modified": status.st_mtime_ns,
                }
                await self._request(address, request, data)
                offset += len(data)
                if offset >= status.st_size:
                    return

    async def _ask(
        self, link: HostLink, message: dict[str, Any], **options: object
    ) -> bytes | None:
        """Return the answer of a host; None if it has exited.

        Raises
        ------
        WorkerError
            If the worker cannot be reached.
        """
        request = {"op": "ask", "session": link.session, "message": message, **options}
        answer = await self._request(link.address, request)
        data = answer.get("data")
        return None if data is None else bytes(data)

    # Runs

    def _add_run(self, job: Job, positions: Mapping[str, int]) -> RemoteRun:
        previous = self._runs.get(job.run)
        if previous is not None:
            previous.logs.close()
        # Those that it lists are the ones here: see `_note_directory`.
        logs = RunLogTail(job.paths, positions, self._paths.root, listed=True)
        run = self._runs[job.run] = RemoteRun(job, logs)
        for folder in wandb_directories(self._paths, job.paths):
            self._note_directory(run, folder)
        return run

    async def _launch(self, run: RemoteRun) -> None:
        """Start a run where there is a slot for it; it is lost if it cannot be started there."""
        deadline = time.monotonic() + SLOT_TIMEOUT_S
        while (slot := next((s for s in self._slots.values() if s.is_free), None)) is None:
            if time.monotonic() > deadline:
                self._end_run(run, _lost(run))
                return
            await asyncio.sleep(TICK_S / 2)
        slot.run, run.slot, run.address = run.job.run, slot, slot.address
        if slot.future is not None:
            # It outlives this supervisor, as the run does.
            fire_and_forget(slot.future)
        while (link := await self._link(run)) is not None:
            run.instance = link.instance
            place = {"worker": run.address, "instance": link.instance, "slot": slot.key}
            if not await self._claim(run, place):
                self._end_run(run, _lost(run))
                return
            if await self._send_job(run, link, "launch"):
                return

    async def _claim(self, run: RemoteRun, place: dict[str, str]) -> bool:
        """Note where a run is, before it is there; a later supervisor looks for it there."""
        path = run.job.paths.process
        while True:
            try:
                if write_exclusively(path, json.dumps(place), durable=True):
                    return True
                return read_json_object(path) == place
            except OSError as error:
                if not is_transient(error):
                    raise
                await asyncio.sleep(1)

    async def _link(self, run: RemoteRun) -> HostLink | None:
        """Return the host of a run's worker; None if the run has ended meanwhile."""
        while self._runs.get(run.job.run) is run:
            try:
                return await self._host(run.address)
            except (WorkerError, OSError) as error:
                log.warning("the worker at %s: %s", run.address, error)
            await asyncio.sleep(1)
        return None

    async def _adopt(self, run: RemoteRun, key: str) -> None:
        """Find a run of an earlier supervisor on its worker."""
        while self._client is None or not (self._workers or self._is_ready):  # noqa: ASYNC110 - polls anyway
            await asyncio.sleep(TICK_S)
        if run.address not in self._workers:
            self._end_run(run, _lost(run))
            return
        link = await self._link(run)
        if link is None:
            return
        if link.instance != run.instance:  # another worker has the address now
            self._end_run(run, _lost(run))
            return
        index = max(self._slots, default=-1) + 1
        run.slot = self._slots[index] = Slot(index, key, None, run.address, run.job.run)

    async def _send_job(self, run: RemoteRun, link: HostLink, op: str) -> bool:
        """Ask a host to start or adopt a run; return whether it was asked."""
        job = relocate(
            run.job,
            self._paths,
            link.paths,
            link.executable,
            agent=(run.slot.index if run.slot is not None else 0) % link.threads,
            agents=link.threads,
        )
        known: dict[str, FileVersion] = versions(self._paths, run.job.paths)
        try:
            if op == "launch":
                await self._send_run_files(run, link, known)
            options = {} if run.slot is None else {"slot": run.slot.key}
            answer = await self._ask(
                link,
                {
                    "op": op,
                    "run": run.job.run,
                    "job": job.to_json(),
                    "known": {
                        name: [version.size, version.modified] for name, version in known.items()
                    },
                },
                **options,
            )
        except WorkerError as error:
            log.warning("run %s could not be sent to %s: %s", run.job.run, link.address, error)
            await asyncio.sleep(1)
            return False
        return answer is not None

    async def _send_run_files(
        self, run: RemoteRun, link: HostLink, known: Mapping[str, FileVersion]
    ) -> None:
        """Send what a run reads when it starts, and what its earlier executions left."""
        folder = run.job.folder
        paths = [folder / name for name in ("params.yaml", "params.json", "execution")]
        names = {file_name(self._paths, path): path for path in paths if path.is_file()}
        for name in known:
            directory, _, rest = name.partition("/")
            found = [each for each in run.directories if Path(each).name == directory]
            names[name] = Path(found[0], rest) if found else self._paths.folder.parent / name
        for name, path in names.items():
            await self._send_file(link.address, name, path)
        if run.directories:
            lines = "".join(
                f"{link.paths.folder.parent / Path(directory).name}\n"
                for directory in sorted(run.directories)
            )
            name = file_name(self._paths, run.job.paths.wandb)
            request = {"op": "write", "name": name, "offset": 0, "modified": 0}
            raw = lines.encode()
            await self._request(link.address, {**request, "size": len(raw)}, raw)

    async def _send_signal(self, run: RemoteRun, number: int, reason: str) -> None:
        message = {"op": "signal", "run": run.job.run, "number": int(number), "reason": reason}
        while self._runs.get(run.job.run) is run:
            link = self._links.get(run.address)
            if link is not None:
                with suppress(WorkerError):
                    if await self._ask(link, message) is not None:
                        return
            await asyncio.sleep(TICK_S)

    # Reports

    async def _pull_forever(self, link: HostLink) -> None:
        """Receive what a host reports, until it has exited; then start another."""
        while self._links.get(link.address) is link:
            try:
                data = await self._ask(link, {"op": "pull", "confirmed": link.confirmed})
            except WorkerError as error:
                log.info("%s", error)
                await asyncio.sleep(1)
                continue
            if data is None:
                log.warning("the host on %s has exited", link.address)
                del self._links[link.address]
                self._spawn(self._reopen(link.address))
                return
            reports = decode_reports(data) if data else []
            await self._receive(link, reports)
            if not reports:
                await asyncio.sleep(PULL_S)

    async def _reopen(self, address: str) -> None:
        while any(run.address == address for run in self._runs.values()):
            try:
                await self._host(address)
            except (WorkerError, OSError) as error:
                log.warning("the worker at %s: %s", address, error)
                await asyncio.sleep(1)
            else:
                return

    async def _receive(self, link: HostLink, reports: list[tuple[int, Report]]) -> None:
        """Apply reports in order; those that were applied are confirmed with the next pull."""
        changed: set[RunId] = set()
        for number, report in reports:
            if number <= link.confirmed:
                continue
            if isinstance(report, FileChunk):
                if report.run in self._runs:
                    await self._write(report)
                    changed.add(report.run)
            else:
                await self._handle(link, report)
            link.confirmed = number
        for run in changed:
            if run in self._runs:
                await self._poll_log(self._runs[run])

    async def _write(self, chunk: FileChunk) -> None:
        noted = False
        while True:
            try:
                path = await asyncio.to_thread(write_chunk, self._paths, chunk)
            except ValueError as error:
                log.error("%s", error)  # noqa: TRY400 - the message is complete
                return
            except OSError as error:
                if not is_transient(error):
                    log.error("%s", error)  # noqa: TRY400 - the message is complete
                    return
                if not noted:
                    self._emit(RunnerNotice(f"files of runs wait for space: {error.strerror}"))
                noted = True
                await asyncio.sleep(1)
            else:
                break
        directory = self._paths.folder.parent / chunk.name.partition("/")[0]
        if path.is_relative_to(directory) and directory != self._paths.folder:
            self._note_directory(self._runs[chunk.run], directory)

    def _note_directory(self, run: RemoteRun, directory: Path) -> None:
        """List a W&B folder of a run where runs on this machine list theirs."""
        line = str(directory)
        if line in run.directories:
            return
        run.directories.add(line)
        listed = run.job.paths.wandb
        lines = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
        if line not in lines:
            append_line(listed, line)

    async def _poll_log(self, run: RemoteRun) -> None:
        """Report what a run has logged."""
        while True:
            batches = list(run.logs.poll())
            for directory, entries, position in batches:
                self._emit(RunLogged(run.job.run, directory, entries, position))
            if not batches:
                return
            await asyncio.sleep(0)

    async def _handle(self, link: HostLink, report: Report) -> None:
        assert not isinstance(report, FileChunk)
        if isinstance(report, RunnerReady):
            link.is_ready = True
        elif isinstance(report, RunnerFailed):
            self._on_host_failed(link, report)
        elif isinstance(report, RunExited):
            run = self._runs.get(report.run)
            if run is not None:
                await self._poll_log(run)
                self._end_run(
                    run, replace(report, empty_directory=self._local(report.empty_directory))
                )
        elif isinstance(report, UploadRefused):
            self._emit(replace(report, directory=self._local(report.directory)))
        elif isinstance(report, RunnerNotice) or report.run in self._runs:
            self._emit(report)

    def _local(self, directory: str) -> str:
        """Return where a W&B folder of a worker is here."""
        return str(self._paths.folder.parent / Path(directory).name) if directory else ""

    def _on_host_failed(self, link: HostLink, report: RunnerFailed) -> None:
        """Give a worker that cannot load the bundle no more runs; fail if none can."""
        self._problems[link.address] = report.reason
        if not any(other.is_ready for other in self._links.values()):
            self._fail(f"{report.reason} (on the Dask worker at {link.address})", report.details)
        else:
            self._emit(
                RunnerNotice(f"the Dask worker at {link.address} gets no runs: {report.reason}")
            )
        for run in list(self._runs.values()):
            if run.address == link.address:
                self._end_run(run, _lost(run))

    def _end_run(self, run: RemoteRun, event: RunExited) -> None:
        """Report the end of a run, and give its slot back."""
        if self._runs.get(run.job.run) is not run:
            return
        del self._runs[run.job.run]
        run.logs.close()
        if run.slot is not None:
            self._slots.pop(run.slot.index, None)
            self._release(run.slot)
        self._emit(event)


def _lost(run: RemoteRun) -> RunExited:
    """Return the end of a run of which nothing more is known."""
    return RunExited(run.job.run, None, None, "", time.time())


def _portable(statement: SignedStatement) -> SignedStatement:
    return replace(statement, seen={})
