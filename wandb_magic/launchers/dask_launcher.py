"""Executes the runs of a sweep on the workers of a Dask cluster, from the supervisor.

A run needs a slot; see `wandb_magic.launchers.dask_cluster`. This module alone starts runs, each
once, where it was given a slot, so Dask may repeat the task of a slot.

The host of a sweep on a worker executes the runs. What it reports and what the runs write is
pulled from where it was received last, so a lost connection loses nothing. The machine of the
supervisor need not be reachable from the workers.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pickle
import secrets
import signal
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from distributed import Security

from wandb_magic.disk import is_transient, wait_reason
from wandb_magic.errors import SweepError
from wandb_magic.launchers.dask_cluster import CLOSING, TICK_S, DaskCluster, Slot, WorkerError
from wandb_magic.launchers.file_mirror import write_chunk
from wandb_magic.launchers.file_stream import CHUNK_BYTES, FileChunk, FileVersion, versions
from wandb_magic.launchers.frames import Report, decode_reports
from wandb_magic.launchers.host import DONE, UNKNOWN
from wandb_magic.launchers.plugin import SweepContext
from wandb_magic.launchers.relocation import file_name, relocate, wandb_directories
from wandb_magic.paths import (
    SweepPaths,
    append_line,
    read_json_object,
    write_atomically,
    write_exclusively,
)
from wandb_magic.records import RunId
from wandb_magic.resources import Host, Resources
from wandb_magic.runner.events import (
    ResourcesChanged,
    RunExited,
    RunLogged,
    RunnerEvent,
    RunnerFailed,
    RunnerNotice,
    RunnerReady,
    UploadRefused,
)
from wandb_magic.runner.exit_cause import cause_from_output, describe_exception, shorten
from wandb_magic.runner.local_runner import DEVICE_ERROR
from wandb_magic.runner.log_tail import RunLogTail
from wandb_magic.runner.run_process import Job
from wandb_magic.slots import ResourceError, resource_error

PULL_S = 0.1  # between two answers with parts of files
PULL_S_A_HOST = 0.01  # more for each host, because the scheduler passes on all answers
PULL_WAIT_S = 2.0
RETRY_S = 1.0
RESOURCES_INTERVAL_S = 1.0
INLINE_BYTES = 1 << 16  # of files that are sent with the request to start a run
SLOT_TIMEOUT_S = 60.0  # for a slot that was there when a run was chosen
FORGET_S = 30.0  # for the supervisor to store how a run ended
CLOSE_TIMEOUT_S = 20.0

log = logging.getLogger(__name__)


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
    ended: list[tuple[float, RunId]] = field(default_factory=list)  # and when


@dataclass
class RemoteRun:
    """A run on a worker, or on its way there."""

    job: Job
    logs: RunLogTail
    slot: Slot | None = None
    address: str = ""
    instance: str = ""
    directories: set[str] = field(default_factory=set)
    is_unreadable: bool = False
    signal: int = 0  # the one that is being sent


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
        self._context = context
        self._paths = context.paths
        self._sink = emit
        self._cluster = DaskCluster(
            address, security, context, self._emit, self._on_worker_gone, self._waiting_runs
        )
        self._links: dict[str, HostLink] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._pulls: dict[str, asyncio.Task[None]] = {}
        self._runs: dict[RunId, RemoteRun] = {}
        self._machines: dict[str, Host] = {}  # as their hosts have reported, by worker
        self._tasks: set[asyncio.Task[Any]] = set()

    # The launcher

    async def start(self) -> None:
        """Begin to connect to the cluster; `RunnerReady` follows."""
        self._spawn(self._cluster.maintain())
        self._spawn(self._report_resources())

    def reserve_slot(self, agent: int, agents: int, *, alone: bool = False) -> str:  # noqa: ARG002
        """Return "" if a worker has a free thread for another run, or what it waits for."""
        return "" if self._cluster.has_free_slot else self._cluster.wait_reason()

    def cancel_reservation(self) -> None:
        """Do nothing: slots that nobody needs are given back after a while."""

    async def launch(self, job: Job, positions: Mapping[str, int]) -> None:
        """Start a run whose folder is prepared, on a worker that has a free thread."""
        run = self._add_run(job, positions)
        self._spawn(self._try_launch(run))

    async def recover(self, job: Job, positions: Mapping[str, int]) -> None:
        """Adopt a run that an earlier supervisor may have started; otherwise start it."""
        run = self._add_run(job, positions)
        try:
            claim = read_json_object(job.paths.process)
        except ValueError:
            claim = {}
        if claim is None:
            self._spawn(self._try_launch(run))
        else:
            run.address, run.instance = str(claim.get("worker")), str(claim.get("instance"))
            self._spawn(self._adopt(run, str(claim.get("slot"))))

    def signal(self, run: RunId, number: int, reason: str) -> None:
        """Signal a run's whole process group."""
        remote = self._runs.get(run)
        if remote is None or remote.signal == number:
            return
        remote.signal = number
        # A full disk must not prevent ending a run; the store has the reason as well.
        with suppress(OSError):
            write_atomically(remote.job.paths.stop, reason)
        self._spawn(self._send_signal(remote, number, reason))

    async def close(self) -> None:
        """Release the workers."""
        for task in [*self._tasks, *self._pulls.values()]:
            task.cancel()
        with suppress(Exception):  # whatever is left there ends with the workers
            await asyncio.wait_for(self._cluster.close(self._opening), CLOSE_TIMEOUT_S)
        for run in self._runs.values():
            run.logs.close()

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # An error must reach the loop's handler at once.
        task.add_done_callback(lambda task: task.cancelled() or task.result())

    def _emit(self, event: RunnerEvent) -> None:
        """Emit an event; an error in the supervisor is not one of the cluster's."""
        try:
            self._sink(event)
        except Exception as error:  # noqa: BLE001 - the loop's handler decides
            asyncio.get_running_loop().call_exception_handler(
                {"message": "an event could not be handled", "exception": error}
            )

    def _waiting_runs(self) -> int:
        return sum(run.slot is None and not run.address for run in self._runs.values())

    def _on_worker_gone(self, address: str) -> None:
        """Report the runs of a worker as lost: it has ended them, or the machine is down."""
        self._links.pop(address, None)
        self._machines.pop(address, None)
        self._opening.pop(address, None)
        if (pull := self._pulls.pop(address, None)) is not None:
            pull.cancel()
        for run in list(self._runs.values()):
            if run.address == address:
                log.warning("run %s is lost: its worker %s is gone", run.job.run, address)
                self._end_run(run, _lost(run))

    async def _report_resources(self) -> None:
        """Emit what the cluster has, and which runs are where, whenever that has changed."""
        reported: Resources | None = None
        while True:
            hosts = tuple(map(self._describe, self._cluster.hosts()))
            resources = Resources(hosts, self._cluster.problem)
            if resources != reported:
                reported = resources
                self._emit(ResourcesChanged(resources))
            await asyncio.sleep(RESOURCES_INTERVAL_S)

    def _describe(self, worker: Host) -> Host:
        """Return a worker with its runs, and what its host has reported of its machine."""
        runs = sorted(
            each.job.run for each in self._runs.values() if each.address == worker.address
        )
        machine = self._machines.get(worker.address)
        return replace(
            worker,
            name=worker.name if machine is None else machine.name,
            runs=tuple(runs),
            gpus=() if machine is None else machine.gpus,
        )

    # Hosts

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
        await self._cluster.install(address)
        answer = await self._cluster.request(address, {"op": "open"})
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
        await self._cluster.request(
            address,
            {
                "op": "start",
                "session": link.session,
                "statement": self._context.portable_statement.to_json(),
                "environment": dict(self._context.environment),
                "slots": asdict(self._context.slots),
                "grace": self._context.grace,
            },
        )
        for run in self._runs.values():
            if run.address == address and run.instance == link.instance:
                self._spawn(self._resend_job(run, link))
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
                await self._cluster.request(address, request, data)
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
        answer = await self._cluster.request(link.address, request)
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

    async def _try_launch(self, run: RemoteRun) -> None:
        """Start a run; an error ends this run alone."""
        try:
            await self._launch(run)
        except Exception as error:
            log.exception("run %s could not be started", run.job.run)
            reason = f"it could not be started: {describe_exception(error)}"
            self._end_run(run, RunExited(run.job.run, 1, None, reason, time.time()))

    async def _launch(self, run: RemoteRun) -> None:
        """Start a run where there is a slot for it; it is lost if it cannot be started there."""
        deadline = time.monotonic() + SLOT_TIMEOUT_S
        while (slot := self._cluster.take_slot(run.job.run)) is None:
            if time.monotonic() > deadline:
                self._end_run(run, _lost(run))
                return
            await asyncio.sleep(TICK_S / 2)
        run.slot, run.address = slot, slot.address
        op = "launch"
        while (link := await self._link(run)) is not None:
            run.instance = link.instance
            place = {"worker": run.address, "instance": link.instance, "slot": slot.key}
            if not await self._claim(run, place):
                self._end_run(run, _lost(run))
                return
            if await self._send_job(run, link, op):
                return
            op = "recover"  # it may have arrived
            await asyncio.sleep(RETRY_S)

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
                await asyncio.sleep(RETRY_S)

    async def _link(self, run: RemoteRun) -> HostLink | None:
        """Return the host of a run's worker; None if the run has ended meanwhile."""
        while self._runs.get(run.job.run) is run:
            try:
                return await self._host(run.address)
            except (WorkerError, OSError) as error:
                log.warning("the worker at %s: %s", run.address, error)
            is_gone = self._cluster.is_connected and run.address not in self._cluster.workers
            if not run.instance and (is_gone or self._cluster.is_unreachable):
                self._end_run(run, _lost(run))  # it was not sent to any worker
            await asyncio.sleep(RETRY_S)
        return None

    async def _adopt(self, run: RemoteRun, key: str) -> None:
        """Find a run of an earlier supervisor on its worker."""
        while not self._cluster.is_connected:  # noqa: ASYNC110 - polls anyway
            await asyncio.sleep(TICK_S)
        if run.address not in self._cluster.workers:
            self._end_run(run, _lost(run))
            return
        link = await self._link(run)
        if link is None:
            return
        if link.instance != run.instance:  # another worker has the address now
            self._end_run(run, _lost(run))
            return
        run.slot = self._cluster.adopt_slot(key, run.address, run.job.run)

    async def _resend_job(self, run: RemoteRun, link: HostLink) -> None:
        """Ask a new host to adopt a run of the one before."""
        while not await self._send_job(run, link, "recover"):
            await asyncio.sleep(RETRY_S)
            if self._links.get(run.address) is not link or self._runs.get(run.job.run) is not run:
                return

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
            options: dict[str, object] = {} if run.slot is None else {"slot": run.slot.key}
            if op == "launch":
                options["files"] = await self._send_run_files(run, link, known)
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
        except (WorkerError, OSError) as error:
            log.warning("run %s could not be sent to %s: %s", run.job.run, link.address, error)
            return False
        if answer == UNKNOWN:  # an earlier supervisor was killed before it had sent the run
            return await self._send_job(run, link, "launch")
        return answer == DONE

    async def _send_run_files(
        self, run: RemoteRun, link: HostLink, known: Mapping[str, FileVersion]
    ) -> list[tuple[str, bytes, int]]:
        """Send what a run reads when it starts, and what its earlier executions left.

        Small files are returned, to be sent with the request to start it: name, content, time.
        """
        folder = run.job.folder
        paths = [folder / name for name in ("params.yaml", "params.json", "execution")]
        names = {file_name(self._paths, path): path for path in paths if path.is_file()}
        for name in known:
            directory, _, rest = name.partition("/")
            found = [each for each in run.directories if Path(each).name == directory]
            names[name] = Path(found[0], rest) if found else self._paths.folder.parent / name
        inline: list[tuple[str, bytes, int]] = []
        for name, path in names.items():
            status = path.stat()
            if sum(len(content) for _, content, _ in inline) + status.st_size <= INLINE_BYTES:
                inline.append((name, path.read_bytes(), status.st_mtime_ns))
            else:
                await self._send_file(link.address, name, path)
        if run.directories:
            lines = "".join(
                f"{link.paths.folder.parent / Path(directory).name}\n"
                for directory in sorted(run.directories)
            )
            inline.append((file_name(self._paths, run.job.paths.wandb), lines.encode(), 0))
        return inline

    async def _send_signal(self, run: RemoteRun, number: int, reason: str) -> None:
        message = {"op": "signal", "run": run.job.run, "number": int(number), "reason": reason}
        while self._runs.get(run.job.run) is run and run.signal == number:
            if number == signal.SIGKILL and self._cluster.is_unreachable:
                self._end_run(run, _lost(run))  # the user wants it to end, and cannot wait longer
                return
            link = self._links.get(run.address)
            if link is not None:
                with suppress(WorkerError):
                    if await self._ask(link, message) is not None:
                        break
            await asyncio.sleep(TICK_S)
        if run.signal == number:
            run.signal = 0

    # Reports

    async def _pull_forever(self, link: HostLink) -> None:
        """Receive what a host reports, until it has exited; then start another."""
        while self._links.get(link.address) is link:
            try:
                data = await self._ask(
                    link,
                    {
                        "op": "pull",
                        "confirmed": link.confirmed,
                        "wait": PULL_WAIT_S,
                        "interval": PULL_S + PULL_S_A_HOST * len(self._links),
                    },
                )
            except WorkerError as error:
                log.info("%s", error)
                await asyncio.sleep(RETRY_S)
                continue
            if data is None:
                log.warning("the host on %s has exited", link.address)
                del self._links[link.address]
                self._spawn(self._reopen(link.address))
                return
            try:
                reports = decode_reports(data)
            except pickle.UnpicklingError:
                log.warning("the host on %s has failed to report", link.address)
                await asyncio.sleep(RETRY_S)
                continue
            await self._receive(link, reports)
            await self._forget_ended(link)

    async def _forget_ended(self, link: HostLink) -> None:
        """Let a host remove the files of runs whose ends have been stored for a while."""
        due = time.monotonic() - FORGET_S
        runs = [run for ended, run in link.ended if ended < due and run not in self._runs]
        if runs:
            with suppress(WorkerError):
                await self._ask(link, {"op": "forget", "runs": runs})
                link.ended = [(ended, run) for ended, run in link.ended if run not in runs]

    async def _reopen(self, address: str) -> None:
        while any(run.address == address for run in self._runs.values()):
            try:
                await self._host(address)
            except (WorkerError, OSError) as error:
                log.warning("the worker at %s: %s", address, error)
                await asyncio.sleep(RETRY_S)
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
        """Write a part of a file here, once the disk has space for it."""
        directory = self._paths.folder.parent / chunk.name.partition("/")[0]
        noted = False
        while True:
            try:
                await asyncio.to_thread(write_chunk, self._paths, chunk, chunk.run)
                if directory != self._paths.folder:
                    self._note_directory(self._runs[chunk.run], directory)
            except (OSError, ValueError) as error:
                if not is_transient(error):
                    log.error("%s", error)  # noqa: TRY400 - the message is complete
                    return
                if not noted:
                    reason = wait_reason(error, self._paths.folder)
                    self._emit(RunnerNotice(f"files of runs wait here: {reason}"))
                noted = True
                await asyncio.sleep(RETRY_S)
            else:
                return

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
        while not run.is_unreadable:
            try:
                batches = list(run.logs.poll())
            except (OSError, SweepError) as error:
                log.warning("run %s: %s", run.job.run, error)
                run.is_unreadable = True
                self._emit(RunnerNotice(f"what a run logs cannot be read: {error}"))
                return
            for directory, entries, position in batches:
                self._emit(RunLogged(run.job.run, directory, entries, position))
            if not batches:
                return
            await asyncio.sleep(0)

    async def _handle(self, link: HostLink, report: Report) -> None:
        assert not isinstance(report, FileChunk)
        if isinstance(report, RunnerReady):
            return
        if isinstance(report, ResourcesChanged):
            (self._machines[link.address],) = report.resources.hosts
            return
        if isinstance(report, RunnerFailed):
            self._on_host_failed(link, report)
        elif isinstance(report, RunExited):
            run = self._runs.get(report.run)
            if report.preempted:
                self._cluster.reject(link.address, CLOSING)
            if run is not None:
                link.ended.append((time.monotonic(), report.run))
                await self._poll_log(run)
                report = self._note_health(link, report)
                self._end_run(
                    run, replace(report, empty_directory=self._local(report.empty_directory))
                )
        elif isinstance(report, UploadRefused):
            self._emit(replace(report, directory=self._local(report.directory)))
        elif isinstance(report, RunnerNotice) or report.run in self._runs:
            self._emit(report)

    def _note_health(self, link: HostLink, event: RunExited) -> RunExited:
        """Record what a run's end says about its worker; name that in the cause."""
        cause = event.cause or cause_from_output(event.error)
        error = None if event.stopped else resource_error(cause, event.error)
        if error is ResourceError.DEVICE and self._cluster.has_alternative(link.address):
            where = f"{DEVICE_ERROR} {link.address}: "
            if not cause.startswith(DEVICE_ERROR):  # of one of several GPUs there
                event = replace(event, cause=shorten(where + cause))
        succeeded = event.code == 0 and not event.preempted
        notice = self._cluster.on_run_ended(link.address, error, succeeded=succeeded)
        if notice:
            self._emit(RunnerNotice(notice))
        return event

    def _local(self, directory: str) -> str:
        """Return where a W&B folder of a worker is here."""
        return str(self._paths.folder.parent / Path(directory).name) if directory else ""

    def _on_host_failed(self, link: HostLink, report: RunnerFailed) -> None:
        """Give a worker that cannot load the bundle no more runs; fail if no other is left."""
        self._cluster.reject(link.address, report.reason)
        if not self._cluster.has_fit_worker:
            reason = f"{report.reason} (on the Dask worker at {link.address})"
            self._emit(RunnerFailed(reason, report.details))
            return
        self._emit(
            RunnerNotice(f"the Dask worker at {link.address} gets no runs: {report.reason}")
        )
        for run in list(self._runs.values()):
            if run.address == link.address:
                self._spawn(self._relaunch(run))

    async def _relaunch(self, run: RemoteRun) -> None:
        """Start a run, which its worker could not start, on another one."""
        if run.slot is not None:
            self._cluster.free_slot(run.slot)
        run.slot, run.address, run.instance = None, "", ""
        run.job.paths.process.unlink(missing_ok=True)
        await self._try_launch(run)

    def _end_run(self, run: RemoteRun, event: RunExited) -> None:
        """Report the end of a run, and give its slot back."""
        if self._runs.get(run.job.run) is not run:
            return
        del self._runs[run.job.run]
        run.logs.close()
        if run.slot is not None:
            self._cluster.free_slot(run.slot)
        self._emit(event)


def _lost(run: RemoteRun) -> RunExited:
    """Return the end of a run of which nothing more is known."""
    return RunExited(run.job.run, None, None, "", time.time())
