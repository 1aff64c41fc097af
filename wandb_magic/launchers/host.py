"""The host: the process on a worker that executes the runs of one sweep.

``python -m wandb_magic.launchers.host FOLDER DESCRIPTOR THREADS SLOTS`` owns a `LocalRunner` in a
folder of its own, and answers requests over the socket that it inherits from the worker. What its
runner reports waits until the supervisor has confirmed it; the files of the runs are sent with it.
Runs of a worker that is closing are interrupted, and reported as preempted once their files have
been sent. When the worker exits, the host ends its runs and exits.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import os
import shutil
import signal
import socket
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from wandb_magic.bundle import signed_manifest
from wandb_magic.disk import RETRY_S, is_transient, wait_reason
from wandb_magic.errors import SweepError
from wandb_magic.launchers.file_stream import FileChunk, FileVersion, RunFileStream
from wandb_magic.launchers.frames import Report, encode_reports, read_frame, write_frame
from wandb_magic.launchers.relocation import wandb_directories
from wandb_magic.paths import FOLDER_MODE, SweepPaths
from wandb_magic.records import RunId
from wandb_magic.runner.events import (
    RunExited,
    RunLogged,
    RunnerEvent,
    RunnerFailed,
    RunnerNotice,
    RunStarted,
)
from wandb_magic.runner.exit_cause import describe_exception
from wandb_magic.runner.launcher import PREEMPTED, NoSlotError
from wandb_magic.runner.local_runner import LocalRunner
from wandb_magic.runner.process_cleanup import terminate_sweep
from wandb_magic.runner.run_monitor import signal_group
from wandb_magic.runner.run_process import Job
from wandb_magic.slots import SlotAllocator, SlotRequest

ANSWER_BYTES = 2 << 20
DONE, FAILED, UNKNOWN = b"done", b"failed", b"unknown"
"""The answers to requests; `UNKNOWN` for a run that never arrived here, and was not started."""
ENDED = 0  # the number of a message that says that a run's process has ended
MAX_FINAL_PASSES = 50
IDLE_S = 900.0  # without a supervisor and without a run; then the host exits
IDLE_CHECK_S = 5.0
PREEMPT_POLL_S = 0.05
_PARENT_DEATH_SIGNAL = 1

log = logging.getLogger(__name__)


class RunReports:
    """What is still to be sent about one run.

    Parameters
    ----------
    files
        The run's files.
    execution
        The number of its execution.
    """

    def __init__(self, files: RunFileStream, execution: int) -> None:
        self.files = files
        self.execution = execution
        self.exited: RunExited | None = None
        self._pass: Iterator[FileChunk] | None = None
        self._sent_in_pass = 0
        self._passes = 0
        self.is_complete = False

    def next_chunk(self, *, final: bool) -> FileChunk | None:
        """Return the next part of a file; None if there is nothing new at present.

        With `final`, nothing writes to the files any more: `is_complete` once all were sent.
        """
        if self._pass is None:
            if not final and not self.files.is_due():
                return None
            self._pass, self._sent_in_pass = self.files.changes(final=final), 0
            self._passes += final
        for chunk in self._pass:
            self._sent_in_pass += 1
            return chunk
        self._pass = None
        self.is_complete = final and (not self._sent_in_pass or self._passes > MAX_FINAL_PASSES)
        return None


class Host:
    """Executes runs for a supervisor on another machine.

    Parameters
    ----------
    paths
        The sweep's paths on this machine.
    writer
        The connection to the worker.
    threads
        How many runs the worker executes at a time.
    slots
        What each of them needs of the GPUs.
    grace
        How long they may take to end when they are interrupted, in seconds.
    """

    def __init__(
        self,
        paths: SweepPaths,
        writer: asyncio.StreamWriter,
        threads: int,
        slots: SlotRequest,
        grace: float,
    ) -> None:
        self._grace = grace
        self._is_preempted = False
        self._paths = paths
        self._threads = threads
        self._slots = slots
        self._writer = writer
        self._runs: dict[RunId, RunReports] = {}
        self._waiting: dict[RunId, Job] = {}  # those that cannot start yet
        self._events: deque[RunnerEvent] = deque()
        self._unconfirmed: deque[tuple[int, Report]] = deque()
        self._number = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._pulling = asyncio.Lock()
        self._changed = asyncio.Event()
        self._answered_at = 0.0
        self._runner: LocalRunner | None = None
        self._worker = os.getppid()
        self._asked_at = time.monotonic()

    async def exit_when_idle(self, reader: asyncio.StreamReader) -> None:
        """End `serve` if there is neither a supervisor nor a run; both can start another host."""
        while self._is_busy() or time.monotonic() - self._asked_at < IDLE_S:  # noqa: ASYNC110 - a clock
            await asyncio.sleep(IDLE_CHECK_S)
        reader.feed_eof()

    def _is_busy(self) -> bool:
        return any(reports.exited is None for reports in self._runs.values())

    async def start(self) -> None:
        """Start the runner."""
        try:
            commands = signed_manifest(self._paths.bundle).kind == "command"
        except SweepError as error:
            self._events.append(RunnerFailed(str(error), traceback.format_exc()))
            return
        environment = dict(os.environ)
        self._runner = LocalRunner(
            self._paths,
            environment,
            self._on_event,
            SlotAllocator(self._slots, environment, self._paths.folder.name),
            agents=self._threads,
            commands=commands,
        )
        self._spawn(self._runner.start())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda task: task.cancelled() or task.result())

    def _on_event(self, event: RunnerEvent) -> None:
        if isinstance(event, RunLogged):
            return  # the supervisor reads the log itself
        if isinstance(event, RunStarted):
            if self._is_preempted:
                self._signal(event.run, signal.SIGTERM, PREEMPTED)
            self._events.append(event)
        elif isinstance(event, RunExited):
            reports = self._runs.get(event.run)
            if reports is None or reports.exited is not None:
                return
            # It may have done its work, but whether it did so or left early is not known.
            reports.exited = replace(event, preempted=self._is_preempted)  # sent after the files
            write_frame(self._writer, ENDED, event.run.encode())
        else:
            self._events.append(event)
        self._changed.set()

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Answer requests until the worker has disconnected."""
        with suppress(EOFError):
            while True:
                number, message = await read_frame(reader)
                self._asked_at = time.monotonic()
                self._spawn(self._answer(number, json.loads(message)))

    async def _answer(self, number: int, request: dict[str, Any]) -> None:
        try:
            answer = await self._handle(request.pop("op"), request)
        except Exception:
            log.exception("a request failed")
            answer = FAILED
        write_frame(self._writer, number, answer)

    async def _handle(self, op: str, request: dict[str, Any]) -> bytes:
        if op == "pull":
            return await self._pull(request["confirmed"], request["wait"], request["interval"])
        if self._runner is None:
            return DONE
        if op == "signal":
            self._signal(RunId(request["run"]), request["number"], request["reason"])
        elif op in ("launch", "recover"):
            return self._accept(self._runner, op, request)
        elif op == "preempt":
            await self.preempt(request["grace"])
        elif op == "close":
            await self._runner.close()
        elif op == "forget":
            for run in map(RunId, request["runs"]):
                if run not in self._runs:
                    await asyncio.to_thread(self._forget, run)
        return DONE

    def _accept(self, runner: LocalRunner, op: str, request: dict[str, Any]) -> bytes:
        """Start or adopt a run, unless that is done already."""
        job = Job.from_json(request["job"])
        known = {name: FileVersion(*version) for name, version in request["known"].items()}
        received = job.folder / f"received-{job.execution}"
        # A request whose answer was lost comes again.
        start = runner.recover if received.exists() else runner.launch
        if op == "recover" and not received.exists():
            return UNKNOWN
        received.touch()
        reports = self._runs.get(job.run)
        if reports is None or reports.execution < job.execution:
            files = RunFileStream(job.run, self._paths, known)
            self._runs[job.run] = RunReports(files, job.execution)
            if self._is_preempted and start == runner.launch:
                self._on_event(RunExited(job.run, None, None, "", time.time()))
            else:
                self._spawn(self._start_run(job, partial(start, job, {})))
        return DONE

    def _forget(self, run: RunId) -> None:
        """Remove the files of a run that the supervisor has; its claim and its end stay."""
        paths = self._paths.run(run)
        for folder in wandb_directories(self._paths, paths):
            if folder.is_relative_to(self._paths.root):
                shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(paths.persistent_dir, ignore_errors=True)
        paths.output.unlink(missing_ok=True)

    async def _start_run(self, job: Job, start: Any) -> None:  # noqa: ANN401 - a partial coroutine
        job.paths.persistent_dir.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        noted = False
        while True:
            try:
                await start()
            except NoSlotError:
                if await self._wait(job):
                    continue
            except Exception as error:
                if is_transient(error):
                    if not noted:
                        reason = wait_reason(error, self._paths.folder)
                        self._events.append(RunnerNotice(f"{socket.gethostname()} is {reason}"))
                    noted = True
                    if await self._wait(job):
                        continue
                else:
                    log.exception("run %s could not be started", job.run)
                    reason = f"it could not be started: {describe_exception(error)}"
                    self._on_event(RunExited(job.run, 1, None, reason, time.time()))
            return

    async def _wait(self, job: Job) -> bool:
        """Wait before a run's next attempt to start; return False if it was stopped meanwhile."""
        self._waiting[job.run] = job
        await asyncio.sleep(RETRY_S)
        if self._waiting.get(job.run) is not job:
            return False
        del self._waiting[job.run]
        return True

    # Reporting

    async def _pull(self, confirmed: int, wait: float, interval: float) -> bytes:
        """Return the reports after the number that the supervisor has received.

        Parameters
        ----------
        confirmed
            The number.
        wait
            For how many seconds to wait for something to report.
        interval
            Seconds between two answers that only have parts of files.
        """
        deadline = time.monotonic() + wait
        async with self._pulling:
            while self._unconfirmed and self._unconfirmed[0][0] <= confirmed:
                self._unconfirmed.popleft()
            while True:
                self._changed.clear()
                while self._events:
                    event = self._events.popleft()
                    assert not isinstance(event, (RunLogged, RunExited))
                    self._report(event)
                now = time.monotonic()
                ended = self._ended()
                if ended or now - self._answered_at >= interval:
                    await self._report_files(ended)
                if self._unconfirmed or now >= deadline:
                    self._answered_at = now
                    return encode_reports(list(self._unconfirmed))
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), min(interval, deadline - now))

    async def _report_files(self, ended: set[RunId]) -> None:
        # Looking at many files takes a while, in which the runner continues.
        await asyncio.to_thread(self._read_files, ended)
        for run, reports in list(self._runs.items()):
            if reports.is_complete and (exited := reports.exited) is not None:
                # A batch system signals every process of a job, in any order.
                if self._is_preempted and exited.signal == signal.SIGTERM:
                    exited = replace(exited, preempted=True)
                self._report(exited)
                del self._runs[run]

    def _report(self, report: Report) -> None:
        self._number += 1
        self._unconfirmed.append((self._number, report))

    def _ended(self) -> set[RunId]:
        """Return the runs to whose files nothing writes any more."""
        return {
            run
            for run, reports in self._runs.items()
            if reports.exited is not None
            and not (self._runner is not None and self._runner.is_following(run))
        }

    def _read_files(self, ended: set[RunId]) -> None:
        budget = ANSWER_BYTES
        for run, reports in list(self._runs.items()):
            while budget > 0 and not reports.is_complete:
                chunk = reports.next_chunk(final=run in ended)
                if chunk is not None:
                    self._report(chunk)
                    budget -= len(chunk.data) + 1
                elif run not in ended:
                    break

    # The end

    async def preempt(self, grace: float) -> None:
        """Interrupt all runs; return when the supervisor has confirmed that they have ended.

        Parameters
        ----------
        grace
            For how many seconds they may save what they need in order to continue.
        """
        if not self._is_preempted:
            log.info("the worker is being shut down")
            self._is_preempted = True
            for run in list(self._runs):
                self._signal(run, signal.SIGTERM, PREEMPTED)
        deadline = time.monotonic() + grace
        while self._runs or self._unconfirmed:
            if time.monotonic() > deadline:
                for run in list(self._runs):
                    self._signal(run, signal.SIGKILL, PREEMPTED)
            await asyncio.sleep(PREEMPT_POLL_S)

    def _signal(self, run: RunId, number: int, reason: str) -> None:
        """Signal a run's process group; a run that waits to start ends without one."""
        reports = self._runs.get(run)
        if self._waiting.pop(run, None) is not None:
            self._on_event(RunExited(run, None, None, "", time.time()))
        elif self._runner is not None and reports is not None and reports.exited is None:
            self._runner.signal(run, number, reason)

    def on_sigterm(self, end: Callable[[], None]) -> None:
        """End if the worker has exited; otherwise the whole job is being ended."""
        if os.getppid() != self._worker:
            end()
        else:
            self._spawn(self.preempt(self._grace))

    def end_runs(self) -> None:
        """Kill all runs, and every process that this one has started."""
        if self._runner is not None:
            for run in list(self._runs):
                self._runner.signal(run, signal.SIGKILL, "its worker has exited")
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error, OSError):
                if os.getpgid(process.pid) == process.pid:
                    signal_group(process.pid, signal.SIGKILL)
                process.kill()
        # Those of an earlier host are not its children.
        terminate_sweep(self._paths.folder, 0.0)


