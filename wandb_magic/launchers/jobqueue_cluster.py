"""The Dask cluster of a sweep on a batch system: ``python -m … FOLDER ADDRESS``.

It holds the scheduler, and submits a job for each run that could start. Its connections are
encrypted and authenticated with certificates that it makes for this sweep. It ends, and cancels
its jobs, when the sweep has ended; or when neither a supervisor nor a run has been there for
`ABANDONED_S`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dask
import psutil
from distributed import Security

from wandb_magic.child_process import NEUTRAL_DIR
from wandb_magic.daemon import is_supervisor_running
from wandb_magic.launchers.batch_systems import cluster_arguments
from wandb_magic.paths import (
    FOLDER_MODE,
    SweepPaths,
    open_private,
    read_json_object,
    write_atomically,
)
from wandb_magic.processes import current_process, is_alive
from wandb_magic.records import ProcessId

ABANDONED_S = 600.0
ADJUST_S = 1.0
IDLE_S = 10.0  # before a job that executes no run is cancelled
RESUBMIT_S = 30.0  # after a job could not be submitted
STOP_TIMEOUT_S = 60.0

# The states of a task that has not ended: see distributed's documentation of the scheduler.
_UNFINISHED = frozenset({"waiting", "no-worker", "queued", "processing"})

log = logging.getLogger(__name__)


class Jobs:
    """The jobs of a cluster: one for each run that could start.

    Dask's own adaptive scaling ends at the first job that cannot be submitted.

    Parameters
    ----------
    cluster
        The cluster, of `dask_jobqueue`.
    files
        Where a failure is noted.
    """

    def __init__(self, cluster: Any, files: ClusterFiles) -> None:  # noqa: ANN401 - an extra
        self._cluster = cluster
        self._files = files
        self._idle_since: dict[str, float] = {}  # by worker
        self._submit_at = 0.0

    async def adjust(self) -> None:
        """Submit the jobs that are missing, and cancel those that have nothing to do."""
        scheduler, now = self._cluster.scheduler, time.monotonic()
        wanted = sum(task.state in _UNFINISHED for task in scheduler.tasks.values())
        idle = {str(each.name) for each in scheduler.workers.values() if not each.processing}
        self._idle_since = {name: self._idle_since.get(name, now) for name in idle}
        surplus = len(self._cluster.worker_spec) - wanted
        if surplus < 0 and now >= self._submit_at:
            await self._submit(wanted)
        elif surplus > 0:
            long_idle = [name for name, since in self._idle_since.items() if now - since > IDLE_S]
            waiting = set(map(str, self._cluster.worker_spec)) - {
                str(each.name) for each in scheduler.workers.values()
            }
            await self._cluster.scale_down([*sorted(waiting), *long_idle][:surplus])

    async def _submit(self, count: int) -> None:
        before = set(self._cluster.worker_spec)
        self._cluster.scale(count)
        try:
            await self._cluster
        except Exception as error:
            log.warning("a job could not be submitted", exc_info=True)
            self._submit_at = time.monotonic() + RESUBMIT_S
            self._files.error.write_text(submission_error(error), encoding="utf-8")
            await self._cluster.scale_down(set(self._cluster.worker_spec) - before)
        else:
            self._files.error.unlink(missing_ok=True)


def submission_error(error: Exception) -> str:
    """Return what the batch system said, in a line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if "stderr:" in lines and lines.index("stderr:") + 1 < len(lines):
        return lines[lines.index("stderr:") + 1]
    return lines[0] if lines else type(error).__name__


