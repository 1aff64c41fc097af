"""Entry point of the supervisor: lock the folder, assemble the parts, and run the sweep."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from wandb_magic.alert_rules import ADDRESS_VARIABLE
from wandb_magic.bundle import check_command, expected_statement, signed_manifest
from wandb_magic.daemon import start_alerts
from wandb_magic.disk import WaitNote
from wandb_magic.errors import StoreError, SweepError
from wandb_magic.file_lock import FileLock
from wandb_magic.launchers import LaunchTarget, SweepContext, create_launcher
from wandb_magic.paths import SweepPaths, sync_to_disk
from wandb_magic.records import SweepState
from wandb_magic.runner.events import RunnerEvent
from wandb_magic.runner.launcher import Launcher
from wandb_magic.runner.local_runner import LocalRunner
from wandb_magic.slots import SlotAllocator, SlotRequest
from wandb_magic.spec import spec_of
from wandb_magic.store import StoreReader, StoreWriter
from wandb_magic.supervisor.backends.factory import backend_factory
from wandb_magic.supervisor.disk_retry import DiskRetry
from wandb_magic.supervisor.external_launcher import ExternalLauncher
from wandb_magic.supervisor.job_factory import JobFactory
from wandb_magic.supervisor.spec_editor import write_spec
from wandb_magic.supervisor.state import SchedulerState
from wandb_magic.supervisor.storage_watchdog import exit_supervisor
from wandb_magic.supervisor.supervisor import Supervisor

log = logging.getLogger(__name__)


def main() -> int:
    """Run the supervisor of the sweep in the folder that the command line names."""
    paths = SweepPaths(Path(sys.argv[1]))
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr
    )
    os.umask(0o077)
    with FileLock(paths.lock) as lock:
        if not lock.acquire():
            return 0  # the running supervisor will see the requests
        environment = dict(os.environ)
        environment.pop(ADDRESS_VARIABLE, None)  # a secret, of which runs know nothing
        # Leave the cores to the runs: a Gaussian process gains nothing from a thread pool.
        os.environ["OMP_NUM_THREADS"] = "1"
        try:
            asyncio.run(supervise(paths, environment, WaitNote(lock.descriptor)))
        except StoreError as error:
            if not error.lasting:
                raise
            exit_supervisor(paths.folder, str(error))
        if "distributed" not in sys.modules:  # which ends its clients at exit
            # Unloading PyTorch may take seconds, for which a sweep that has ended looks as if it
            # were running elsewhere.
            logging.shutdown()
            sys.stderr.flush()
            os._exit(0)
    return 0


async def supervise(paths: SweepPaths, environment: Mapping[str, str], note: WaitNote) -> None:
    """Own the sweep in a folder until it ends."""
    asyncio.get_running_loop().set_exception_handler(functools.partial(_exit_on_error, paths))
    disk = DiskRetry(paths, note)
    store = await disk.retry(lambda: StoreWriter(paths.store))
    sweep = store.sweep()
    try:
        spec = spec_of(sweep)
        state = SchedulerState(
            store,
            spec.objective,
            keep_history=spec.early_terminate is not None,
            result_keys=spec.result_keys,
            several=bool(spec.metrics),
        )
        with closing(StoreReader(paths.store)) as reader:
            state.restore(reader)
            runs = reader.runs()
            versions = reader.versions()
        # The bundle may have been replaced since by code that is not the sweep's program.
        commands = signed_manifest(paths.bundle).kind == "command"
        if commands or spec.scheduler is not None:
            check_command(sweep.spec, paths.bundle)
        filled = versions[-1].filled if versions else {}
        make_backend = backend_factory(
            sweep, spec, paths, environment, runs, filled, lambda: state.sweep.budget
        )
        write_spec(paths, sweep.spec)
    except StoreError:
        raise
    except SweepError as error:
        fail_sweep(store, str(error))
        return

    if sweep.options.notify:
        start_alerts(paths, os.environ)
    slots = SlotRequest(sweep.options.gpus_per_run, sweep.options.gpu_memory)

    def make_launcher(emit: Callable[[RunnerEvent], None]) -> Launcher:
        if sweep.options.external:
            return ExternalLauncher(emit)
        target = LaunchTarget.from_environment(environment)
        if target is None:
            return LocalRunner(
                paths,
                environment,
                emit,
                SlotAllocator(slots, environment, sweep.id),
                agents=sweep.agents,
                commands=commands,
            )
        context = SweepContext(
            paths,
            sweep.id,
            expected_statement(paths.bundle),
            target.run_environment(environment),
            slots,
            sweep.options.grace,
            lambda: supervisor.demand(),  # noqa: PLW0108 - it does not exist yet
        )
        return create_launcher(target, context, emit)

    # The bundle may be large: sync it in a thread, so that nothing waits for the disk.
    threading.Thread(
        target=lambda: sync_to_disk(*paths.bundle.glob("*"), paths.bundle), daemon=True
    ).start()
    job_factory = JobFactory(paths, sweep, spec, environment, commands=commands)
    try:
        supervisor = Supervisor(
            state, spec, make_backend, make_launcher, job_factory, disk, note, filled
        )
    except SweepError as error:
        fail_sweep(store, str(error))
        return
    await supervisor.run()


def fail_sweep(store: StoreWriter, cause: str) -> None:
    """Mark the sweep as failed with a cause, and answer all open requests with it."""
    store.update_sweep(state=SweepState.FAILED, cause=cause, ended=time.time())
    for request in store.take_requests():
        store.answer(request.id, cause)
    store.close()


def _exit_on_error(
    paths: SweepPaths, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]
) -> None:
    """Exit on unexpected errors: continuing in an unknown state could lose runs.

    The runs continue, and the next supervisor adopts them. If the store is lost, no supervisor can
    continue, so the runs are ended.
    """
    error = context.get("exception")
    if isinstance(error, StoreError) and error.lasting:
        exit_supervisor(paths.folder, str(error))
    log.critical("%s", context["message"], exc_info=context.get("exception"))
    logging.shutdown()
    os._exit(os.EX_SOFTWARE)


if __name__ == "__main__":
    sys.exit(main())
