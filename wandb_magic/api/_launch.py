"""Creates a sweep's folder, and starts its supervisor.

All or nothing: after an error, there is neither a folder nor a process.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Protocol

from wandb_magic.api import _sweep_dir
from wandb_magic.api._options import LaunchOptions
from wandb_magic.bundle import CaptureSummary, read_signature, trust_environment
from wandb_magic.bundle.manifest import inheritable_environment
from wandb_magic.daemon import start_supervisor
from wandb_magic.errors import SweepError
from wandb_magic.launchers import TARGET_VARIABLE, LaunchTarget
from wandb_magic.paths import SweepPaths
from wandb_magic.records import SweepId
from wandb_magic.spec import Spec
from wandb_magic.wandb_client import RemoteSweep


class SweepSource(Protocol):
    """The source of a new sweep's code, and of its W&B sweep.

    `launch` owns it, and calls both methods once, in this order, in its own thread.
    """

    def write_bundle(self, staging: SweepPaths) -> CaptureSummary:
        """Write the bundle into the staging folder."""

    def create_remote(self) -> RemoteSweep | None:
        """Return the W&B sweep, which may be created here; None for an offline sweep."""


def launch(
    spec: Spec,
    launch_options: LaunchOptions,
    environment: dict[str, str],
    source: SweepSource,
    notice: str = "",
) -> tuple[SweepPaths, CaptureSummary]:
    """Create a sweep's folder, and start its supervisor.

    Parameters
    ----------
    spec, launch_options
        The config of the sweep, and how to run it.
    environment
        The environment that its processes inherit.
    source
        The source of its code, and of its W&B sweep.
    notice
        A notice that is shown to the user once.

    Returns
    -------
    tuple
        The sweep's paths, and what was captured.

    Raises
    ------
    SweepError
        If the folder cannot be written.
    """
    paths = staging = _sweep_dir.new_staging_dir(launch_options.folder)
    id_ = SweepId(staging.folder.name.removeprefix("sweep-"))
    try:
        contents = source.write_bundle(staging)
        remote = source.create_remote()
        if remote is not None:
            id_ = SweepId(remote.id)
        options = launch_options.options
        if launch_options.launcher is not None:
            options = replace(options, launcher=str(launch_options.resolve_launcher()[0]))
        sweep = _sweep_dir.new_record(
            id_, spec, launch_options, remote=remote, options=options, notice=notice
        )
        runs = _sweep_dir.first_runs(spec, launch_options)
        paths = _sweep_dir.commit(staging, sweep, runs)
        if not launch_options.idle:
            start_supervisor(
                paths, {**environment, **trust_environment(read_signature(paths.bundle))}
            )
    except BaseException as error:
        _sweep_dir.rollback(paths, id_)
        if isinstance(error, OSError):
            raise SweepError(_sweep_dir.explain_os_error(error, paths)) from error
        raise
    return paths, contents


def sweep_environment(launch_options: LaunchOptions) -> dict[str, str]:
    """Return the environment that a new sweep's processes inherit."""
    environment = {**inheritable_environment(os.environ), **(launch_options.env or {})}
    if launch_options.launcher is None:
        return environment
    address, certificates = launch_options.resolve_launcher()
    target = LaunchTarget(str(address), tuple(launch_options.env or ()))
    return {**environment, **certificates, TARGET_VARIABLE: target.to_json()}


def kernel_mode() -> dict[str, str]:
    """Return W&B's mode in this process, which decides a sweep's mode and is not inherited."""
    return {"WANDB_MODE": os.environ["WANDB_MODE"]} if "WANDB_MODE" in os.environ else {}
