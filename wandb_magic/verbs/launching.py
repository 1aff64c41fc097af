"""Making a sweep's folder and handing it to a supervisor.

All or nothing: when anything is wrong, no folder stays behind and no process was started.
"""

from __future__ import annotations

import os
from typing import Protocol

from wandb_magic.bundle import Contents, signed, vouched
from wandb_magic.bundle.manifest import inherited
from wandb_magic.detach import start_supervisor
from wandb_magic.errors import SweepError
from wandb_magic.paths import SweepPaths
from wandb_magic.records import SweepId
from wandb_magic.remote import RemoteSweep
from wandb_magic.spec import Spec
from wandb_magic.verbs import folder
from wandb_magic.verbs.settings import Settings


class SweepSource(Protocol):
    """Where a new sweep's code and its place at the server come from.

    `launch` owns it, and calls both methods once, in this order, in its own thread.
    """

    def write_bundle(self, staging: SweepPaths) -> Contents:
        """Write the bundle into the folder that is being made."""

    def create_remote(self) -> RemoteSweep | None:
        """Return the sweep at the server; None for an offline sweep."""


def launch(
    spec: Spec,
    settings: Settings,
    environment: dict[str, str],
    source: SweepSource,
    notice: str = "",
) -> tuple[SweepPaths, Contents]:
    """Make a sweep's folder and hand it over.

    Parameters
    ----------
    spec, settings
        What it is to be.
    environment
        What its processes inherit.
    source
        Where its code comes from, and its place at the server.
    notice
        What to tell the user once.

    Returns
    -------
    tuple
        The sweep's paths, and what went along with it.

    Raises
    ------
    SweepError
        If the folder cannot be written.
    """
    paths = staging = folder.staged()
    id_ = SweepId(staging.folder.name.removeprefix("sweep-"))
    try:
        contents = source.write_bundle(staging)
        remote = source.create_remote()
        if remote is not None:
            id_ = SweepId(remote.id)
        sweep = folder.record(
            id_, spec, settings, remote=remote, options=settings.options, notice=notice
        )
        paths = folder.complete(staging, sweep)
        if not settings.idle:
            start_supervisor(paths, {**environment, **vouched(signed(paths.bundle))})
    except BaseException as error:
        folder.take_back(paths, id_)
        if isinstance(error, OSError):
            raise SweepError(folder.sentence(error, paths)) from error
        raise
    return paths, contents


def environment_of(settings: Settings) -> dict[str, str]:
    """Return what a new sweep's processes inherit."""
    return {**inherited(os.environ), **(settings.env or {})}


def kernels_mode() -> dict[str, str]:
    """Return W&B's mode in this process: it decides about a sweep, and is not inherited."""
    return {"WANDB_MODE": os.environ["WANDB_MODE"]} if "WANDB_MODE" in os.environ else {}