class ClusterFiles:
    """The files of a sweep's cluster, in the sweep's folder, which the workers also see.

    Parameters
    ----------
    paths
        The sweep's paths.
    """

    def __init__(self, paths: SweepPaths) -> None:
        self.sweep = paths
        self.folder = paths.folder / "cluster"
        self.log = self.folder / "cluster.log"
        self.state = self.folder / "cluster.json"
        self.error = self.folder / "error.txt"

    def process(self) -> ProcessId | None:
        """Return the process of the cluster, if it is alive."""
        try:
            document = read_json_object(self.state) or {}
            process = ProcessId(int(document["pid"]), str(document["started"]))
        except (ValueError, TypeError, KeyError, OSError):
            return None
        return process if is_alive(process) else None

    def read_address(self) -> str | None:
        """Return the scheduler's address, once the cluster is up."""
        if self.process() is None:
            return None
        return str((read_json_object(self.state) or {})["address"])

    def security(self) -> Security:
        """Return the certificates with which a client connects."""
        return Security(
            tls_ca_file=str(self.folder / "ca.pem"),
            tls_client_cert=str(self.folder / "ca.pem"),
            tls_client_key=str(self.folder / "key.pem"),
            require_encryption=True,
        )

    def submission_error(self) -> str:
        """Return why the last job could not be submitted, or ""."""
        try:
            return self.error.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def last_error(self) -> str:
        """Return the last line of the cluster's log."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1] if lines else ""

    def write_certificates(self, temporary: Security) -> None:
        """Write a self-signed certificate and its key, for this user alone."""
        for name, text in {
            "ca.pem": temporary.tls_ca_file,
            "key.pem": temporary.tls_client_key,
        }.items():
            with open_private(self.folder / name, "wb") as file:
                file.write(text.encode("ascii"))


def start_cluster(files: ClusterFiles, address: str) -> subprocess.Popen[bytes] | None:
    """Start the process of a sweep's cluster; None if it runs already."""
    files.folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    if files.process() is not None:
        return None
    with open_private(files.log, "ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", __name__, str(files.sweep.folder), address],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=NEUTRAL_DIR,
        )


def stop_cluster(files: ClusterFiles) -> None:
    """End the process of a sweep's cluster, which cancels its jobs; wait until it has."""
    process = files.process()
    if process is None:
        return
    try:
        running = psutil.Process(process.pid)
        running.terminate()
        running.wait(STOP_TIMEOUT_S)
    except psutil.TimeoutExpired:
        log.warning("the cluster does not end: its jobs may have to be cancelled by hand")
    except psutil.Error:
        return


async def run_cluster(files: ClusterFiles, address: str) -> None:
    """Hold a cluster until it is no longer needed."""
    import dask_jobqueue  # noqa: PLC0415 - an extra

    system, arguments = cluster_arguments(address)
    dask.config.set(
        {
            "distributed.scheduler.worker-saturation": 1.0,
            "distributed.scheduler.http.routes": [],  # it would answer without authentication
        }
    )
    temporary = Security.temporary()
    files.write_certificates(temporary)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    cluster: Any = await getattr(dask_jobqueue, system.cluster_class)(
        **arguments,
        job_name=f"wandb-{files.sweep.folder.name}",
        python=sys.executable,
        log_directory=str(files.folder),
        security=temporary,
        shared_temp_directory=str(files.folder),
        scheduler_options={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        asynchronous=True,
    )
    try:
        (files.folder / "job.sh").write_text(cluster.job_script(), encoding="utf-8")
        jobs = Jobs(cluster, files)
        state = {**asdict(current_process()), "address": cluster.scheduler_address}
        write_atomically(files.state, json.dumps(state))
        needed_at = time.monotonic()
        while not stop.is_set():
            await jobs.adjust()
            if is_supervisor_running(files.sweep) or cluster.scheduler.tasks:
                needed_at = time.monotonic()
            elif time.monotonic() - needed_at > ABANDONED_S:
                log.warning("neither a supervisor nor a run is there: the cluster ends")
                break
            try:
                await asyncio.wait_for(stop.wait(), ADJUST_S)
            except asyncio.TimeoutError:
                continue
    finally:
        await cluster.close()


def main() -> None:
    """Hold the cluster that the command line names."""
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr
    )
    os.umask(0o077)
    files = ClusterFiles(SweepPaths(Path(sys.argv[1])))
    try:
        asyncio.run(run_cluster(files, sys.argv[2]))
    except Exception as error:
        log.debug("the cluster failed", exc_info=True)
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