async def serve(
    folder: Path, descriptor: int, threads: int, slots: SlotRequest, grace: float
) -> None:
    """Serve the worker until it disconnects, then end the runs."""
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=descriptor))
    host = Host(SweepPaths(folder), writer, threads, slots, grace)
    loop = asyncio.get_running_loop()
    if sys.platform == "linux":
        loop.add_signal_handler(signal.SIGTERM, host.on_sigterm, reader.feed_eof)
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
    loop.set_exception_handler(_exit_on_error)
    await host.start()
    idle = asyncio.create_task(host.exit_when_idle(reader))
    await host.serve(reader)
    idle.cancel()
    host.end_runs()


def _exit_on_error(_loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Exit on unexpected errors: the runs continue, and the next host adopts them."""
    log.critical("%s", context["message"], exc_info=context.get("exception"))
    logging.shutdown()
    os._exit(os.EX_SOFTWARE)


def main() -> None:
    """Serve, as the command line says."""
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr
    )
    os.umask(0o077)
    folder, descriptor, threads, slots, grace = sys.argv[1:]
    request = SlotRequest(**json.loads(slots))
    asyncio.run(serve(Path(folder), int(descriptor), int(threads), request, float(grace)))
    logging.shutdown()
    os._exit(0)  # threads may wait for processes that were killed


if __name__ == "__main__":
    main()
