"""The runner of this machine: starts, signals and follows runs, and reports how each ended."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from wandb_magic.daemon import unreaped_pids
from wandb_magic.disk import check_free_space, is_transient, shortage
from wandb_magic.paths import SweepPaths, user_data_dir, write_atomically, write_exclusively
from wandb_magic.processes import is_alive, oom_kill_count
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
    RunStarted,
)
from wandb_magic.runner.exit_cause import cause_from_output, shorten
from wandb_magic.runner.fork_client import (
    ForkServerClient,
    become_subreaper,
    reap_orphans,
    spawn_finisher,
    spawn_run,
)
from wandb_magic.runner.hang_detection import (
    HUNG_AFTER,
    HUNG_AFTER_S,
    HangDetector,
    describe_location,
)
from wandb_magic.runner.launcher import NoSlotError
from wandb_magic.runner.run_monitor import RunMonitor, RunParent, TrackedRun, signal_group
from wandb_magic.runner.run_process import Job
from wandb_magic.runner.wandb_core import SharedCore
from wandb_magic.runner.wandb_preload import START_CORE_ENV, flushes_in_blocks
from wandb_magic.slots import (
    Device,
    DeviceError,
    ResourceError,
    SlotAllocator,
    find_devices,
    resource_error,
)
from wandb_magic.slots.leases import FOLDER_ENV
from wandb_magic.slots.threads import thread_variables, usable_cores

MAX_UNSAFE_FORK_SERVERS = 3  # made unsafe by preloading; then preloading is disabled
MAX_FORK_SERVER_DEATHS = 3  # without a run's end in between; then forking is disabled
POLL_S = 0.05
_DIED = "the fork server died ({how}): its runs continue"
_FORKING_DISABLED = "forking is disabled, so each run starts a fresh Python: {reason}"
HANG_CHECK_INTERVAL_S = 0.5
RESOURCES_INTERVAL_S = 1.0
# How the causes of runs begin that failed because of what they ran on.
OUT_OF_MEMORY = "out of memory"
DEVICE_ERROR = "device error on"


class LocalRunner:
    """Owns the fork server, the runs, their files and the followers of their logs.

    It is a `Launcher` that lives in the supervisor. All methods belong to one event loop; `emit`
    is called in it.

    Parameters
    ----------
    paths
        The sweep's paths.
    environment
        The environment of the fork server and of runs that are not forked.
    emit
        Called with each event.
    slots
        The GPUs that the runs may use.
    agents
        How many agents there are at its start.
    commands
        Whether the runs are commands, which share no wandb-core.
    """

    def __init__(
        self,
        paths: SweepPaths,
        environment: Mapping[str, str],
        emit: Callable[[RunnerEvent], None],
        slots: SlotAllocator,
        *,
        agents: int,
        commands: bool,
    ) -> None:
        self._paths = paths
        self._threads = thread_variables(agents, environment)
        self._environment = {**environment, **self._threads}
        self._slots = slots
        self._devices_found = asyncio.Event()
        self._emit = emit
        self._core = None if commands else SharedCore(paths.folder, paths.bundle, environment)
        self._user_environment = environment
        self._fork_server: ForkServerClient | None = None
        self._fork_server_ready = asyncio.Event()
        self._fork_server_deaths = 0
        self._retired: list[ForkServerClient] = []  # kept until their last run has ended
        self._orphans: list[TrackedRun] = []  # requested from a fork server that has died since
        self._unsafe_count = 0
        self._import_cache: Path | None = user_data_dir() / "imports"
        self._fork_unsafe_reason = ""
        self._hang_detector = HangDetector(float(environment.get(HUNG_AFTER, HUNG_AFTER_S)))
        self._hang_checked_at = 0.0
        self._resources: Resources | None = None
        self._resources_at = float("-inf")
        self._monitor = RunMonitor(self._on_run_event, self._finish_record)
        self._polling: asyncio.Task[None] | None = None
        self._closed = False

    async def start(self) -> None:
        """Start the fork server and the core; then emit `RunnerReady` or `RunnerFailed`."""
        become_subreaper()
        self._polling = asyncio.create_task(self._poll_forever())
        # An error in it must reach the loop's handler at once, not when the task is awaited.
        self._polling.add_done_callback(lambda task: task.cancelled() or task.result())
        request = self._core.request() if self._core is not None else None
        self._start_fork_server({} if request is None else {START_CORE_ENV: request})
        finding = asyncio.create_task(self._find_devices())
        finding.add_done_callback(lambda task: task.cancelled() or task.result())
        if self._core is not None and await self._core.ensure() is None:
            self._emit(
                RunnerNotice(
                    "this wandb has no shared core (added in 0.26.1): runs start more slowly"
                )
            )
        if flushes_in_blocks():
            self._emit(
                RunnerNotice(
                    "this wandb delays writing what runs log (fixed in 0.31): curves lag behind, "
                    "and a run that is killed loses its last points"
                )
            )
        await self._fork_server_ready.wait()
        await finding

    def reserve_slot(self, agent: int, agents: int, *, alone: bool = False) -> str:
        """Reserve what the next run of an agent needs; return what it waits for, or ""."""
        try:
            return self._slots.reserve(agent, agents, alone=alone)
        except OSError as error:
            self._emit(
                RunnerNotice(
                    f"the GPUs are not shared with other sweeps of this machine: {error}; "
                    f"set {FOLDER_ENV} to a folder that all of them can write"
                )
            )
            self._slots.use_private_folder(self._paths.folder / "leases")
            return self._slots.reserve(agent, agents, alone=alone)

    def cancel_reservation(self) -> None:
        """Give up what is reserved, because no run is to start."""
        self._slots.cancel()

    def is_following(self, run: RunId) -> bool:
        """Return whether a run, or what ends W&B's record of it, may still write."""
        return self._monitor.get(run) is not None

    async def launch(self, job: Job, positions: Mapping[str, int]) -> None:
        """Start a run whose folder is prepared; `RunStarted` follows once it has a process.

        `positions` has the positions up to which the logs of its earlier executions were read.
        """
        check_free_space(self._paths.folder)
        job = await self._assign_slot(job)
        try:
            await self._launch(job, positions)
        except BaseException:
            self._slots.release(job.run, None, succeeded=False)
            raise

    async def _launch(self, job: Job, positions: Mapping[str, int]) -> None:
        """Start a run that has a slot."""
        previous = self._monitor.get(job.run)
        while self._monitor.get(job.run) is not None:  # noqa: ASYNC110 - polls anyway
            await asyncio.sleep(POLL_S)
        if previous is not None:
            positions = {**positions, **previous.logs.positions}
        # A shared core identifies a run by its id: what ends an earlier execution there must not
        # affect this one.
        if self._core is not None and not job.execution:
            token = await self._core.ensure()
            if self._core.deaths:
                self._emit(
                    RunnerNotice("the wandb-core of the runs died; those that used it failed")
                )
            if token is not None:
                write_atomically(job.paths.core, token)
                job = replace(job, core=token)
        tracked = TrackedRun(job, RunParent.FORK_SERVER, oom_kill_count(), positions=positions)
        self._start_run(tracked)

    async def recover(self, job: Job, positions: Mapping[str, int]) -> None:
        """Adopt a run that an earlier supervisor may have started; otherwise start it.

        `positions` has the position up to which each of its logs was read.
        """
        tracked = TrackedRun(job, RunParent.UNKNOWN, oom_kill_count(), positions=positions)
        self._slots.adopt(job.run)
        if not self._adopt(tracked):
            await self.launch(job, positions)

    def signal(self, run: RunId, number: int, reason: str) -> None:
        """Signal a run's whole process group; `reason` becomes the cause in W&B's record."""
        tracked = self._monitor.get(run)
        if tracked is not None and tracked.process is not None and is_alive(tracked.process):
            tracked.reason = reason
            # A full disk must not prevent ending a run; the store has the reason as well.
            with suppress(OSError):
                write_atomically(tracked.job.paths.stop, reason)
            signal_group(tracked.process.pid, number)

    async def close(self) -> None:
        """Wait until ended runs are complete, then release the fork server and the core."""
        while any(tracked.exit_reported for tracked in self._monitor.tracked()):  # noqa: ASYNC110 - polls anyway
            await asyncio.sleep(POLL_S)
        self._closed = True
        self._slots.close()
        if self._polling is not None:
            self._polling.cancel()
        for server in (self._fork_server, *self._retired):
            if server is not None:
                server.shut_down()
                await asyncio.to_thread(server.wait)
        if self._core is not None:
            await self._core.stop()
        await asyncio.to_thread(self._monitor.close)

    # GPUs and cores

    async def _find_devices(self) -> None:
        """Find the GPUs, in a thread: a driver may hang."""
        devices: tuple[Device, ...] = ()
        failure = ""
        try:
            devices = await asyncio.to_thread(find_devices, self._user_environment)
        except DeviceError as error:
            failure = str(error)
            self._emit(RunnerNotice(f"{failure}: the GPUs are not divided among runs"))
        if problem := self._slots.set_devices(devices):
            self._emit(RunnerFailed(failure or problem, problem))
        self._devices_found.set()
        if self._fork_server_ready.is_set() and not self._closed:
            self._emit(RunnerReady())

    async def _assign_slot(self, job: Job) -> Job:
        """Return a job with what is reserved for it."""
        slot = self._slots.assign(job.run, job.agent)
        if slot is None:  # it was to start under an earlier supervisor
            await self._devices_found.wait()
            if reason := self.reserve_slot(job.agent, job.agents):
                raise NoSlotError(reason)
            slot = self._slots.assign(job.run, job.agent)
        if slot is None:
            raise NoSlotError("the lease of its GPUs was removed")
        threads = thread_variables(job.agents, self._user_environment)
        if self._threads and not threads:
            threads = dict.fromkeys(self._threads, str(usable_cores()))
        environment = {**threads, **slot.environment, **job.environment}
        lease = slot.lease.path if slot.lease is not None else None
        return replace(job, environment=environment, lease=lease)

    def _on_run_event(self, event: RunnerEvent) -> None:
        """Emit an event of a run; if the run has ended, free its slot first."""
        if isinstance(event, RunLogged):
            self._slots.on_logged(event.run, event.entries)
        elif isinstance(event, RunExited):
            event = self._release_slot(event)
        self._emit(event)

    def _release_slot(self, event: RunExited) -> RunExited:
        cause = event.cause or cause_from_output(event.error) or shorten(event.error)
        error = None if event.stopped else resource_error(cause, event.error)
        if error is ResourceError.MEMORY and event.signal is None:
            event = replace(event, cause=shorten(f"{OUT_OF_MEMORY}: {cause}"))
        gpus, has_others = self._slots.alternatives(event.run)
        if error is ResourceError.DEVICE and has_others:
            event = replace(event, cause=shorten(f"{DEVICE_ERROR} {gpus}: {cause}"))
        if notice := self._slots.release(event.run, error, succeeded=event.code == 0):
            self._emit(RunnerNotice(notice))
        return event

    def _finish_record(self, tracked: TrackedRun, code: int) -> subprocess.Popen[bytes] | None:
        """Start to end W&B's record of a dead run, if it is still open."""
        if not tracked.logs.directory or not tracked.job.paths.core.exists():
            return None
        token = tracked.job.paths.core.read_text(encoding="ascii", errors="replace")
        if not token.isprintable() or not token.isascii():
            return None
        environment = {**self._environment, **tracked.job.environment, "WANDB_SERVICE": token}
        log = self._paths.log
        try:
            return spawn_finisher(tracked.job.run, code, tracked.reason, environment, log)
        except OSError:  # too many processes: W&B's record of the run stays open
            return None

    def _report_resources(self) -> None:
        """Emit who uses this machine, if that has changed."""
        now = time.monotonic()
        if now - self._resources_at < RESOURCES_INTERVAL_S:
            return
        self._resources_at = now
        runs = sorted(each.job.run for each in self._monitor.tracked() if each.exit_info is None)
        host = Host(socket.gethostname(), runs=tuple(runs), gpus=self._slots.gpus())
        resources = Resources((host,))
        if resources != self._resources:
            self._resources = resources
            self._emit(ResourcesChanged(resources))

    # Starting runs

    def _start_fork_server(self, variables: Mapping[str, str] = MappingProxyType({})) -> None:
        self._fork_server_ready.clear()
        self._fork_server = ForkServerClient(
            self._paths.bundle,
            {**self._environment, **variables},
            self._on_fork_server_message,
            self._import_cache,
        )

    def _start_run(self, tracked: TrackedRun) -> None:
        """Start a run; if the fork server is not ready yet, the run starts when it is."""
        self._monitor.add(tracked)
        if self._fork_unsafe_reason:
            tracked.parent = RunParent.RUNNER
            environment = {**self._environment, **tracked.job.environment}
            try:
                tracked.spawned = spawn_run(tracked.job, environment)
            except OSError as error:
                reason = f"no process could be started for it: {error.strerror}"
                self._monitor.on_exit(tracked, {"code": os.EX_OSERR, "error": reason})
                return
            self._on_process_started(tracked, tracked.spawned.pid)
        elif self._fork_server is not None and self._fork_server_ready.is_set():
            tracked.fork_server = self._fork_server
            self._fork_server.fork(tracked.job)

    def _on_process_started(self, tracked: TrackedRun, pid: int) -> None:
        tracked.set_pid(pid)
        assert tracked.process is not None
        self._monitor.make_durable(tracked.job.paths.process)
        self._emit(RunStarted(tracked.job.run, tracked.process))

    def _adopt(self, tracked: TrackedRun) -> bool:
        """Adopt the process that claimed the run; if none has, prevent a later claim."""
        is_unstarted = write_exclusively(tracked.job.paths.process, "null")
        tracked.process = None if is_unstarted else tracked.claimed_by()
        if tracked.process is None and not tracked.damaged_files:
            tracked.job.paths.process.unlink()
            return False
        if tracked.process is None:
            # It had started when the machine went down: keep what it logged; it does not continue.
            for directory, entries, position in tracked.logs.poll_all():
                self._emit(RunLogged(tracked.job.run, directory, entries, position))
            tracked.logs.close()
            self._emit(
                RunnerNotice("process.json of a run was empty or damaged: the run counts as lost")
            )
            self._on_run_event(RunExited(tracked.job.run, None, None, "", time.time()))
            return True
        tracked.parent = RunParent.UNKNOWN
        tracked.is_confirmed = True
        self._monitor.add(tracked)
        assert tracked.process is not None
        self._emit(RunStarted(tracked.job.run, tracked.process))
        return True

    # Messages of the fork server

    def _on_fork_server_message(self, server: ForkServerClient, message: dict[str, Any]) -> None:
        event = message["event"]
        if "run" in message:
            self._on_run_message(message)
        elif event in {"preloading", "preloaded", "spoiled"}:
            server.is_preloading = event == "preloading"
            if event == "spoiled":
                self._replace_unsafe_fork_server(server)
        elif event == "core":
            self._on_core_started(message["token"])
        elif event == "ready":
            self._on_fork_server_ready(message)
        elif event == "failed":
            self._closed = True
            self._emit(RunnerFailed(message["reason"], message["details"]))
            self._fork_server_ready.set()
        elif server in self._retired:
            self._retired.remove(server)
            how = self._describe_death(server, server.wait())
            self._emit(RunnerNotice(_DIED.format(how=how)))
            self._reassign_runs(server)
        else:
            self._on_fork_server_died(server)

    def _on_core_started(self, token: str) -> None:
        if self._core is not None:
            self._core.on_started(token)

    def _on_fork_server_ready(self, message: dict[str, Any]) -> None:
        if message["cold"]:
            self._stop_fork_server()
        for notice in message["notices"]:
            self._emit(RunnerNotice(notice))
        self._start_pending(message["cold"])

    def _on_run_message(self, message: dict[str, Any]) -> None:
        tracked, event = self._monitor.get(message["run"]), message["event"]
        if tracked is None:
            return
        if event == "forked":
            self._on_process_started(tracked, message["pid"])
        elif event == "unborn":
            self._monitor.on_exit(tracked, {"code": os.EX_OSERR, "error": message["reason"]})
        else:
            self._fork_server_deaths = 0
            self._monitor.on_exit(tracked, message)

    def _kill_hung_runs(self) -> None:
        now = time.monotonic()
        if now - self._hang_checked_at < HANG_CHECK_INTERVAL_S:
            return
        self._hang_checked_at = now
        for tracked in self._monitor.tracked():
            if stack := self._hang_detector.check(tracked):
                self._kill_hung(tracked, stack)

    def _kill_hung(self, tracked: TrackedRun, stack: str) -> None:
        """Kill a run that has hung since its fork; disable forking."""
        assert tracked.process is not None
        where = describe_location(stack)
        with suppress(OSError), tracked.job.paths.output.open("a", encoding="utf-8") as output:
            output.write(
                f"\nThis run hung after its fork, and is restarted. It hung here:\n{stack}\n"
            )
        tracked.is_hung = True
        signal_group(tracked.process.pid, signal.SIGKILL)
        if not self._fork_unsafe_reason:
            self._fork_unsafe_reason = f"a run hung after its fork, in {where}"
            self._emit(RunnerNotice(_FORKING_DISABLED.format(reason=self._fork_unsafe_reason)))

    # Replacing a fork server that preloading has made unsafe

    def _replace_unsafe_fork_server(self, server: ForkServerClient) -> None:
        """Start another fork server, which does not preload what would make its forks hang.

        The present one keeps its runs until they end, and starts none of the waiting ones.
        """
        if self._closed or server is not self._fork_server:
            return
        self._unsafe_count += 1
        if self._unsafe_count == MAX_UNSAFE_FORK_SERVERS:
            self._import_cache = None
        for tracked in self._monitor.tracked():
            if tracked.fork_server is server and not tracked.is_confirmed:
                tracked.fork_server = None
        self._retired.append(server)
        self._start_fork_server()

    def _close_idle_retired(self) -> None:
        busy = {id(each.fork_server) for each in self._monitor.tracked() if each.exit_info is None}
        for server in self._retired:
            if id(server) not in busy:
                server.close()
        self._retired = [each for each in self._retired if id(each) in busy]

    def _start_pending(self, fork_unsafe_reason: str) -> None:
        """Start the runs that waited until the fork server was ready, or forking was disabled."""
        self._fork_server_ready.set()
        if fork_unsafe_reason:
            self._fork_unsafe_reason = fork_unsafe_reason
            self._emit(RunnerNotice(_FORKING_DISABLED.format(reason=fork_unsafe_reason)))
        for tracked in self._monitor.tracked():
            if tracked.parent is RunParent.FORK_SERVER and not tracked.is_confirmed:
                self._start_run(tracked)
        if self._devices_found.is_set():
            self._emit(RunnerReady())

    def _on_fork_server_died(self, server: ForkServerClient) -> None:
        self._on_core_started("")  # unless it has already reported one
        self._fork_server = None
        code = server.wait()
        if self._closed:
            return
        if server.is_preloading:
            self._import_cache = None
        self._fork_server_deaths += 1
        early = not self._fork_server_ready.is_set()
        self._fork_server_ready.clear()
        self._reassign_runs(server)
        how = self._describe_death(server, code)
        if self._fork_unsafe_reason:
            self._start_pending("")
        elif self._fork_server_deaths < MAX_FORK_SERVER_DEATHS and not (early and code >= 0):
            self._emit(RunnerNotice(_DIED.format(how=how) + ", and it is restarted"))
            self._start_fork_server()
        else:
            self._start_pending(f"the fork server died ({how})")

    def _describe_death(self, server: ForkServerClient, code: int) -> str:
        """Return how a fork server ended, and the likely cause."""
        if code < 0:
            killer = code == -signal.SIGKILL and oom_kill_count() > server.oom_kills
            return f"killed by signal {-code}" + (
                " while the kernel's out-of-memory killer was at work" if killer else ""
            )
        short = shortage(self._paths.folder).removeprefix("waiting for ")
        return f"exit code {code}" + (f", without {short}" if short else "")

    def _reassign_runs(self, server: ForkServerClient) -> None:
        """Reassign the runs of a fork server that has died."""
        for tracked in self._monitor.tracked():
            if tracked.fork_server is server and tracked.exit_info is None:
                tracked.fork_server = None
                if tracked.is_confirmed:
                    tracked.parent = RunParent.RUNNER
                else:
                    self._orphans.append(tracked)
        self._restart_orphans()

    def _restart_orphans(self) -> None:
        """Adopt or start the runs that a fork server left when it died; retry on a full disk."""
        orphans, self._orphans = self._orphans, []
        for tracked in orphans:
            if tracked.is_confirmed or tracked.fork_server is not None:
                continue  # another fork server has taken it since
            try:
                adopted = self._adopt(tracked)
            except OSError as error:
                if not is_transient(error):
                    raise
                self._orphans.append(tracked)
            else:
                if not adopted:
                    self._start_run(tracked)

    def _stop_fork_server(self) -> None:
        assert self._fork_server is not None
        self._fork_server.close()
        self._fork_server.wait()
        self._fork_server = None

    async def _poll_forever(self) -> None:
        while True:
            if self._core is not None and self._monitor.tracked():
                self._core.keepalive()
            self._monitor.poll()
            self._restart_orphans()
            self._kill_hung_runs()
            self._close_idle_retired()
            self._report_resources()
            servers = (self._fork_server, *self._retired)
            pids = {server.pid for server in servers if server is not None}
            reap_orphans(self._monitor.child_pids() | pids | unreaped_pids())
            await asyncio.sleep(POLL_S)
