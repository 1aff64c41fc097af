"""Batch systems as launchers: ``slurm``, ``pbs``, ``lsf``, ``sge`` and ``htcondor``.

`dask-jobqueue` submits jobs, each with one Dask worker that executes one run after another. The
scheduler of these workers belongs to the sweep: a process of its own (`jobqueue_cluster`), which
survives the supervisor as the runs do. Options are part of the address, as its query:
``slurm://?partition=gpu&mem=16G``.

This module imports `dask_jobqueue` only when it is needed, because it is an extra.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wandb_magic.arguments import ArgumentError
from wandb_magic.launchers.batch_systems import SYSTEMS, cluster_arguments
from wandb_magic.launchers.plugin import SweepContext
from wandb_magic.records import RunId
from wandb_magic.runner.events import RunnerEvent, RunnerFailed
from wandb_magic.runner.launcher import Launcher
from wandb_magic.runner.run_process import Job

if TYPE_CHECKING:
    from wandb_magic.launchers.dask_launcher import DaskLauncher
    from wandb_magic.launchers.jobqueue_cluster import ClusterFiles

_POLL_S = 0.1


class JobQueuePlugin:
    """Executes runs as jobs of a batch system; it is a `LauncherPlugin`."""

    @staticmethod
    def check(address: str) -> None:
        """Check the options, and that jobs can be submitted from this machine."""
        system, _ = cluster_arguments(address)
        for module, package in {
            "dask_jobqueue": "dask-jobqueue",
            "cryptography": "cryptography",  # for the certificates of the cluster
        }.items():
            if find_spec(module) is None:
                raise ArgumentError(
                    f"launcher: {system.name} needs the package {package}: "
                    "pip install dask-jobqueue cryptography"
                )
        if shutil.which(system.submit_command) is None:
            raise ArgumentError(
                f"launcher: {system.submit_command} is not on this machine's PATH: start the "
                f"sweep where jobs of {system.name} can be submitted"
            )

    @staticmethod
    def create(
        address: str, context: SweepContext, emit: Callable[[RunnerEvent], None]
    ) -> Launcher:
        """Return the launcher."""
        return JobQueueLauncher(address, context, emit)


class JobQueueLauncher:
    """Executes runs as jobs of a batch system.

    Parameters
    ----------
    address
        The batch system and its options.
    context, emit
        As for `DaskLauncher`, which does the work once the cluster has an address.
    """

    def __init__(
        self, address: str, context: SweepContext, emit: Callable[[RunnerEvent], None]
    ) -> None:
        self._address = address
        self._context = context
        self._emit = emit
        self._dask: DaskLauncher | None = None
        self._files: ClusterFiles | None = None
        self._connected = asyncio.Event()
        self._starting: asyncio.Task[None] | None = None
        self._name = SYSTEMS[urlsplit(address).scheme].name

    async def start(self) -> None:
        """Start the cluster's process, or find the one of an earlier supervisor."""
        self._starting = asyncio.create_task(self._start())
        self._starting.add_done_callback(lambda task: task.cancelled() or task.result())

    async def _start(self) -> None:
        from wandb_magic.launchers.dask_launcher import DaskLauncher  # noqa: PLC0415 - an extra
        from wandb_magic.launchers.jobqueue_cluster import (  # noqa: PLC0415 - as above
            ClusterFiles,
            start_cluster,
        )

        files = self._files = ClusterFiles(self._context.paths)
        process = start_cluster(files, self._address)
        while (scheduler := files.read_address()) is None:
            if process is not None and process.poll() is not None:
                reason = files.last_error() or f"exit code {process.returncode}"
                self._emit(RunnerFailed(f"{self._name}: {reason}", reason))
                return
            await asyncio.sleep(_POLL_S)
        self._dask = DaskLauncher(scheduler, self._context, self._emit, files.security())
        self._connected.set()
        await self._dask.start()

    def reserve_slot(self, agent: int, agents: int, *, alone: bool = False) -> str:
        """Return "" if a job has started for another run, or what it waits for."""
        reason = (
            "waiting"
            if self._dask is None
            else self._dask.reserve_slot(agent, agents, alone=alone)
        )
        if not reason:
            return ""
        if self._files is not None and (error := self._files.submission_error()):
            return f"{self._name} refuses jobs: {error}"
        return f"waiting for {self._name} to start a job"

    def cancel_reservation(self) -> None:
        """Do nothing, as for any Dask cluster: jobs that nobody needs end after a while."""

    async def launch(self, job: Job, positions: Mapping[str, int]) -> None:
        """Start a run in a job."""
        await self._connected.wait()
        assert self._dask is not None
        await self._dask.launch(job, positions)

    async def recover(self, job: Job, positions: Mapping[str, int]) -> None:
        """Adopt a run of an earlier supervisor, or start it."""
        await self._connected.wait()
        assert self._dask is not None
        await self._dask.recover(job, positions)

    def signal(self, run: RunId, number: int, reason: str) -> None:
        """Signal a run's whole process group."""
        if self._dask is not None:
            self._dask.signal(run, number, reason)

    async def close(self) -> None:
        """Release the workers, and end all jobs."""
        from wandb_magic.launchers.jobqueue_cluster import (  # noqa: PLC0415 - an extra
            ClusterFiles,
            stop_cluster,
        )

        if self._starting is not None:
            self._starting.cancel()
        if self._dask is not None:
            await self._dask.close()
        await asyncio.to_thread(stop_cluster, ClusterFiles(self._context.paths))
